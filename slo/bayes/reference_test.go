package bayes

import (
	"encoding/csv"
	"math"
	"os"
	"strconv"
	"testing"
)

// reference returns the lines of testdata/reference.csv that are about the function:
// five arguments and two results, NaN where there are fewer.
func reference(t *testing.T, function string) [][7]float64 {
	t.Helper()
	file, err := os.Open("testdata/reference.csv")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	records, err := csv.NewReader(file).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var lines [][7]float64
	for _, record := range records {
		if record[0] != function {
			continue
		}
		var line [7]float64
		for i, cell := range record[1:] {
			line[i] = math.NaN()
			if cell == "" {
				continue
			}
			if line[i], err = strconv.ParseFloat(cell, 64); err != nil {
				t.Fatal(err)
			}
		}
		lines = append(lines, line)
	}
	if len(lines) == 0 {
		t.Fatalf("reference.csv has no line about %s", function)
	}
	return lines
}

// near says whether got is want to within tolerance, absolute or relative. NaN is
// near nothing.
func near(want, got, tolerance float64) bool {
	return want == got || math.Abs(want-got) <= tolerance*math.Max(1, math.Abs(want))
}

func TestLnRegIncBetaReference(t *testing.T) {
	for _, r := range reference(t, "lnRegIncBeta") {
		if got := lnRegIncBeta(r[0], 1-r[0], r[1], r[2]); !near(r[5], got, 1e-10) {
			t.Errorf("lnRegIncBeta(%v, %v, %v) = %.15g, want %.15g, off by %.2g", r[0], r[1], r[2], got, r[5], got-r[5])
		}
	}
}

func TestShareReference(t *testing.T) {
	for _, r := range reference(t, "Share") {
		above, below := Share(r[0], r[1], r[2])
		if !near(r[5], above, 1e-10) || !near(r[6], below, 1e-10) {
			t.Errorf("Share(%v, %v, %v) = %.15g, %.15g, want %.15g, %.15g, off by %.2g, %.2g",
				r[0], r[1], r[2], above, below, r[5], r[6], above-r[5], below-r[6])
		}
	}
}

func TestContrastReference(t *testing.T) {
	for _, r := range reference(t, "Contrast") {
		above, below := Contrast{N: r[0], Mean: r[1], Centered: r[2]}.Evidence()
		allowed := 1e-10 * max(1, math.Abs(r[5]), math.Abs(r[6]))
		if !(math.Abs(above-r[5]) <= allowed) || !(math.Abs(below-r[6]) <= allowed) {
			t.Errorf("Contrast{%v, %v, %v} gives %.15g, %.15g, want %.15g, %.15g, off by %.2g, %.2g",
				r[0], r[1], r[2], above, below, r[5], r[6], above-r[5], below-r[6])
		}
	}
}

func TestShareDifferenceReference(t *testing.T) {
	for _, r := range reference(t, "ShareDifference") {
		above, below := ShareDifference(r[0], r[1], r[2], r[3], r[4])
		if !near(r[5], above, 1e-10) || !near(r[6], below, 1e-10) {
			t.Errorf("ShareDifference(%v, %v, %v, %v, %v) = %.15g, %.15g, want %.15g, %.15g, off by %.2g, %.2g",
				r[0], r[1], r[2], r[3], r[4], above, below, r[5], r[6], above-r[5], below-r[6])
		}
	}
}

func TestPosteriorReference(t *testing.T) {
	one := func(v float64) [2]float64 { return [2]float64{v, math.NaN()} }
	two := func(lo, hi float64) [2]float64 { return [2]float64{lo, hi} }
	contrast := func(r [7]float64) Contrast { return Contrast{N: r[0], Mean: r[1], Centered: r[2]} }
	for _, f := range []struct {
		name      string
		tolerance float64
		of        func(r [7]float64) [2]float64
	}{
		{"StudentWithin", 1e-10, func(r [7]float64) [2]float64 { return one(StudentWithin(contrast(r))) }},
		{"StudentInterval", 1e-9, func(r [7]float64) [2]float64 { return two(StudentInterval(contrast(r), r[3])) }},
		{"BetaWithin", 1e-10, func(r [7]float64) [2]float64 { return one(BetaWithin(r[0], r[1], r[2])) }},
		{"BetaInterval", 1e-9, func(r [7]float64) [2]float64 { return two(BetaInterval(r[0], r[1], r[2])) }},
		{"OrderInterval", 1e-9, func(r [7]float64) [2]float64 { return two(OrderInterval(r[0], r[1], r[2])) }},
		{"DifferenceWithin", 1e-7, func(r [7]float64) [2]float64 { return one(DifferenceWithin(r[0], r[1], r[2], r[3], r[4])) }},
		{"DifferenceInterval", 1e-5, func(r [7]float64) [2]float64 { return two(DifferenceInterval(r[0], r[1], r[2], r[3], r[4])) }},
	} {
		for _, r := range reference(t, f.name) {
			got := f.of(r)
			for i, want := range r[5:] {
				if !math.IsNaN(want) && !(math.Abs(got[i]-want) <= f.tolerance*scale(r)) {
					t.Errorf("%s%v: result %d is %.15g, want %.15g, off by %.2g", f.name, r[:5], i, got[i], want, got[i]-want)
				}
			}
		}
	}
}

// scale is what the error of a result is held against: the width of an interval, 1 for
// a probability.
func scale(r [7]float64) float64 {
	if math.IsNaN(r[6]) {
		return 1
	}
	return r[6] - r[5]
}
