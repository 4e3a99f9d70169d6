curl 'https://shop.example/api/orders?session_id=s3cr3t&page=2' \
  -X 'POST' \
  -H 'accept: application/json' \
  -H 'authorization: Bearer s3cr3t' \
  -H 'content-type: application/json' \
  -b 'sid=s3cr3t; theme=dark' \
  -H $'x-note: it\'s fine' \
  --data-raw $'{"item":"b\u00fcch","note":"it\'s","password":"s3cr3t"}' \
  --compressed --insecure
