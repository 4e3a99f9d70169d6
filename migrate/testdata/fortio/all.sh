# what the pipeline runs
/usr/local/bin/fortio load -qps 50 -n 200 -c 4 -timeout 750ms -X put -content-type application/json -payload-file order.json \
  -H 'Authorization: Bearer s3cr3t' -H 'Host: shop.internal' -user bob:s3cr3t -k -cacert ca.pem -cert c.pem -key k.pem -L -keepalive=false \
  -json out.json -a -data-dir /tmp -labels "nightly # 1" -p 50,90,99.9 -r 0.0001 -uniform -nocatchup -jitter -stdclient -allow-initial-errors \
  -abort-on 503 -resolve 10.0.0.1 --loglevel=warning -connection-reuse 10:20 shop:8443/orders > /dev/null
