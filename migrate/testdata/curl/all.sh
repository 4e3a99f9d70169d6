$ curl -sSfL -XPUT -u bob:s3cr3t --cacert ca.pem --cert c.pem --key k.pem --http2 -x http://bob:s3cr3t@proxy:3128 -m 2.5 --connect-timeout 1 -A "shop test" -e https://a.example \
   -d a=1 -d @body.txt --data-urlencode "q=a b&c" --retry 3 -o /dev/null -w '%{http_code}' --resolve shop:443:10.0.0.1 -H "X-Empty;" -H "Accept:" shop.example/search ; echo done
