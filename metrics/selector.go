package metrics

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// selector is a PromQL vector selector: a metric's name and what its labels
// have to be.
// Grammar: https://prometheus.io/docs/prometheus/latest/querying/basics/#time-series-selectors
type selector struct {
	metric   string
	matchers []matcher
}

type matcher struct{ label, op, value string }

var (
	metricWord = regexp.MustCompile(`^[a-zA-Z_:][a-zA-Z0-9_:]*`)
	labelWord  = regexp.MustCompile(`^[a-zA-Z_][a-zA-Z0-9_]*`)
	matchWord  = regexp.MustCompile(`^(=~|!~|!=|=)`)
	quotedWord = regexp.MustCompile("^(\"(?:[^\"\\\\\n]|\\\\.)*\"|'(?:[^'\\\\\n]|\\\\.)*'|`[^`]*`)")
)

// parseSelector reads a selector and nothing else: no range, offset, function
// or operator.
func parseSelector(text string) (selector, error) {
	var s selector
	rest := strings.TrimSpace(text)
	s.metric, rest = taken(metricWord, rest)
	inside, braced := strings.CutPrefix(rest, "{")
	if !braced {
		if s.metric == "" || rest != "" {
			return s, notPlain(text)
		}
		return s, nil
	}
	for inside = strings.TrimSpace(inside); !strings.HasPrefix(inside, "}"); {
		m, after, err := parseMatcher(inside)
		if err != nil {
			return s, err
		}
		s.matchers = append(s.matchers, m)
		next, more := strings.CutPrefix(after, ",")
		if inside = strings.TrimSpace(next); !more && !strings.HasPrefix(inside, "}") {
			return s, fmt.Errorf("the selector %s: a comma or a closing brace is missing before %q", text, inside)
		}
	}
	if strings.TrimSpace(inside[1:]) != "" {
		return s, notPlain(text)
	}
	if s.metric == "" && len(s.matchers) == 0 {
		return s, notPlain(text)
	}
	return s, nil
}

func notPlain(text string) error {
	return fmt.Errorf("%s is no plain selector, as in http_requests_total{version=\"{{version}}\"}", text)
}

func parseMatcher(text string) (m matcher, rest string, err error) {
	if m.label, rest = taken(labelWord, text); m.label == "" {
		return m, rest, fmt.Errorf("no label's name before %q", text)
	}
	if m.op, rest = taken(matchWord, rest); m.op == "" {
		return m, rest, fmt.Errorf("the label %s: no operator (known: =, !=, =~, !~) before %q", m.label, rest)
	}
	var quoted string
	if quoted, rest = taken(quotedWord, rest); quoted == "" {
		return m, rest, fmt.Errorf("the label %s: its value stands between quotes, not as %q", m.label, rest)
	}
	m.value, err = unquote(quoted)
	if err != nil {
		return m, rest, fmt.Errorf("the label %s: %s is badly quoted", m.label, quoted)
	}
	return m, rest, nil
}

// unquote reads a string as PromQL has it, which is as in Go, single quotes included.
func unquote(quoted string) (string, error) {
	if quoted[0] == '\'' {
		inner := strings.ReplaceAll(quoted[1:len(quoted)-1], `\'`, `'`)
		quoted = `"` + strings.ReplaceAll(inner, `"`, `\"`) + `"`
	}
	return strconv.Unquote(quoted)
}

// taken is what a text begins with, and the rest without leading spaces.
func taken(word *regexp.Regexp, text string) (got, rest string) {
	got = word.FindString(text)
	return got, strings.TrimSpace(text[len(got):])
}

// restricts are the labels by which a selector takes some of what another
// takes; nil unless all that it takes is taken by the other.
func (s selector) restricts(other selector) []string {
	if s.metric != other.metric {
		return nil
	}
	for _, m := range other.matchers {
		if !slices.Contains(s.matchers, m) {
			return nil
		}
	}
	var by []string
	for _, m := range s.matchers {
		if !slices.Contains(other.matchers, m) {
			by = append(by, m.label)
		}
	}
	return by
}
