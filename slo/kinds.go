package slo

import (
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

// muchUnlike is the least difference of shares that a reader must know of, and
// fewestAnswers are what such a share is taken of.
const (
	muchUnlike    = 0.05
	fewestAnswers = 20
)

// unlike is the most marked one of each candidate that has any.
func (j *Judge) unlike() []Unlike {
	if j.baseline < 0 || j.policy.Pattern == Conformance || j.load.course.expected == nil {
		return nil
	}
	var out []Unlike
	baseline := j.load.course.expected[j.baseline]
	for i, candidate := range j.load.course.expected {
		if i == j.baseline || min(candidate.all(), baseline.all()) < fewestAnswers {
			continue
		}
		most, found := 0.0, Unlike{}
		for _, one := range candidate {
			here, there := share(one.n, candidate.all()), share(baseline.count(one.status), baseline.all())
			if here-there > most {
				most = here - there
				found = Unlike{j.versions[i].Name, one.status.String(), trial.Quantity{Value: here, Unit: trial.Share}, trial.Quantity{Value: there, Unit: trial.Share}}
			}
		}
		if most >= muchUnlike {
			out = append(out, found)
		}
	}
	return out
}
