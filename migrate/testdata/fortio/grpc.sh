fortio load -grpc -ping -qps 100 -t 1m -grpc-metadata "x-token: s3cr3t" -s 4 -cacert ca.pem shop:50051
