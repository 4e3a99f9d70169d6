curl '1+x://bob:s3cr3t@shop.example/a'
