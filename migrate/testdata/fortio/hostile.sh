fortio load -H $'X-Evil: a\nb: c' -H 'X-Brace: {{.token}} ${HOME} # no' -payload $'line\n  - "two": #\n\ttab' -labels $'a\nobjectives: []' 'http://shop/a b?q={{id}}&x=${Y}'
