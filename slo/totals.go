package slo

import "github.com/seatrial/seatrial/trial"

// totals are what each version did in the judged rounds of load: all of it, and
// where there are several requests, of each.
func (j *Judge) totals() []trial.Totals {
	if j.load.rounds == 0 {
		return nil
	}
	var out []trial.Totals
	for i, v := range j.versions {
		t := j.load.judged[i].totals(v.Name)
		if j.load.course.wires != nil {
			t.Phases = j.load.course.wires[i].totals()
		}
		out = append(out, t)
	}
	for _, s := range j.requests {
		for i, v := range j.versions {
			if t := s.judged[i].totals(v.Name); j.policy.several() {
				t.Request = s.request
				out = append(out, t)
			}
		}
	}
	return out
}

func (h *history) totals(version string) trial.Totals {
	seconds := func(s stat) trial.Quantity {
		return trial.Quantity{Value: h.value(latency, s), Unit: trial.Seconds}
	}
	at := func(p float64) trial.Quantity { return seconds(stat{kind: quantile, p: p}) }
	return trial.Totals{
		Version: version, Requests: h.requests, Failed: h.failed, Charged: h.charged,
		Rate: trial.Quantity{Value: h.value(throughput, stat{}), Unit: trial.PerSecond},
		Mean: seconds(stat{kind: mean}), P50: at(0.50), P90: at(0.90), P95: at(0.95), P99: at(0.99),
	}
}
