ghz --config ghz.json --rps 200 -c 10
