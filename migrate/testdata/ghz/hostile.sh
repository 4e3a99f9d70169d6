ghz --insecure --name $'a\nload: {}' --call $'shop.Cart/Get\n: x' -d $'{"a":"{{ ${HOME} #\\n","token":"s3cr3t"}' -m '{"x\n":"{{id}}","y":"${Z}"}' 'bob:s3cr3t@ho st:1'
