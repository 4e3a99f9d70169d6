package slo

import (
	"math"
	"slices"

	"github.com/seatrial/seatrial/trial"
)

// kinds counts the expected answers of one version by their status. There are
// one or two of them: a list is faster than a map.
type kinds []kind

type kind struct {
	status trial.Status16
	n      int
}

func (k *kinds) add(status trial.Status16) {
	for i := range *k {
		if (*k)[i].status == status {
			(*k)[i].n++
			return
		}
	}
	*k = append(*k, kind{status, 1})
}

func (k kinds) count(status trial.Status16) int {
	if i := slices.IndexFunc(k, func(one kind) bool { return one.status == status }); i >= 0 {
		return k[i].n
	}
	return 0
}

func (k kinds) all() int {
	n := 0
	for _, one := range k {
		n += one.n
	}
	return n
}

// Unlike is an expected answer that a candidate gives much more often than the
// baseline: a redirect to a login page, 204 in place of a page.
// Its times may be those of something else.
type Unlike struct {
	Version             string
	Status              string
	Candidate, Baseline trial.Quantity // shares of the expected answers
}

// muchUnlike is the least difference of shares that matters, and surelyUnlike by
// how many standard errors it is above chance: 1 in 30,000 is by that much.
const (
	muchUnlike   = 0.05
	surelyUnlike = 4
)

// unlike is the most marked one of each candidate that has any.
func (j *Judge) unlike() []Unlike {
	var out []Unlike
	for i := range j.versions {
		if u, ok := j.unlikeOf(i); ok {
			out = append(out, u)
		}
	}
	return out
}

func (j *Judge) unlikeOf(version int) (most Unlike, ok bool) {
	if j.baseline < 0 || version == j.baseline || j.policy.Pattern == Conformance || j.load.course.expected == nil {
		return Unlike{}, false
	}
	candidate, baseline, difference := j.load.course.expected[version], j.load.course.expected[j.baseline], 0.0
	for _, one := range candidate {
		here, there, beyond := compareShares(one.n, candidate.all(), baseline.count(one.status), baseline.all())
		if beyond && here-there > difference {
			difference = here - there
			most = Unlike{j.versions[version].Name, one.status.String(), trial.Quantity{Value: here, Unit: trial.Share}, trial.Quantity{Value: there, Unit: trial.Share}}
		}
	}
	return most, difference > 0
}

// compareShares reports whether k of n is a larger share than l of m by much, and
// by more than chance.
func compareShares(k, n, l, m int) (here, there float64, beyond bool) {
	if n == 0 || m == 0 {
		return 0, 0, false
	}
	here, there = share(k, n), share(l, m)
	both := share(k+l, n+m)
	chance := math.Sqrt(both * (1 - both) * (1/float64(n) + 1/float64(m)))
	return here, there, here-there >= math.Max(muchUnlike, surelyUnlike*chance)
}

// isElse reports whether the question is about answers that are good only because
// nobody said which are, while they are not what the baseline answers.
func (j *Judge) isElse(q *question) bool {
	if !j.policy.AnyGood || !q.series.isLoad() {
		return false
	}
	_, unlike := j.unlikeOf(q.candidate)
	return unlike
}
