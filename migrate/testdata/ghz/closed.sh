ghz --call shop.Cart.Get -n 500 shop:50051
