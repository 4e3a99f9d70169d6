ghz --insecure --rps=ten -z later --call a.B/C host:1
