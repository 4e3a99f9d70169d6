curl https://shop.example/cart -H 'Accept: application/json'
