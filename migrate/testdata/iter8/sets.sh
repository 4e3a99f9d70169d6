iter8 launch --set 'http.url=http://a,s3cr3t' --set tasks
