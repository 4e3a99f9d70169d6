fortio load -qps 0 -t 0 -h2 -payload "{\"id\":\"{uuid}\",\"password\":\"s3cr3t\"}" "$SHOP_URL/orders?token=s3cr3t"
