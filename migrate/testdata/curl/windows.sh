curl ^"https://shop.example/^" ^
  -H ^"accept: */*^"
