docker run --rm fortio/fortio:1.75.3 load -qps 100 -t 60s -json - http://shop:8080/
