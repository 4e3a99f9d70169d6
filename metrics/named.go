package metrics

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/seatrial/seatrial/trial"
)

// grammar is how a dialect of SQL writes what is not code, and parameters.
type grammar struct {
	escapes   string // quotes in which a backslash takes the next character's meaning
	quotes    string // characters that begin and end a string or a name
	brackets  bool   // [names]
	hash      bool   // # begins a comment
	dashSpace bool   // -- begins a comment only before white space
	nested    bool   // comments within comments
	dollar    bool   // $tag$strings$tag$, and E'strings' with backslashes

	// unfit finds the dialect's own parameters, for which nobody has a value: a
	// database may take them for NULL.
	unfit *regexp.Regexp

	// place writes the nth parameter, from 1; name tells its type.
	place func(n int, name string) string

	// each says that a name that stands twice is given twice.
	each bool
}

// statement is a query with the places of its parameters.
type statement struct {
	pieces []string // between the parameters: one more than there are names
	names  []string
}

// parseNamed finds the parameters of a query, written :name, where they are
// code: not in strings, quoted names, comments, ::casts and :=.
func (g grammar) parseNamed(query string) (statement, error) {
	var n statement
	piece := 0
	for i := 0; i < len(query); {
		length, err := g.skip(query, i)
		switch {
		case err != nil:
			return n, err
		case length > 0:
			i += length
			continue
		}
		if own := g.own(query, i); own != "" {
			return n, fmt.Errorf("nothing is known to give for %s: write :version, :from or :to", own)
		}
		name := nameAt(query, i)
		switch {
		case query[i] == ';' && strings.Trim(query[i:], "; \t\r\n") != "":
			return n, errors.New("it is more than one statement: ask by one")
		case query[i] == ';':
			n.pieces = append(n.pieces, query[piece:i])
			return n, nil
		case strings.HasPrefix(query[i:], "::"):
			i += 2
		case name != "":
			n.pieces, n.names = append(n.pieces, query[piece:i]), append(n.names, name)
			i += 1 + len(name)
			piece = i
		default:
			i++
		}
	}
	n.pieces = append(n.pieces, query[piece:])
	return n, nil
}

// skip is the length of what begins at i and is no code; 0 for code.
func (g grammar) skip(query string, i int) (int, error) {
	rest := query[i:]
	c := rest[0]
	switch {
	case strings.IndexByte(g.quotes, c) >= 0:
		escaped := strings.IndexByte(g.escapes, c) >= 0 || g.dollar && c == '\'' && isEscapeString(query[:i])
		return quoted(rest, c, escaped)
	case g.brackets && c == '[':
		return ended(rest, 1, "]", "a [name]")
	case strings.HasPrefix(rest, "/*"):
		return comment(rest, g.nested)
	case strings.HasPrefix(rest, "--") && (!g.dashSpace || len(rest) == 2 || strings.ContainsRune(" \t\r\n", rune(rest[2]))), g.hash && c == '#':
		return len(rest) - len(strings.TrimLeftFunc(rest, func(r rune) bool { return r != '\n' })), nil
	case g.dollar && c == '$' && !endsInWord(query[:i]):
		if tag := dollarTag.FindString(rest); tag != "" {
			return ended(rest, len(tag), tag, "a string "+tag)
		}
	}
	return 0, nil
}

var dollarTag = regexp.MustCompile(`^\$([\p{L}_][\p{L}\p{N}_]*)?\$`)

// isEscapeString reports that the quote behind this text begins an E'string'.
func isEscapeString(before string) bool {
	return (strings.HasSuffix(before, "e") || strings.HasSuffix(before, "E")) && !endsInWord(before[:len(before)-1])
}

func quoted(rest string, quote byte, escapes bool) (int, error) {
	for i := 1; i < len(rest); i++ {
		switch {
		case escapes && rest[i] == '\\':
			i++
		case rest[i] == quote:
			return i + 1, nil // a doubled quote begins the next
		}
	}
	return 0, fmt.Errorf("a quote %c has no end", quote)
}

func ended(rest string, from int, end, what string) (int, error) {
	at := strings.Index(rest[from:], end)
	if at < 0 {
		return 0, fmt.Errorf("%s has no end", what)
	}
	return from + at + len(end), nil
}

func comment(rest string, nested bool) (int, error) {
	for depth, i := 1, 2; i+1 < len(rest); {
		switch {
		case rest[i:i+2] == "*/":
			i += 2
			if depth--; depth == 0 {
				return i, nil
			}
		case nested && rest[i:i+2] == "/*":
			depth, i = depth+1, i+2
		default:
			i++
		}
	}
	return 0, errors.New("a comment /* has no end")
}

// nameAt is the name of the parameter that begins at i: a colon that follows no
// word, as in array[i:j] or a JSON path, and a name right behind it.
func nameAt(query string, i int) string {
	if query[i] != ':' || endsInWord(query[:i]) {
		return ""
	}
	return parameterName.FindString(query[i+1:])
}

// parameterName takes what any database would read as one word: nothing is left
// behind a parameter that would change its meaning.
var parameterName = regexp.MustCompile(`^[\p{L}_][\p{L}\p{N}_$]*`)

func (g grammar) own(query string, i int) string {
	if g.unfit == nil || query[i] == '$' && endsInWord(query[:i]) {
		return ""
	}
	return g.unfit.FindString(query[i:])
}

func endsInWord(text string) bool {
	if text == "" {
		return false
	}
	c := text[len(text)-1]
	return c == '_' || c == '$' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= 0x80
}

// fill writes the parameters as the dialect does, and gives the values in the
// order in which they are bound. Values are never a part of the text.
func (g grammar) fill(n statement, value func(name string) (any, error)) (text string, values []any, err error) {
	var out strings.Builder
	at := map[string]int{}
	for i, name := range n.names {
		out.WriteString(n.pieces[i])
		if at[name] == 0 || g.each {
			v, err := value(name)
			if err != nil {
				return "", nil, err
			}
			values = append(values, v)
			at[name] = len(values)
		}
		out.WriteString(g.place(at[name], name))
	}
	out.WriteString(n.pieces[len(n.pieces)-1])
	return out.String(), values, nil
}

// valueOf is what stands for a name. Times and numbers are bound as such, all
// else as text. A label's name is written with _ for what no name can have:
// :app_kubernetes_io_name.
func valueOf(name string, places map[string]string, w Window) (any, error) {
	if value, is := ofWindow(w)[name]; is {
		return value, nil
	}
	var fitting, known []string
	for _, place := range slices.Sorted(maps.Keys(places)) {
		plain := strings.Map(parameterRune, place)
		if known = append(known, ":"+plain); plain == name {
			fitting = append(fitting, place)
		}
	}
	switch len(fitting) {
	case 1:
		return places[fitting[0]], nil
	case 0:
		return nil, fmt.Errorf("nothing is known to give for :%s (known: %s)%s", name, strings.Join(slices.Compact(known), ", "), trial.DidYouMean(":"+name, known))
	}
	return nil, fmt.Errorf(":%s could be any of %s", name, strings.Join(fitting, ", "))
}

// ofWindow are the values that are the same for all versions.
func ofWindow(w Window) map[string]any {
	return map[string]any{
		"from": w.From.UTC(), "to": w.To.UTC(), "round": w.length().Seconds(),
		"from_seconds": w.From.Unix(), "to_seconds": w.To.Unix(), "from_ms": w.From.UnixMilli(), "to_ms": w.To.UnixMilli(),
	}
}

func isOfWindow(name string) bool {
	_, is := ofWindow(Window{})[name]
	return is
}

func parameterRune(r rune) rune {
	if r == '_' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' {
		return r
	}
	return '_'
}
