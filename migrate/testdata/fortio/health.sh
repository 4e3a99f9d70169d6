fortio load -grpc -healthservice shop.Cart -t 1m localhost
