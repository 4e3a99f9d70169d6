ghz --insecure --call shop.Cart.Get --load-schedule line --load-start 200 --load-end=20 --load-step=-5 -z 90s shop:50051
