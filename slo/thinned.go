package slo

// thinned is a course over time of which no more points are kept than a chart
// needs: when they become many, neighbours are averaged, and those to come as many
// at a time.
type thinned[T any] struct {
	mean   func(near []T) T
	at     []float64 // seconds: when the first of each point's rounds began
	points []T
	each   int // rounds of a point; 0 before the first
	latest []T // of the point that is not whole yet
	warmup int // rounds
}

// mostKept is as many points as are kept: each round's own, in four minutes of load.
const mostKept = 4 * mostPoints

func (t *thinned[T]) add(at float64, warmup bool, x T) {
	t.each = max(t.each, 1)
	if len(t.latest) == 0 {
		if len(t.points) == mostKept {
			t.halve()
		}
		t.at = append(t.at, at)
	}
	if t.latest = append(t.latest, x); len(t.latest) == t.each {
		t.points, t.latest = append(t.points, t.mean(t.latest)), t.latest[:0]
	}
	if warmup {
		t.warmup++
	}
}

func (t *thinned[T]) halve() {
	for i := range len(t.points) / 2 {
		t.at[i], t.points[i] = t.at[2*i], t.mean(t.points[2*i:2*i+2])
	}
	t.at, t.points, t.each = t.at[:mostKept/2], t.points[:mostKept/2], 2*t.each
}

// shown averages neighbouring points until there are so many at most; warmup is how
// many of these are of the warm-up.
func (t *thinned[T]) shown(most int) (at []float64, points []T, warmup int) {
	all := t.points
	if len(t.latest) > 0 {
		all = append(all[:len(all):len(all)], t.mean(t.latest))
	}
	if len(all) == 0 {
		return nil, nil, 0
	}
	every := (len(all) + most - 1) / most
	for from := 0; from < len(all); from += every {
		at, points = append(at, t.at[from]), append(points, t.mean(all[from:min(from+every, len(all))]))
	}
	return at, points, t.warmup / (every * t.each)
}
