package k8s

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seatrial/seatrial/trial"
)

func TestOrders(t *testing.T) {
	three := []string{"baseline", "a", "b"}
	for text, want := range map[string]trial.Order{
		"pause":                {Kind: trial.Pause},
		" resume ":             {Kind: trial.Resume},
		"end 70/20/10":         {Kind: trial.End, Weights: []int{70, 20, 10}},
		"end 0%/0%/100%":       {Kind: trial.End, Weights: []int{0, 0, 100}},
		"end b=30":             {Kind: trial.End, Weights: []int{70, 0, 30}},
		"end a=25, b=25":       {Kind: trial.End, Weights: []int{50, 25, 25}},
		"end baseline=100":     {Kind: trial.End, Weights: []int{100, 0, 0}},
		"end baseline=0,b=100": {Kind: trial.End, Weights: []int{0, 0, 100}},
	} {
		got, err := parseOrder(text, three)
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("%q: %v\n%s", text, err, diff)
		}
	}
}

func TestMalformedOrders(t *testing.T) {
	for text, want := range map[string]string{
		"":                            `there are "pause", "resume" and "end SPLIT"`,
		"stop":                        `there are "pause", "resume" and "end SPLIT"`,
		"pause now":                   `there are "pause", "resume" and "end SPLIT"`,
		"end":                         `there are "pause", "resume" and "end SPLIT"`,
		"end 70":                      "1 percentages for 2 versions (baseline/candidate)",
		"end 70/20":                   "sum to 90, not 100",
		"end 130/-30":                 "130 is no percentage",
		"end a/b":                     `"a" is no whole percentage`,
		"end 33.3/66.7":               `"33.3" is no whole percentage`,
		"end canary=5":                `no version "canary"; there are baseline, candidate`,
		"end candidate=5,candidate=6": `"candidate" twice`,
		"end candidate=101":           "-1 is no percentage",
		"end baseline=50":             "sum to 50, not 100",
	} {
		order, err := parseOrder(text, []string{"baseline", "candidate"})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, %v", text, order, err)
		}
	}
}
