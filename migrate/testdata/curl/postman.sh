TOKEN=s3cr3t curl --location --request POST 'https://shop.example/orders' \
--header 'Content-Type: application/json' \
--header "Authorization: Bearer $TOKEN" \
--data-raw '{
  "item": "book",
  "password": "s3cr3t",
  "count": 2
}'
