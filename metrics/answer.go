package metrics

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/itchyny/gojq"

	"github.com/seatrial/seatrial/trial"
)

// mostOutputs is how many values a jq program may give.
const mostOutputs = 10_000

// variables are what programs know beside the reply: times in seconds since 1970.
var variables = []string{"$from", "$to", "$round", "$kind", "$part", "$settings"}

// compile prepares a jq program. It has no environment, files, or further input.
func compile(program string) (*gojq.Code, error) {
	parsed, err := gojq.Parse(program)
	if err != nil {
		return nil, fmt.Errorf("the jq program %q can't be read: %w", short(program), err)
	}
	code, err := gojq.Compile(parsed, gojq.WithVariables(variables),
		gojq.WithFunction("quantity", 0, 0, func(v any, _ []any) any { return quantity(v) }),
		gojq.WithFunction("seconds", 0, 0, func(v any, _ []any) any { return secondsOf(v) }))
	if err != nil {
		return nil, fmt.Errorf("the jq program %q can't be compiled: %w", short(program), err)
	}
	return code, nil
}

func short(text string) string { return excerpt([]byte(text), strings.Clone) }

// programs run on the replies to one ask.
type programs struct {
	ctx      context.Context
	ask      ask
	settings map[string]string
	hide     func(string) string
}

// run gives the program's outputs but for null.
func (p programs) run(program string, reply any) ([]any, error) {
	if program == "" {
		return nil, nil
	}
	code, err := compile(program)
	if err != nil {
		return nil, err
	}
	settings := map[string]any{}
	for name, value := range p.settings {
		settings[name] = value
	}
	w := p.ask.window
	outputs := code.RunWithContext(p.ctx, reply, unix(w.From), unix(w.To), w.length().Seconds(), p.ask.metric.Kind.String(), string(p.ask.part), settings)
	var out []any
	for {
		v, more := outputs.Next()
		if !more {
			return out, nil
		}
		if err, failed := v.(error); failed {
			var halt *gojq.HaltError
			if errors.As(err, &halt) && halt.Value() == nil {
				return out, nil
			}
			if p.ctx.Err() != nil {
				return nil, fmt.Errorf("the jq program %q did not end in time", short(program))
			}
			return nil, fmt.Errorf("the jq program does not fit its reply: %s", excerpt([]byte(err.Error()), p.hide))
		}
		if v != nil {
			out = append(out, v)
		}
		if len(out) > mostOutputs {
			return nil, fmt.Errorf("the jq program gives more than %d values", mostOutputs)
		}
	}
}

func unix(t time.Time) float64 { return float64(t.UnixMicro()) / 1e6 }

// reason is the first output as a text; empty where there is none. A program
// that does not fit a reply finds no reason in it.
func (p programs) reason(program string, reply any) string {
	out, err := p.run(program, reply)
	if err != nil || len(out) == 0 {
		return ""
	}
	if text, is := out[0].(string); is {
		return excerpt([]byte(text), p.hide)
	}
	return excerpt([]byte(shown(out[0])), p.hide)
}

func (p programs) ticket(program string, reply any) (string, error) {
	out, err := p.run(program, reply)
	switch {
	case err != nil:
		return "", err
	case len(out) == 1:
		if text, is := out[0].(string); is && text != "" {
			return text, nil
		}
		if x, is := number(out[0]); is {
			return strconv.FormatFloat(x, 'f', -1, 64), nil
		}
	}
	return "", errors.New("its first reply has no ticket to ask again with")
}

// done reports whether a reply is ready; a text is why it never will be.
func (p programs) done(program string, reply any) (bool, error) {
	out, err := p.run(program, reply)
	if err != nil {
		return false, err
	}
	if len(out) == 1 {
		switch v := out[0].(type) {
		case bool:
			return v, nil
		case string:
			return false, fmt.Errorf("it gave up: %s", excerpt([]byte(v), p.hide))
		}
	}
	return false, errors.New("the jq program done: is to give true, false, or a text that says why it never will be")
}

// readOutputs makes an answer of what a jq program gave: one number, one finished
// sample, or points of series.
func readOutputs(outputs []any, a ask) (answer, error) {
	var out answer
	for i, v := range outputs {
		if len(outputs) == 1 {
			if x, is := number(v); is {
				if a.metric.Kind == trial.MomentsKind && a.part == whole {
					return answer{}, errors.New("the jq program gives one number, where moments are meant: give points that are observations, or {n, sum, sum_squares}")
				}
				return answer{series: []series{{points: []point{{a.window.To, x}}}}}, nil
			}
			if s, err := finished(v); s != nil || err != nil {
				return asPart(s, err, a)
			}
		}
		s, err := readSeries(v, strconv.Itoa(i+1))
		if err != nil {
			return answer{}, notOne(err, outputs)
		}
		if len(s.points) > 0 {
			out.series = append(out.series, s)
		}
	}
	return out, nil
}

func notOne(err error, outputs []any) error {
	if len(outputs) > 1 {
		return fmt.Errorf("the jq program gives %d values, where one is meant: %w", len(outputs), err)
	}
	return err
}

// asPart refuses a finished sample where one part of it is meant.
func asPart(s *trial.Sample, err error, a ask) (answer, error) {
	switch {
	case err != nil:
		return answer{}, err
	case a.part != whole:
		return answer{}, fmt.Errorf("the jq program gives %s, where the number of %s is meant", s.Kind(), a.part)
	case a.metric.Running != nil && *a.metric.Running:
		return answer{}, fmt.Errorf("the jq program gives %s, which are of the window and not running: take running: true away", s.Kind())
	}
	return answer{sample: s}, nil
}

// number is a JSON number, or a text that is one.
func number(v any) (float64, bool) {
	switch v := v.(type) {
	case float64:
		return v, true
	case int:
		return float64(v), true
	case *big.Int:
		x, _ := new(big.Float).SetInt(v).Float64()
		return x, true
	case string:
		x, err := strconv.ParseFloat(strings.TrimSpace(v), 64)
		return x, err == nil
	}
	return math.NaN(), false
}

// finished reads {hits, trials}, {n, sum, sum_squares} or {bounds, counts, sum};
// nil where the value is none of them.
func finished(v any) (*trial.Sample, error) {
	of, is := v.(map[string]any)
	if !is {
		return nil, nil
	}
	var s trial.Sample
	switch r := (members{of: of}); {
	case r.has("hits", "trials"):
		s.Counts = &trial.Counts{Hits: r.number("hits"), Trials: r.number("trials")}
		return &s, r.wrong
	case r.has("n", "sum", "sum_squares"):
		s.Moments = &trial.Moments{N: r.number("n"), Sum: r.number("sum"), SumSquares: r.number("sum_squares")}
		return &s, r.wrong
	case r.has("bounds", "counts"):
		s.Histogram = &trial.Histogram{Bounds: r.numbers("bounds"), Counts: r.numbers("counts")}
		if of["sum"] != nil {
			sum := r.number("sum")
			s.Histogram.Sum = &sum
		}
		if r.wrong == nil && len(s.Histogram.Counts) != len(s.Histogram.Bounds)+1 {
			return nil, fmt.Errorf("%d counts for %d bounds: one more is meant, of what is above all bounds", len(s.Histogram.Counts), len(s.Histogram.Bounds))
		}
		return &s, r.wrong
	}
	return nil, nil
}

// members reads those of an object, and keeps the first error.
type members struct {
	of    map[string]any
	wrong error
}

func (m members) has(names ...string) bool {
	return !slices.ContainsFunc(names, func(name string) bool { _, there := m.of[name]; return !there })
}

func (m *members) number(name string) float64 {
	x, is := number(m.of[name])
	if !is && m.wrong == nil {
		m.wrong = fmt.Errorf("its %s is %s, which is no number", name, shown(m.of[name]))
	}
	return x
}

func (m *members) numbers(name string) []float64 {
	list, is := m.of[name].([]any)
	if !is && m.wrong == nil {
		m.wrong = fmt.Errorf("its %s are %s, which is no array", name, shown(m.of[name]))
	}
	out := []float64{}
	for i, v := range list {
		x, is := number(v)
		if !is && m.wrong == nil {
			m.wrong = fmt.Errorf("the %s number %d is %s, which is no number", name, i+1, shown(v))
		}
		out = append(out, x)
	}
	return out
}

// readSeries reads [[time, value], …], [{time, value}, …], one {time, value}, or
// {name, points}. A point without a value is none.
func readSeries(v any, name string) (series, error) {
	s := series{name: name}
	list := []any{v}
	switch v := v.(type) {
	case []any:
		list = v
	case map[string]any:
		if points, named := v["points"].([]any); named {
			list = points
			if text, is := v["name"].(string); is {
				s.name = short(text)
			}
		}
	}
	for _, each := range list {
		p, there, err := readPoint(each)
		if err != nil {
			return series{}, err
		}
		if there {
			s.points = append(s.points, p)
		}
	}
	slices.SortStableFunc(s.points, func(a, b point) int { return a.at.Compare(b.at) })
	return s, nil
}

func readPoint(v any) (p point, there bool, err error) {
	var at, value any
	switch v := v.(type) {
	case []any:
		if len(v) != 2 {
			return point{}, false, fmt.Errorf("a point is %s, which is no [time, value]", shown(v))
		}
		at, value = v[0], v[1]
	case map[string]any:
		if !(members{of: v}).has("time", "value") {
			return point{}, false, fmt.Errorf("%s is no number, no {time, value}, and no sample: see what answer: may give", shown(v))
		}
		at, value = v["time"], v["value"]
	default:
		return point{}, false, fmt.Errorf("%s is no number and no point: see what answer: may give", shown(v))
	}
	if value == nil {
		return point{}, false, nil
	}
	if p.at, err = timeOf(at); err != nil {
		return point{}, false, err
	}
	x, is := number(value)
	if !is {
		return point{}, false, fmt.Errorf("a point's value is %s, which is no number", shown(value))
	}
	p.value = x
	return p, true, nil
}

// latest is the year 2200: what is after it was no time in seconds.
const latest = 7_258_118_400

// timeOf reads seconds since 1970 or RFC 3339.
func timeOf(v any) (time.Time, error) {
	if text, is := v.(string); is {
		if t, err := time.Parse(time.RFC3339Nano, text); err == nil {
			return t, nil
		}
	}
	seconds, is := number(v)
	switch {
	case !is || math.IsNaN(seconds):
		return time.Time{}, fmt.Errorf("a point's time is %s: seconds since 1970 or RFC 3339 are meant", shown(v))
	case math.Abs(seconds) > latest:
		return time.Time{}, fmt.Errorf("a point's time is %s, which are no seconds since 1970: divide milliseconds by 1000", shown(v))
	}
	return time.UnixMicro(int64(math.Round(seconds * 1e6))), nil
}

// secondsOf makes seconds since 1970 of RFC 3339, as fromdate does, and takes
// fractions and time zones too.
func secondsOf(v any) any {
	t, err := timeOf(v)
	if err != nil {
		return err
	}
	return unix(t)
}

// shown is a value in a message.
func shown(v any) string {
	text, err := gojq.Marshal(v)
	if err != nil {
		return fmt.Sprintf("a %T", v)
	}
	runes := []rune(short(string(text)))
	if len(runes) > 60 {
		return string(runes[:59]) + "…"
	}
	return string(runes)
}

// quantity reads a number as Kubernetes writes it: "250m", "1.5Gi", "2e3".
// https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/
func quantity(v any) any {
	if x, is := number(v); is {
		return x
	}
	text, is := v.(string)
	if !is {
		return fmt.Errorf("%s is no quantity", shown(v))
	}
	for _, s := range []struct {
		suffix string
		factor float64
	}{
		{"Ki", 1 << 10}, {"Mi", 1 << 20}, {"Gi", 1 << 30}, {"Ti", 1 << 40}, {"Pi", 1 << 50}, {"Ei", 1 << 60},
		{"n", 1e-9}, {"u", 1e-6}, {"m", 1e-3}, {"k", 1e3}, {"M", 1e6}, {"G", 1e9}, {"T", 1e12}, {"P", 1e15}, {"E", 1e18},
	} {
		digits, found := strings.CutSuffix(text, s.suffix)
		if x, err := strconv.ParseFloat(digits, 64); found && err == nil {
			return x * s.factor
		}
	}
	return fmt.Errorf("%s is no quantity", shown(v))
}
