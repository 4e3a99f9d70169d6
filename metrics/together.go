package metrics

import (
	"regexp"
	"slices"
	"strings"
)

// together is a selector of all that some selectors select, and by which labels
// what each of them does is found again. Only selectors that differ in nothing but
// the values that labels equal can be put together: what one of them selects are
// then exactly the series that have its values.
type together struct {
	text string
	by   []int // places of the matchers that differ
}

// putTogether reports false where the selectors differ otherwise, or not at all.
func putTogether(all []selector) (together, bool) {
	var t together
	first := all[0]
	for _, s := range all[1:] {
		if s.metric != first.metric || len(s.matchers) != len(first.matchers) {
			return t, false
		}
		for i, m := range s.matchers {
			of := first.matchers[i]
			switch {
			case m == of:
			case m.label != of.label || m.op != "=" || of.op != "=":
				return t, false
			case !slices.Contains(t.by, i):
				t.by = append(t.by, i)
			}
		}
	}
	joined := selector{metric: first.metric, matchers: slices.Clone(first.matchers)}
	for _, i := range t.by {
		joined.matchers[i].op, joined.matchers[i].value = "=~", anyOf(all, i)
	}
	t.text = joined.String()
	return t, len(t.by) > 0
}

// anyOf is a regular expression for the values of one matcher. Prometheus holds
// it against the whole value, and an empty one against a label that is not there.
// https://prometheus.io/docs/prometheus/latest/querying/basics/#time-series-selectors
func anyOf(all []selector, matcher int) string {
	var values []string
	for _, s := range all {
		if value := regexp.QuoteMeta(s.matchers[matcher].value); !slices.Contains(values, value) {
			values = append(values, value)
		}
	}
	return strings.Join(values, "|")
}

// of are those series that one of the selectors selects.
func (t together) of(s selector, all []promSeries) []promSeries {
	return slices.DeleteFunc(slices.Clone(all), func(one promSeries) bool {
		return slices.ContainsFunc(t.by, func(i int) bool { return one.Metric[s.matchers[i].label] != s.matchers[i].value })
	})
}

func (s selector) String() string {
	var matchers []string
	for _, m := range s.matchers {
		matchers = append(matchers, m.label+m.op+`"`+quotePromQL(m.value)+`"`)
	}
	return s.metric + "{" + strings.Join(matchers, ", ") + "}"
}
