curl --json @order.json "${SHOP}/x" -H "Authorization: Bearer $TOKEN" -H "X-Build: ${BUILD}-1" | jq .
