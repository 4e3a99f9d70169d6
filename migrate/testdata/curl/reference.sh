curl --json @order.json --data-binary more "${SHOP:?}/x"
