fortio load -qps 100 -t 60s -c 16 -H "X-Tenant: shop" http://shop:8080/cart?id=1
