package metrics

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seatrial/seatrial/trial"
)

// fake is a provider that answers by a function, and notes what it was asked.
type fake struct {
	lock    sync.Mutex
	answer  func(ctx context.Context, a ask) (answer, error)
	windows []Window
	now     int
	most    int // at once
}

func (f *fake) ask(ctx context.Context, a ask) (answer, error) {
	f.lock.Lock()
	f.windows = append(f.windows, a.window)
	f.now++
	f.most = max(f.most, f.now)
	f.lock.Unlock()
	got, err := f.answer(ctx, a)
	f.lock.Lock()
	f.now--
	f.lock.Unlock()
	return got, err
}

func (f *fake) close() error { return nil }

// meterOf asks a fake about totals of versions, in windows of 10 s.
func meterOf(f *fake, metrics, versions, windows int) *Meter {
	m := &Meter{
		series: trial.MetricsSeries, source: f, ledger: newLedger(), around: around(), count: windows,
		language: language{running: true, quote: quotePromQL}, windows: Windows{Interval: 10 * time.Second}, delay: 3 * time.Second,
	}
	for i := range metrics {
		m.metrics = append(m.metrics, Metric{Name: fmt.Sprint("m", i), Kind: trial.TotalKind, Query: Query{Query: "n"}})
	}
	for i := range versions {
		m.versions = append(m.versions, Version{Name: fmt.Sprint("v", i)})
	}
	return m
}

// running is a counter that has counted the seconds, three a second.
func running(_ context.Context, a ask) (answer, error) {
	return answer{series: []series{{points: []point{{a.window.To, float64(3 * a.window.To.Unix())}}}}}, nil
}

func TestWindowsAreAskedAboutTheirDelayAfterTheyEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		f := &fake{}
		var asked []time.Duration
		f.answer = func(ctx context.Context, a ask) (answer, error) {
			asked = append(asked, time.Since(began))
			return running(ctx, a)
		}
		var got []string
		for round, err := range meterOf(f, 1, 1, 3).Rounds(t.Context()) {
			got = append(got, fmt.Sprint(round.Index, round.Start, round.End, *round.Samples[0].Total, err))
		}
		if diff := cmp.Diff([]string{"0 0s 10s 30 <nil>", "1 10s 20s 30 <nil>", "2 20s 30s 30 <nil>"}, got); diff != "" {
			t.Error(diff)
		}
		// First about what is before the first window, for differences.
		if diff := cmp.Diff([]time.Duration{3 * time.Second, 13 * time.Second, 23 * time.Second, 33 * time.Second}, asked); diff != "" {
			t.Error(diff)
		}
		if !f.windows[0].To.Equal(began) || !f.windows[1].From.Equal(began) {
			t.Errorf("windows %v", f.windows)
		}
	})
}

func TestTwentyMetricsOfThreeVersionsAreAskedWithinHalfASecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fake{answer: func(ctx context.Context, a ask) (answer, error) {
			time.Sleep(100 * time.Millisecond)
			return running(ctx, a)
		}}
		m := meterOf(f, 20, 3, 1)
		for i := range m.metrics { // the dearest: two parts each
			m.metrics[i].Kind, m.metrics[i].Query = trial.CountsKind, Query{Hits: "n", Trials: "n"}
		}
		began := time.Now()
		round := m.ask(t.Context(), 0, Window{From: began, To: began.Add(10 * time.Second)})
		if took := time.Since(began); took > 500*time.Millisecond || len(f.windows) != 120 || len(round.Samples) != 60 {
			t.Errorf("%d questions in %v for %d samples", len(f.windows), took, len(round.Samples))
		}
		if f.most != mostAtOnce {
			t.Errorf("%d at once, want %d", f.most, mostAtOnce)
		}
	})
}

func TestASlowProviderCostsItsWindowAndNoOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fake{}
		began := time.Now()
		f.answer = func(ctx context.Context, a ask) (answer, error) {
			if a.window.To.Sub(began) == 20*time.Second {
				<-ctx.Done()
				return answer{}, errors.New("no reply in time")
			}
			return running(ctx, a)
		}
		var got []string
		for round := range meterOf(f, 1, 1, 4).Rounds(t.Context()) {
			if s := round.Samples[0]; s.Total != nil {
				got = append(got, fmt.Sprint(*s.Total))
			} else {
				got = append(got, s.Missing)
			}
		}
		// What follows has nothing to be compared with, then all is well again.
		want := []string{"30", "query: no reply in time", errFirst.Error(), "30"}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	})
}

func TestCancelEndsAtOnceWithoutARound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, after := range []time.Duration{0, 12 * time.Second, 13*time.Second + time.Millisecond} {
			ctx, cancel := context.WithCancel(t.Context())
			f := &fake{answer: func(ctx context.Context, a ask) (answer, error) {
				if time.Since(a.window.To) == 3*time.Second && len(a.places["name"]) > 0 {
					select { // slower than the cancel
					case <-ctx.Done():
						return answer{}, ctx.Err()
					case <-time.After(100 * time.Millisecond):
					}
				}
				return running(ctx, a)
			}}
			began := time.Now()
			time.AfterFunc(after, cancel)
			for round := range meterOf(f, 1, 1, 3).Rounds(ctx) {
				t.Errorf("after %v: round %d", after, round.Index)
			}
			if took := time.Since(began); took != after {
				t.Errorf("ended %v after the begin, cancelled after %v", took, after)
			}
		}
	})
}

func TestReasonsAreInTheOrderOfPartsAndWithoutSecrets(t *testing.T) {
	f := &fake{answer: func(_ context.Context, a ask) (answer, error) {
		return answer{}, fmt.Errorf("no %s for geheim", a.part)
	}}
	m := meterOf(f, 1, 1, 1)
	m.metrics[0].Kind, m.metrics[0].Query = trial.MomentsKind, Query{Count: "n", Sum: "n", SumSquares: "n"}
	m.around.Hide = func(text string) string { return fmt.Sprint(len(text), " characters") }
	want := len("count: no count for geheim; sum: no sum for geheim; sum-squares: no sum-squares for geheim")
	s := m.ask(t.Context(), 0, window(0)).Samples
	if !slices.ContainsFunc(s, func(s trial.Sample) bool { return s.Missing == fmt.Sprint(want, " characters") }) {
		t.Errorf("%+v", s)
	}
}

func TestWindowsCarryTheSplitThatWasStated(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := meterOf(&fake{answer: running}, 1, 2, 2)
		m.split = []int{90, 10}
		windows := 0
		for round := range m.Rounds(t.Context()) {
			windows++
			if !slices.Equal(round.Weights, []int{90, 10}) {
				t.Errorf("window %d: weights %v", round.Index, round.Weights)
			}
		}
		if windows != 2 {
			t.Errorf("%d windows", windows)
		}
	})
}
