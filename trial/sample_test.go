package trial

import (
	"encoding/json"
	"math"
	"slices"
	"strings"
	"testing"
)

func TestSamplesThatNobodyMeasured(t *testing.T) {
	x, nan, inf, below := 1.0, math.NaN(), math.Inf(1), -1.0
	good := Histogram{Bounds: []float64{1, 2}, Counts: []float64{1, 0, 3}}
	for name, s := range map[string]Sample{
		"no metric":            {Value: &x},
		"neither":              {Metric: "m"},
		"both":                 {Metric: "m", Missing: "why", Value: &x},
		"two kinds":            {Metric: "m", Total: &x, Value: &x},
		"value NaN":            {Metric: "m", Value: &nan},
		"value Inf":            {Metric: "m", Value: &inf},
		"total NaN":            {Metric: "m", Total: &nan},
		"total below 0":        {Metric: "m", Total: &below},
		"hits NaN":             {Metric: "m", Counts: &Counts{nan, 1}},
		"trials NaN":           {Metric: "m", Counts: &Counts{1, nan}},
		"trials Inf":           {Metric: "m", Counts: &Counts{1, inf}},
		"hits below 0":         {Metric: "m", Counts: &Counts{-1, 1}},
		"more hits":            {Metric: "m", Counts: &Counts{2, 1}},
		"number NaN":           {Metric: "m", Moments: &Moments{nan, 1, 1}},
		"sum Inf":              {Metric: "m", Moments: &Moments{1, inf, 1}},
		"squares below 0":      {Metric: "m", Moments: &Moments{1, 1, -1}},
		"a bound Inf":          {Metric: "m", Histogram: &Histogram{Bounds: []float64{1, inf}, Counts: good.Counts}},
		"bounds that fall":     {Metric: "m", Histogram: &Histogram{Bounds: []float64{2, 1}, Counts: good.Counts}},
		"a bucket NaN":         {Metric: "m", Histogram: &Histogram{Bounds: good.Bounds, Counts: []float64{1, nan, 3}}},
		"a bucket below 0":     {Metric: "m", Histogram: &Histogram{Bounds: good.Bounds, Counts: []float64{1, -1, 3}}},
		"a bucket too few":     {Metric: "m", Histogram: &Histogram{Bounds: good.Bounds, Counts: []float64{1, 1}}},
		"a sum of a histogram": {Metric: "m", Histogram: &Histogram{Bounds: good.Bounds, Counts: good.Counts, Sum: &nan}},
	} {
		if s.Check() == nil {
			t.Errorf("%s: nothing is wrong", name)
		}
	}
	for _, s := range []Sample{
		Missed(0, "m", "HTTP 500"), {Metric: "m", Value: &below}, {Metric: "m", Counts: &Counts{}}, {Metric: "m", Moments: &Moments{}}, {Metric: "m", Histogram: &good},
	} {
		if err := s.Check(); err != nil {
			t.Errorf("%+v: %v", s, err)
		}
	}
}

func TestCumulativeBucketsBecomeTheirDifferences(t *testing.T) {
	inf := math.Inf(1)
	h, err := CumulativeHistogram([]float64{0.1, 0.5, inf}, []float64{2, 5, 9}, nil)
	if err != nil || !slices.Equal(h.Bounds, []float64{0.1, 0.5}) || !slices.Equal(h.Counts, []float64{2, 3, 4}) || h.N() != 9 {
		t.Errorf("%+v, %v", h, err)
	}
	if h, err = CumulativeHistogram([]float64{0.1, inf}, []float64{3.0000000000000004, 3}, nil); err != nil || h.Counts[1] != 0 {
		t.Errorf("rounding: %+v, %v", h, err)
	}
	for _, c := range [][2][]float64{
		{{0.1, 0.5}, {1, 2}}, {{0.1, inf}, {2, 1}}, {{0.1, inf}, {2}}, {nil, nil}, {{0.1, inf}, {1, math.NaN()}}, {{0.5, 0.1, inf}, {1, 2, 3}},
	} {
		if h, err := CumulativeHistogram(c[0], c[1], nil); err == nil {
			t.Errorf("%v: %+v", c, h)
		}
	}
}

func TestKindsAreWords(t *testing.T) {
	for _, name := range KindNames() {
		var k Kind
		if err := json.Unmarshal([]byte(`"`+name+`"`), &k); err != nil || k.String() != name {
			t.Errorf("%s: %v, %v", name, k, err)
		}
	}
	var k Kind
	if err := k.UnmarshalText([]byte("histograms")); err == nil || !strings.Contains(err.Error(), "did you mean histogram?") {
		t.Error(err)
	}
	if k.UnmarshalText([]byte("unknown")) == nil {
		t.Error("the unknown kind can be declared")
	}
}
