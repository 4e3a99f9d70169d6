fortio server -http-port 8080
