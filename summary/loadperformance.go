package summary

import (
	"encoding/json"

	"github.com/seatrial/seatrial/trial"
)

// LoadPerformance is the first candidate's load in the form of k6's summary
// export, which GitLab compares between branches in the merge request. GitLab
// reads checks, p(90) and p(95) of http_req_waiting, and the rate of http_reqs.
//
// Checks are requests that were answered as expected. http_req_waiting is
// GitLab's TTFB; here it is the response time up to the last byte, as in
// http_req_duration, since no other is recorded. What is not known is left out.
func LoadPerformance(r trial.Report) string {
	text, err := json.MarshalIndent(k6Summary{k6Of(r)}, "", "  ")
	if err != nil {
		panic("load performance: " + err.Error()) // of a NaN, and none is written
	}
	return string(text) + "\n"
}

type k6Summary struct {
	Metrics k6Metrics `json:"metrics"`
}

type k6Metrics struct {
	k6All
	requests []k6Request
}

// k6Request is one of several requests. k6 writes a metric's part with a tag as a
// metric of its own: http_req_duration{name:home}.
type k6Request struct {
	name string
	of   k6All
}

// MarshalJSON writes what is of all requests, then what is of each.
func (m k6Metrics) MarshalJSON() ([]byte, error) {
	text, err := json.Marshal(m.k6All)
	if err != nil || len(m.requests) == 0 {
		return text, err
	}
	each := map[string]any{}
	for _, r := range m.requests {
		tag := "{name:" + r.name + "}"
		if r.of.Failed != nil {
			each["http_req_failed"+tag] = r.of.Failed
		}
		if r.of.Duration != nil {
			each["http_req_duration"+tag] = r.of.Duration
		}
		if r.of.Requests != nil {
			each["http_reqs"+tag] = r.of.Requests
		}
	}
	tagged, err := json.Marshal(each)
	if err != nil || len(each) == 0 || len(text) == len("{}") {
		return text, err
	}
	return append(append(text[:len(text)-1], ','), tagged[1:]...), nil
}

type k6All struct {
	Checks   *k6Share `json:"checks,omitempty"`
	Failed   *k6Share `json:"http_req_failed,omitempty"`
	Duration *k6Trend `json:"http_req_duration,omitempty"`
	Waiting  *k6Trend `json:"http_req_waiting,omitempty"`
	Requests *k6Rate  `json:"http_reqs,omitempty"`
}

type k6Share struct {
	Value  float64 `json:"value"`
	Passes int     `json:"passes"`
	Fails  int     `json:"fails"`
}

// k6Trend is in milliseconds.
type k6Trend struct {
	Mean *float64 `json:"avg,omitempty"`
	P50  *float64 `json:"med,omitempty"`
	P90  *float64 `json:"p(90),omitempty"`
	P95  *float64 `json:"p(95),omitempty"`
	P99  *float64 `json:"p(99),omitempty"`
}

type k6Rate struct {
	Rate float64 `json:"rate"`
}

func k6Of(r trial.Report) k6Metrics {
	t, found := candidateTotals(r)
	if !found {
		return k6Metrics{}
	}
	out := k6Metrics{k6All: k6OfTotals(t)}
	for _, one := range r.Totals {
		if trial.IsRequestName(one.Request) && one.Version == t.Version {
			out.requests = append(out.requests, k6Request{one.Request, k6OfTotals(one)})
		}
	}
	return out
}

func k6OfTotals(t trial.Totals) k6All {
	if t.Requests == 0 {
		return k6All{}
	}
	answered := t.Requests - t.Failed
	m := k6All{
		Checks: k6ShareOf(answered, t.Failed), Failed: k6ShareOf(t.Failed, answered),
		Duration: &k6Trend{milliseconds(t.Mean), milliseconds(t.P50), milliseconds(t.P90), milliseconds(t.P95), milliseconds(t.P99)},
	}
	if *m.Duration == (k6Trend{}) {
		m.Duration = nil
	}
	// GitLab shows both of its quantiles, a missing one as "undefined".
	if t.P90.Known() && t.P95.Known() {
		m.Waiting = &k6Trend{P90: milliseconds(t.P90), P95: milliseconds(t.P95)}
	}
	if t.Rate.Known() {
		m.Requests = &k6Rate{t.Rate.Value}
	}
	return m
}

func candidateTotals(r trial.Report) (trial.Totals, bool) {
	for _, version := range onTrial(r.Versions) {
		for _, t := range r.Totals {
			if t.Version == version.Name && t.Request == "" {
				return t, true
			}
		}
	}
	return trial.Totals{}, false
}

func k6ShareOf(passes, fails int) *k6Share {
	return &k6Share{float64(passes) / float64(passes+fails), passes, fails}
}

// milliseconds is nil for what is not known.
func milliseconds(q trial.Quantity) *float64 {
	if !q.Known() {
		return nil
	}
	ms := 1000 * q.Value
	return &ms
}
