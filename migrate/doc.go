// Package migrate draws up a trial file from other tools' load tests.
//
// A draft never drops anything silently: what a trial file has no equal of
// stands in it as a comment. Secrets become references to the environment,
// ${NAME}, and are never copied.
package migrate
