curl 'https://u:s3cr3t@shop.example/a{{b}}${C}?x=%0A&y="#frag' -H 'X-A: {{id}} ${B} # c' -H $'X-B: a\rb' -H 'X-C: "\\' --data-binary $'- a: [1, 2\n# not a comment\n\tx: ${D}\n'
