package config

import (
	"regexp"
	"slices"
	"strings"
)

// reference is an escape, a whole reference, or the beginning of a broken one.
var reference = regexp.MustCompile(`\$\$\{|\$\{((?:file|secret):[^{}]+|[A-Za-z_][A-Za-z0-9_]*)(:-([^{}]*))?\}|\$\{`)

// expansion is a text with its references to the environment resolved.
type expansion struct {
	text    string
	shown   string   // as it may be shown of a secret: references without their defaults
	names   []string // of the variables it refers to
	missing []string // of these, unset or empty and without a default
	broken  bool     // a "${" begins no reference
}

// expand resolves ${NAME} and ${NAME:-default}; $${ stands for ${. A nil
// lookup leaves references as they are.
func expand(text string, lookup func(string) (string, bool)) expansion {
	var e expansion
	var resolved, shown strings.Builder
	end := 0
	for _, m := range reference.FindAllStringSubmatchIndex(text, -1) {
		resolved.WriteString(text[end:m[0]])
		shown.WriteString(text[end:m[0]])
		written := text[m[0]:m[1]]
		end = m[1]
		switch {
		case written == "$${":
			resolved.WriteString("${")
			shown.WriteString(written)
		case lookup == nil:
			resolved.WriteString(written)
			shown.WriteString(written)
		case m[2] < 0:
			e.broken = true
		default:
			name, hasDefault := text[m[2]:m[3]], m[4] >= 0
			e.names = append(e.names, name)
			value, _ := lookup(name)
			switch {
			case value == "" && hasDefault:
				value = text[m[6]:m[7]]
			case value == "" && !slices.Contains(e.missing, name):
				e.missing = append(e.missing, name)
			}
			resolved.WriteString(value)
			// A default may be the very thing to be hidden.
			shown.WriteString("${" + name + map[bool]string{true: ":-***"}[hasDefault] + "}")
		}
	}
	e.text, e.shown = resolved.String()+text[end:], shown.String()+text[end:]
	return e
}

// escape writes a text so that expand returns it.
func escape(text string) string { return strings.ReplaceAll(text, "${", "$${") }
