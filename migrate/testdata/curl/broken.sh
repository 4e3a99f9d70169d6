curl --wat -H nonsense ftp://shop.example -m soon
