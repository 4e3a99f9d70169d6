package slo

import (
	"fmt"
	"slices"
	"strings"

	"github.com/seatrial/seatrial/trial"
)

// unnamedAnswers watches, where a gateway picks who answers, whether answers
// tell the versions apart at all.
type unnamedAnswers struct {
	requests int                     // in judged rounds
	all      int                     // of these, answered by nobody known
	good     int                     // of these, answered as expected
	named    []int                   // of each version
	expected []float64               // of each version, by assigned weights; nil where none were
	statuses map[trial.Status16]bool // of the good ones
	said     []trial.Example         // what answers said that named nobody
}

const (
	// fewStrangers, and this share of all requests, may be answered as expected
	// by nobody known: a cache, an answer to another path of the gateway.
	fewStrangers   = 10
	strangersShare = 0.01
	// enoughAsked is how many requests a version should have had before its
	// silence means something: by chance, e^−20.
	enoughAsked = 20.0
	// enoughUnassigned is the same for all requests where nobody told a version's
	// part of them: one of 2 % would stay away by chance with e^−20.
	enoughUnassigned = 1000
)

// unnamed counts a round's requests that nobody is known to have answered, and
// those of them that were answered as expected.
func unnamed(r trial.Round) (all, good int) {
	for _, q := range r.Requests {
		if q.Version == trial.Nobody {
			all++
			if q.Status.OK() {
				good++
			}
		}
	}
	return all, good
}

// heard keeps what answers said; they say it once, in the warm-up too.
func (u *unnamedAnswers) heard(r trial.Round) {
	for _, e := range r.Examples {
		if e.Version == "" {
			u.said = append(u.said, e)
		}
	}
}

func (u *unnamedAnswers) add(r trial.Round, versions int) {
	if u.named == nil {
		u.named, u.statuses = make([]int, versions), map[trial.Status16]bool{}
	}
	all, good := unnamed(r)
	u.requests, u.all, u.good = u.requests+len(r.Requests), u.all+all, u.good+good
	for _, q := range r.Requests {
		if q.Version != trial.Nobody {
			u.named[q.Version]++
		} else if q.Status.OK() {
			u.statuses[q.Status] = true
		}
	}
	if r.Weights == nil {
		return
	}
	if u.expected == nil {
		u.expected = make([]float64, versions)
	}
	total := 0
	for _, w := range r.Weights {
		total += w
	}
	for v, w := range r.Weights {
		u.expected[v] += share(w, max(total, 1)) * float64(len(r.Requests))
	}
}

// broken says why answers don't tell the versions apart; empty while they do.
func (u *unnamedAnswers) broken(versions []trial.Version) string {
	if u.good > fewStrangers && float64(u.good) > strangersShare*float64(u.requests) {
		return fmt.Sprintf("%d of %d requests were answered as expected, but by no version of this trial (%s): "+
			"is there another version behind the gateway, or is load.identify mistaken?", u.good, u.requests, u.words())
	}
	for v, n := range u.named {
		if n == 0 && u.silent(v) {
			return fmt.Sprintf("none of %d answers named %s: does it get traffic, and is its value in load.identify right?", u.requests, versions[v].Name)
		}
	}
	return ""
}

// silent reports whether a version that no answer named should have given some.
// One that has failed from the start is charged with that instead, if it is known
// how much of the traffic was to be its own.
func (u *unnamedAnswers) silent(v int) bool {
	if u.expected == nil {
		return u.requests >= enoughUnassigned
	}
	return u.expected[v] >= enoughAsked && float64(u.all) < u.expected[v]/2
}

// mostWords is as many kinds of answer as one sentence holds.
const mostWords = 3

// words are what answers said that were expected of somebody else: untrusted.
func (u *unnamedAnswers) words() string {
	var words []string
	for _, e := range u.said {
		isGood := func(s trial.Status16) bool { return s.String() == e.Status }
		if u.anyStatus(isGood) && !slices.Contains(words, e.Text) {
			words = append(words, e.Text)
		}
	}
	if more := len(words) - mostWords; more > 0 {
		words = append(words[:mostWords], fmt.Sprintf("and %d more", more))
	}
	return strings.Join(words, "; ")
}

func (u *unnamedAnswers) anyStatus(holds func(trial.Status16) bool) bool {
	for s := range u.statuses {
		if holds(s) {
			return true
		}
	}
	return false
}

// answered are the requests that each version gave an answer to; nil where each
// has an address of its own.
func (j *Judge) answered() []int {
	if !j.policy.OneAddress {
		return nil
	}
	return slices.Clone(j.unnamed.named)
}
