fortio load -qps 10 $(kubectl get svc)
