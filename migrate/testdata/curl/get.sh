curl -G https://shop.example/search -d q=books --data-urlencode "w=a b" --url-query "token=s3cr3t" -I -r 0-99 --oauth2-bearer "$TOKEN" --json '{"a":1}' -c jar -b jar
