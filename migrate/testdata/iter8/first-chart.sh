iter8 run --set url=https://shop.example/ --set SLOs.error-rate=0 --set SLOs.mean-latency=50 --set SLOs.p90=100 --set SLOs.p'97\.5'=200
