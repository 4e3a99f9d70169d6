ghz --proto=cart.proto -i ./proto,/usr/include --call=shop.Cart/Get --cacert=ca.pem --cert c.pem --key k.pem --cname shop.internal --skipTLS \
  -c20 --connections=5 -n 100000 --rps=500 -t 500ms -D data.json -m '{"x-tenant":"a","authorization":"Bearer s3cr3t"}' --reflect-metadata '{"token":"s3cr3t"}' \
  --async --authority shop -O html -o out.html --skipFirst=100 --count-errors --connect-timeout 5s --keepalive 30s --name "cart nightly" \
  --tags '{"env":"test"}' --cpus 2 --enable-compression --no-disable-template-data --lb-strategy=round_robin --stream-call-count=5 shop.example:443
