package trial

import (
	"bytes"
	"cmp"
	"encoding/json"
	"html"
	"net/url"
	"slices"
	"strings"
)

// ShortestSecret is the shortest text worth hiding: three characters would
// riddle what is shown and hide nothing.
const ShortestSecret = 4

// Hider takes secrets out of what others wrote: debug pages, logs and
// messages echo what they were sent.
type Hider struct{ forms []string }

// NewHider hides these texts, in each form in which they may come back.
func NewHider(secrets []string) Hider {
	var forms []string
	for _, secret := range secrets {
		if len(secret) < ShortestSecret {
			continue
		}
		forms = append(forms, secret, url.QueryEscape(secret), url.PathEscape(secret), html.EscapeString(secret), jsonText(secret))
	}
	slices.Sort(forms)
	return Hider{slices.Compact(forms)}
}

// jsonText is a text as it stands between the quotes of JSON.
func jsonText(s string) string {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	_ = encoder.Encode(s) // a string can always be written
	quoted := strings.TrimSpace(out.String())
	return quoted[1 : len(quoted)-1]
}

// span is a part of a text: from, and to but not with.
type span struct{ from, to int }

// Hide replaces what any secret covers, so that none that is a part of
// another, or overlaps with it, leaves a rest of that. Of a text that was cut
// off, the end may be the beginning of a secret, and is hidden as well.
func (h Hider) Hide(text string, cut bool) string {
	var covered []span
	for _, form := range h.forms {
		for from := strings.Index(text, form); from >= 0; {
			covered = append(covered, span{from, from + len(form)})
			next := strings.Index(text[from+1:], form)
			if next < 0 {
				break
			}
			from += 1 + next
		}
		if from := begun(text, form); cut && from >= 0 {
			covered = append(covered, span{from, len(text)})
		}
	}
	slices.SortFunc(covered, func(a, b span) int { return cmp.Compare(a.from, b.from) })
	var out strings.Builder
	end := 0
	for _, s := range covered {
		if s.from >= end {
			out.WriteString(text[end:s.from] + "***")
		}
		end = max(end, s.to)
	}
	return out.String() + text[end:]
}

// begun is where a text begins the form that it breaks off in; -1 where it
// does not.
func begun(text, form string) int {
	for from := max(0, len(text)-len(form)+1); from <= len(text)-ShortestSecret; from++ {
		if strings.HasPrefix(form, text[from:]) {
			return from
		}
	}
	return -1
}
