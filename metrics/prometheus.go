package metrics

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/seatrial/seatrial/trial"
)

// prometheus asks the HTTP API of Prometheus, which Thanos, Mimir,
// VictoriaMetrics and managed services have as well.
// https://prometheus.io/docs/prometheus/latest/querying/api/
type prometheus struct{ *client }

func prometheusLanguage() language {
	return language{
		word: "prometheus", running: true, quote: quotePromQL, check: checkPromQL,
		// A sample has the time at which its scrape began, and is there when that ended.
		delay: 10 * time.Second, source: "a scrape may take so long by default: https://prometheus.io/docs/prometheus/latest/configuration/configuration/",
		open: func(p Provider, s Surroundings) (source, error) {
			c, err := newClient(p, s)
			if err != nil {
				return nil, err
			}
			return prometheus{c}, nil
		},
	}
}

// quotePromQL makes a value fit to stand between quotes of any kind. PromQL
// takes an escaped quote only between quotes like it, but any in hexadecimal.
func quotePromQL(value string) string {
	quoted := strconv.Quote(value)
	return strings.NewReplacer(`\"`, `\x22`, `'`, `\x27`, "`", `\x60`, `\\`, `\\`).Replace(quoted[1 : len(quoted)-1])
}

// checkPromQL holds that totals are asked for by plain selectors: only of raw
// series can it be seen which began anew, and what they had then.
func checkPromQL(m Metric) error {
	for p, text := range m.given() {
		if _, err := parseSelector(sampleFilled(text)); err != nil && takesTotals(m, p) {
			return notTotals(p, err)
		}
	}
	return nil
}

func notTotals(p part, err error) error {
	return fmt.Errorf("%s: %w; its series are added up here, each from its own beginning: leave sum() and increase() out, or write running: false for a query like sum(increase(…[$round]))", p, err)
}

// takesTotals reports whether windows are differences of what the query gives.
func takesTotals(m Metric, p part) bool {
	switch {
	case m.Running != nil && !*m.Running, m.Kind == trial.ValueKind:
		return false
	}
	return m.Kind != trial.MomentsKind || p != whole
}

// sampleFilled is a query with a value in each place, to be checked.
func sampleFilled(text string) string {
	return written.ReplaceAllStringFunc(text, func(at string) string {
		if strings.Contains(at, "round") {
			return "1m"
		}
		return "x"
	})
}

// ask takes raw samples where the query is a selector, and what went before the
// window with them; any other query is evaluated at the window's end.
func (p prometheus) ask(ctx context.Context, a ask) (answer, error) {
	s, err := parseSelector(a.text)
	switch {
	case err != nil && takesTotals(a.metric, a.part):
		return answer{}, notTotals(a.part, err)
	case err != nil:
		all, err := p.query(ctx, a, a.text)
		if err != nil {
			return answer{}, err
		}
		return readFound(all)
	}
	got, err := p.selected(ctx, a, s)
	if a.metric.Running != nil && !*a.metric.Running {
		return got, err
	}
	if takesTotals(a.metric, a.part) {
		got.series, got.sums = withoutMarkers(got.series), withoutMarkers(got.sums)
	}
	got.partOf = p.partOf(s, a)
	return got, err
}

// selected asks for the series of all versions at once, and takes those of one;
// where the reply would be too large for that, it asks for these alone.
func (p prometheus) selected(ctx context.Context, a ask, s selector) (answer, error) {
	span := ""
	if a.metric.Running == nil || *a.metric.Running {
		long := (1 + tooOld) * a.window.length()
		span = fmt.Sprintf("[%dms]", long.Milliseconds())
	}
	if all, able := allVersions(a); able {
		found, err := p.query(ctx, a, all.text+span)
		if err == nil {
			got, err := readFound(all.of(s, found))
			got.text = all.text
			return got, err
		}
		if !isTooLarge(err) {
			return answer{}, err
		}
	}
	found, err := p.query(ctx, a, a.text+span)
	if err != nil {
		return answer{}, err
	}
	return readFound(found)
}

// allVersions is one selector in place of those of all versions, if there can be.
func allVersions(a ask) (together, bool) {
	if len(a.versions) < 2 {
		return together{}, false
	}
	var all []selector
	for _, text := range a.versions {
		s, err := parseSelector(text)
		if err != nil {
			return together{}, false
		}
		all = append(all, s)
	}
	return putTogether(all)
}

// withoutMarkers leaves out where series were found to have ended:
// VictoriaMetrics tells that as NaN among raw samples, Prometheus not at all. No
// counter is ever NaN; where all of one is, that stays to be complained of.
func withoutMarkers(all []series) []series {
	marker := func(p point) bool { return math.IsNaN(p.value) }
	for i, s := range all {
		numbers := slices.DeleteFunc(slices.Clone(s.points), marker)
		if len(numbers) > 0 {
			all[i].points = numbers
		}
	}
	return all
}

// partOf are the labels by which the hits of a metric are chosen among its trials.
func (p prometheus) partOf(s selector, a ask) []string {
	if a.part != hits {
		return nil
	}
	text, err := fill(a.metric.Trials, a.places, quotePromQL)
	if err != nil {
		return nil
	}
	all, err := parseSelector(text)
	if err != nil {
		return nil
	}
	return s.restricts(all)
}

// promReply is what the API answers.
type promReply struct {
	Status    string   `json:"status"`
	ErrorType string   `json:"errorType"`
	Error     string   `json:"error"`
	Warnings  []string `json:"warnings"`
	IsPartial bool     `json:"isPartial"` // VictoriaMetrics
	Data      struct {
		ResultType string          `json:"resultType"`
		Result     json.RawMessage `json:"result"`
	} `json:"data"`
}

// query evaluates an expression at the window's end. It is asked once, whoever
// needs it.
func (p prometheus) query(ctx context.Context, a ask, text string) ([]promSeries, error) {
	return once(a.asked, text, func() ([]promSeries, error) { return p.fetch(ctx, text, a.window.To) })
}

func (p prometheus) fetch(ctx context.Context, text string, at time.Time) ([]promSeries, error) {
	form := url.Values{
		"query": {text}, "time": {at.UTC().Format(time.RFC3339Nano)},
		"partial_response": {"false"}, "dedup": {"true"}, // of Thanos; others overlook them
	}
	got, err := p.send(ctx, request{
		method: "POST", path: "api/v1/query", body: []byte(form.Encode()),
		header: map[string]string{"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"},
	})
	if err != nil {
		return nil, p.refused(err)
	}
	var said promReply
	if err := got.json(&said); err != nil {
		return nil, err
	}
	switch {
	case said.Status != "success":
		return nil, fmt.Errorf("its reply is no success: %s", excerpt([]byte(cmp.Or(said.Error, said.Status, "no status")), p.hide))
	case said.IsPartial:
		return nil, errors.New("its reply is partial: some of its stores did not answer")
	case len(said.Warnings) > 0:
		return nil, fmt.Errorf("it warns: %s", excerpt([]byte(strings.Join(said.Warnings, "; ")), p.hide))
	}
	return readResult(said.Data.ResultType, said.Data.Result)
}

// refused finds in an error page what the API says there.
func (p prometheus) refused(err error) error {
	var page statusError
	var said promReply
	if !errors.As(err, &page) || json.Unmarshal(page.body, &said) != nil || said.Error == "" {
		return err
	}
	text := fmt.Sprintf("HTTP %d, %s: %s", page.status, excerpt([]byte(said.ErrorType), p.hide), excerpt([]byte(said.Error), p.hide))
	if page.status == http.StatusUnprocessableEntity {
		return tooLarge{errors.New(text)} // what it could not carry out: of a selector, its number of samples
	}
	return errors.New(text)
}

// tooLarge is the error of a question whose reply would be too large, so that a
// smaller one may be answered.
type tooLarge struct{ error }

func isTooLarge(err error) bool {
	var large tooLarge
	return errors.As(err, &large)
}

// promSeries is one element of a vector or matrix.
type promSeries struct {
	Metric     map[string]string `json:"metric"`
	Value      *promPoint        `json:"value"`
	Values     []promPoint       `json:"values"`
	Histogram  *promNative       `json:"histogram"`
	Histograms []promNative      `json:"histograms"`
}

func readResult(kind string, text json.RawMessage) ([]promSeries, error) {
	var all []promSeries
	switch kind {
	case "scalar":
		var one promPoint
		if err := json.Unmarshal(text, &one); err != nil {
			return nil, err
		}
		all = []promSeries{{Value: &one}}
	case "vector", "matrix":
		if err := json.Unmarshal(text, &all); err != nil {
			return nil, fmt.Errorf("its series can't be read: %w", err)
		}
	default:
		return nil, fmt.Errorf("its reply is of the type %q, which is no number", excerpt([]byte(kind), strings.Clone))
	}
	for i := range all {
		all[i].gather()
	}
	return all, nil
}

// readFound makes an answer of what was found.
func readFound(all []promSeries) (answer, error) {
	var natives []promNative
	for _, one := range all {
		natives = append(natives, one.Histograms...)
	}
	var out answer
	bounds := nativeBounds(natives)
	for _, one := range all {
		if err := one.read(bounds, &out); err != nil {
			return answer{}, err
		}
	}
	byName := func(a, b series) int { return cmp.Compare(a.name, b.name) }
	slices.SortFunc(out.series, byName)
	slices.SortFunc(out.sums, byName)
	return out, nil
}

// gather makes the one sample of a vector's element a list of one.
func (one *promSeries) gather() {
	if one.Value != nil {
		one.Values = append(one.Values, *one.Value)
	}
	if one.Histogram != nil {
		one.Histograms = append(one.Histograms, *one.Histogram)
	}
}

// read adds the points of an element; of a native histogram, those of each bucket.
func (one promSeries) read(bounds []float64, into *answer) error {
	base := series{name: labelText(one.Metric), labels: one.Metric, origin: originOf(one.Metric)}
	base.summed = base.origin == ""
	if len(one.Histograms) > 0 {
		if len(one.Values) > 0 {
			return fmt.Errorf("the series %s has numbers and native histograms", base.name)
		}
		into.series = append(into.series, nativeSeries(base, one.Histograms, bounds)...)
		into.sums = append(into.sums, nativeSum(base, one.Histograms))
		return nil
	}
	if le, there := one.Metric["le"]; there {
		bound, err := strconv.ParseFloat(le, 64)
		if err != nil || math.IsNaN(bound) {
			return fmt.Errorf("the series %s has a label le that is no number", base.name)
		}
		base.bound, base.bucket = &bound, labelText(one.Metric, "le")
	}
	for _, p := range one.Values {
		base.points = append(base.points, point(p))
	}
	into.series = append(into.series, base)
	return nil
}

// labelText is what tells a series from others: its labels but for some.
func labelText(labels map[string]string, but ...string) string {
	var out []string
	for _, name := range slices.Sorted(maps.Keys(labels)) {
		if name != "__name__" && !slices.Contains(but, name) {
			out = append(out, name+"="+strconv.Quote(labels[name]))
		}
	}
	return labels["__name__"] + "{" + strings.Join(out, ", ") + "}"
}

// originOf is the process that a series is of, as the labels of scrapes tell
// it: it is scraped as a whole, and all its counters begin anew together.
func originOf(labels map[string]string) string {
	if labels["instance"] == "" {
		return ""
	}
	var out []string
	for _, name := range []string{"cluster", "job", "namespace", "pod", "instance"} {
		out = append(out, strconv.Quote(labels[name]))
	}
	return strings.Join(out, " ")
}

// promPoint is [seconds, "number"].
type promPoint point

// UnmarshalJSON reads a pair.
func (p *promPoint) UnmarshalJSON(text []byte) error {
	var seconds float64
	var number string
	if err := readPair(text, &seconds, &number); err != nil {
		return err
	}
	value, err := strconv.ParseFloat(number, 64)
	if err != nil {
		return fmt.Errorf("%.40q is no number", number)
	}
	p.at, p.value = atSeconds(seconds), value
	return nil
}

func readPair(text []byte, seconds *float64, value any) error {
	var pair []json.RawMessage
	if err := json.Unmarshal(text, &pair); err != nil {
		return err
	}
	if len(pair) != 2 {
		return fmt.Errorf("a sample of %d parts, not of its time and its value", len(pair))
	}
	return errors.Join(json.Unmarshal(pair[0], seconds), json.Unmarshal(pair[1], value))
}

// atSeconds is a time in seconds, which the API has by the millisecond.
func atSeconds(s float64) time.Time { return time.UnixMilli(int64(math.Round(s * 1000))) }
