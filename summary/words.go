package summary

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/seatrial/seatrial/trial"
)

// outcome is a report's result in each format's own words.
type outcome struct {
	word  string // "fail", "not ready"
	emoji string
	sign  string // one character for a terminal
	color string // SGR parameters of ECMA-48
	class string // of the page
}

func outcomeOf(r trial.Report) outcome {
	if r.Judged() {
		return verdictOf(r.Verdict)
	}
	if _, failed := r.Failing("pass"); failed && r.Status == trial.Broken {
		return outcome{"pass not carried out", "⚠️", "!", "31", "broken"}
	}
	switch r.Status {
	case trial.NotReady:
		return outcome{"not ready", "⏳", "!", "33", "open"}
	case trial.BadInput:
		return outcome{"bad input", "⚠️", "!", "31", "broken"}
	case trial.Cancelled:
		return outcome{"cancelled", "⏹️", "!", "33", "open"}
	}
	if r.Traffic != nil && r.Traffic.Remedy != "" {
		return outcome{"route not left", "⚠️", "!", "31", "broken"}
	}
	return outcome{"could not measure", "⚠️", "!", "31", "broken"}
}

func verdictOf(v trial.Verdict) outcome {
	switch v {
	case trial.Pass:
		return outcome{"pass", "✅", "✓", "32", "pass"}
	case trial.Fail:
		return outcome{"fail", "❌", "✗", "31", "fail"}
	default:
		return outcome{"inconclusive", "⏸️", "?", "33", "open"}
	}
}

// pretty is an objective as people write it: "latency-p95 ≤ 110 % of baseline".
func pretty(objective string) string {
	s := strings.NewReplacer("<=", "≤", ">=", "≥").Replace(clip(objective, 160))
	metric, limit, _ := strings.Cut(s, " ")
	return strings.TrimRight(metric+" "+attached.ReplaceAllString(limit, "$1 $2"), " ")
}

// attached is a number with its unit written against it: "300ms", "110%".
var attached = regexp.MustCompile(`\b(\d+)(%|[a-zµ]+\b)`)

// duration is a time as people read it: "6.8 s".
func duration(d time.Duration) string { return seconds(d.Seconds()) }

func seconds(s float64) string { return trial.Quantity{Value: s, Unit: trial.Seconds}.String() }

// typed is a duration as it is typed into a trial file: "1m40s", "2m".
func typed(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

// percent is a confidence: 0.95 is "95 %".
func percent(share float64) string {
	return trial.Quantity{Value: share, Unit: trial.Share}.String()
}

// probability is a share that is never shown as certain.
func probability(q trial.Quantity) string {
	switch {
	case q.Value > 0.999:
		return "> 99.9 %"
	case q.Value < 0.001:
		return "< 0.1 %"
	}
	return q.String()
}

// odds is evidence as people say it: "24:1".
func odds(ln float64) string {
	most := math.Log(1e6)
	switch {
	case math.IsNaN(ln):
		return "–"
	case ln > most:
		return "> 10⁶:1"
	case ln < -most:
		return "< 1:10⁶"
	case ln < 0:
		return "1:" + grouped(int(math.Round(math.Exp(-ln))))
	}
	return grouped(int(math.Round(math.Exp(ln)))) + ":1"
}

func counted(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return grouped(n) + " " + noun + "s"
}

// grouped writes 1350 as 1,350.
func grouped(n int) string {
	text := strconv.Itoa(n)
	for i := len(text) - 3; i > 0 && text[i-1] != '-'; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}

// span is an interval around an estimate: "+19 … +36", with the unit only
// where it is another than the estimate's. An end that is not known is open.
func span(estimate trial.Quantity, i trial.Interval) string {
	low, high := i.Low.String(), i.High.String()
	if unit := unitOf(estimate.String()); unit != "" && unitOf(low) == unit && unitOf(high) == unit {
		low, high = strings.TrimSuffix(low, unit), strings.TrimSuffix(high, unit)
	}
	switch {
	case i.Low.Known() && i.High.Known():
		return low + " … " + high
	case i.Low.Known():
		return "≥ " + i.Low.String()
	case i.High.Known():
		return "≤ " + i.High.String()
	}
	return ""
}

// unitOf is what stands behind a quantity's number: " ms", "/s".
func unitOf(text string) string { return strings.TrimLeft(text, "+−0123456789.") }

// happened is how long a trial took and of what: "after 6.8 s of 60 s · 1,350 requests".
func happened(m trial.Measured) string {
	if m.Rounds == 0 {
		return ""
	}
	if m.Requests == 0 && len(m.Windows) > 0 {
		return fmt.Sprintf("after %s · %s", duration(m.Lasted), counted(m.Rounds, "window"))
	}
	return fmt.Sprintf("after %s of %s · %s", duration(m.Lasted), duration(m.Planned), counted(m.Requests, "request"))
}
