curl -F file=@photo.png -F "token=s3cr3t" https://shop.example/upload --next https://b.example
