package sample

import (
	"fmt"
	"math"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

const ms = time.Millisecond

// with is the default service with changes, constant in time unless they say otherwise.
func with(change func(*Options)) Options {
	o := Default()
	o.Spread = 0
	change(&o)
	return o
}

// ask sends one request in the bubble's time and tells when and how it was answered.
func ask(h http.Handler) (*httptest.ResponseRecorder, time.Duration) {
	sent := time.Now()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
	return w, time.Since(sent)
}

func TestAnswersAfterItsLatency(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := New(with(func(o *Options) { o.Latency, o.Scale = 20*ms, 1.5 }))
		if _, took := ask(h); took != 30*ms {
			t.Errorf("answered after %v, want 30ms", took)
		}
	})
}

func TestAnswerIsWhatTheOptionsSay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, _ := ask(New(with(func(o *Options) {
			o.Status, o.Text, o.Body = 418, "teapot", 8
			o.Headers = map[string]string{"X-Version": "v41"}
		})))
		got := fmt.Sprintln(w.Code, w.Header().Get("X-Version"), w.Body)
		if diff := cmp.Diff("418 v41 teapot..\n", got); diff != "" {
			t.Error(diff)
		}
	})
}

func TestTellsItsOwnTimesWhereAsked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := New(with(func(o *Options) { o.Latency, o.Times = 20*ms, "/own-times" }))
		ask(h)
		ask(h)
		for range 2 { // to ask is no answer of the service
			w := httptest.NewRecorder()
			h.ServeHTTP(w, httptest.NewRequest("GET", "/own-times", nil))
			if diff := cmp.Diff("20000000\n20000000\n", w.Body.String()); diff != "" {
				t.Error(diff)
			}
		}
	})
}

func TestTellsPrometheusOfItsAnswersAndNothingElse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := New(with(func(o *Options) { o.Latency, o.Metrics, o.Version = 20*ms, "/metrics", "v1" }))
		for range 3 {
			ask(h)
		}
		scrape := func() string {
			w := httptest.NewRecorder()
			h.ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
			return w.Body.String()
		}
		first := scrape()
		for _, line := range []string{
			`sample_requests_total{version="v1",code="200"} 3`,
			`sample_request_duration_seconds_bucket{version="v1",le="0.01"} 0`,
			`sample_request_duration_seconds_bucket{version="v1",le="0.025"} 3`,
			`sample_request_duration_seconds_bucket{version="v1",le="+Inf"} 3`,
			`sample_request_duration_seconds_sum{version="v1"} 0.06`,
		} {
			if !strings.Contains(first, line+"\n") {
				t.Errorf("no line %s in:\n%s", line, first)
			}
		}
		if second := scrape(); second != first {
			t.Errorf("scraping changed it:\n%s", second)
		}
	})
}

// Three in ten of the good answers convert, the same ones for the same seed,
// and none of the errors.
func TestAShareOfTheGoodAnswersConverts(t *testing.T) {
	converted := func(errors float64, seed uint64) (n int) {
		synctest.Test(t, func(t *testing.T) {
			h := New(with(func(o *Options) {
				o.Conversions, o.Errors, o.Seed, o.Metrics, o.Version = 0.3, errors, seed, "/metrics", "v1"
			}))
			for range 2000 {
				ask(h)
			}
			w := httptest.NewRecorder()
			h.ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
			_, rest, _ := strings.Cut(w.Body.String(), "\nsample_conversions_total{version=\"v1\"} ")
			if _, err := fmt.Sscan(rest, &n); err != nil {
				t.Fatalf("%v in:\n%s", err, w.Body)
			}
		})
		return n
	}
	// Within four standard deviations: √(2000·0.3·0.7) = 20, √(1000·0.3·0.7) = 15.
	all, half := converted(0, 1), converted(0.5, 1)
	if all < 520 || all > 680 || half < 240 || half > 360 || converted(1, 1) != 0 {
		t.Errorf("%d of 2000 good answers, %d of 1000, %d of none", all, half, converted(1, 1))
	}
	if again, other := converted(0, 1), converted(0, 2); again != all || other == all {
		t.Errorf("%d converted, then %d by the same seed and %d by another", all, again, other)
	}
}

func TestStallHoldsEveryRequestUntilItsEnd(t *testing.T) {
	// 10 ms of work; nothing is answered from 80 to 100 ms, 180 to 200 ms, …
	for _, c := range []struct{ arrives, answered time.Duration }{
		{0, 10 * ms},
		{69 * ms, 79 * ms},
		{70 * ms, 100 * ms}, // would end just as the stall begins
		{75 * ms, 100 * ms},
		{80 * ms, 110 * ms}, // work begins after the stall
		{99 * ms, 110 * ms},
		{100 * ms, 110 * ms},
		{185 * ms, 210 * ms},
	} {
		t.Run(c.arrives.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := New(with(func(o *Options) { o.StallEvery, o.StallFor = 100*ms, 20*ms }))
				time.Sleep(c.arrives)
				if _, took := ask(h); c.arrives+took != c.answered {
					t.Errorf("answered at %v, want %v", c.arrives+took, c.answered)
				}
			})
		})
	}
}

func TestErrorsBeginAfterSoManyRequests(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := New(with(func(o *Options) { o.Errors, o.ErrorsAfter = 1, 2 }))
		var got []int
		for range 4 {
			w, _ := ask(h)
			got = append(got, w.Code)
		}
		if diff := cmp.Diff([]int{200, 200, 500, 500}, got); diff != "" {
			t.Error(diff)
		}
	})
}

func TestAnswers503UntilReady(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := New(with(func(o *Options) { o.ReadyAfter = 25 * ms }))
		var got []int
		for range 4 {
			w, _ := ask(h)
			got = append(got, w.Code)
		}
		if diff := cmp.Diff([]int{503, 503, 503, 200}, got); diff != "" {
			t.Error(diff)
		}
	})
}

func TestLatenciesAreLognormalAroundTheMedian(t *testing.T) {
	o := with(func(o *Options) { o.Spread, o.Errors = 0.5, 0.02 })
	s, logs, failures := New(o).(*service), []float64{}, 0
	for range 20_000 {
		latency, failed, _ := s.draw()
		logs = append(logs, math.Log(float64(latency)/float64(o.Latency)))
		if failed {
			failures++
		}
	}
	slices.Sort(logs)
	near := func(what string, got, want, tolerance float64) {
		if !(math.Abs(got-want) <= tolerance) {
			t.Errorf("%s is %.4f, want %.4f ± %.4f", what, got, want, tolerance)
		}
	}
	near("ln of the median", logs[10_000], 0, 0.02)
	near("ln of p95", logs[19_000], 1.645*o.Spread, 0.03)
	near("share of errors", float64(failures)/20_000, 0.02, 0.004)
}

func TestServicesOfOneSeedDrawTheSameLatencies(t *testing.T) {
	usual := New(Default()).(*service)
	slow := Default()
	slow.Scale, slow.Errors, slow.Conversions = 2, 0.5, 0.5
	slower := New(slow).(*service)
	for i := range 100 {
		a, _, _ := usual.draw()
		b, _, _ := slower.draw()
		if d := b - 2*a; d < -1 || d > 1 { // a nanosecond is lost to rounding
			t.Fatalf("request %d: %v at scale 1, %v at scale 2", i, a, b)
		}
	}
}

func TestAnEndlessDrawStaysADuration(t *testing.T) {
	s := New(with(func(o *Options) { o.Scale = math.MaxFloat64 })).(*service)
	if latency, _, _ := s.draw(); latency != time.Hour {
		t.Errorf("drew %v, want an hour", latency)
	}
}

func TestValidateNamesEveryMistake(t *testing.T) {
	bad := Options{
		Latency: -1, Spread: math.NaN(), Scale: math.NaN(), Errors: math.NaN(), Conversions: 1.1, Body: -1, ErrorsAfter: -1,
		StallEvery: time.Second, StallFor: time.Second, DieAfter: -1,
	}
	err := bad.Validate()
	if err == nil {
		t.Fatal("accepted")
	}
	for _, name := range []string{"latency", "spread", "scale", "errors", "conversions", "errors-after", "status", "body", "stall-for", "die-after"} {
		if !strings.Contains(err.Error(), name) {
			t.Errorf("%s is not named in:\n%v", name, err)
		}
	}
	if err := Default().Validate(); err != nil {
		t.Errorf("the default is refused: %v", err)
	}
}
