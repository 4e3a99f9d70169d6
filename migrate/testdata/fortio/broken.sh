fortio load -qps fast -c 8 -wat 1 -H nothing http://
