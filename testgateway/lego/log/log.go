// Package log has the place where Traefik puts its own log.
package log

// StdLogger is what it puts there.
type StdLogger interface {
	Fatal(args ...any)
	Fatalf(format string, args ...any)
	Fatalln(args ...any)
	Print(args ...any)
	Printf(format string, args ...any)
	Println(args ...any)
}

// Logger is set by Traefik and never written to.
var Logger StdLogger
