curl -X GET "unfinished
