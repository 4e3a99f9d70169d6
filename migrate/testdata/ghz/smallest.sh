ghz --insecure --proto ./cart.proto --call shop.Cart.Get -d '{"id":"1"}' --rps 100 -z 60s shop:50051
