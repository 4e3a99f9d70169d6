// Package summary turns a report into what people read: text for a terminal,
// Markdown for a pull request, a page of HTML.
//
// It is pure: the same report gives the same bytes, and nothing is read or
// written. Every text of a report may come from outside (a branch name, the
// body of an answer), so each sink passes it through one of the escapes of
// escape.go.
package summary
