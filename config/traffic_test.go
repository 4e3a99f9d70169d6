package config

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seatrial/seatrial/k8s"
)

// trafficOf loads a trial of a baseline and so many candidates.
func trafficOf(t *testing.T, candidates, traffic string) File {
	t.Helper()
	file, _, err := Load(Sources{Environ: []string{"TOKEN=t0ken-value"}, ReadFile: files(map[string]string{"seatrial.yaml": `
baseline: http://shop.prod.svc:8080
candidates: [` + candidates + `]
traffic: {route: httproute/shop, ` + traffic + `}
`})})
	if err != nil {
		t.Fatal(err)
	}
	return file
}

const (
	oneCandidate    = "http://a.prod.svc"
	threeCandidates = "http://a.prod.svc, http://b.prod.svc, http://c.prod.svc"
)

func TestOpeningSplitOfEachStrategy(t *testing.T) {
	for _, c := range []struct {
		candidates, traffic string
		want                []int
	}{
		{oneCandidate, "strategy: progressive", []int{90, 10}},
		{threeCandidates, "start: 20", []int{40, 20, 20, 20}},
		{oneCandidate, "split: [70, 30]", []int{70, 30}},
		{oneCandidate, "strategy: fixed-split, split: [50, 50]", []int{50, 50}},
		{threeCandidates, "strategy: blue-green", []int{100, 0, 0, 0}},
		{oneCandidate, "strategy: dark-launch, mirror: {percent: 10}", []int{100, 0}},
		{threeCandidates, "strategy: dark-launch, match: [{path: /beta}]", []int{0, 34, 33, 33}},
		{threeCandidates, "strategy: dark-launch, match: [{path: /beta}], split: [10, 90, 0, 0]", []int{10, 90, 0, 0}},
	} {
		if got := trafficOf(t, c.candidates, c.traffic).Opening(); !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", c.traffic, got, c.want)
		}
	}
}

func TestRoutesAreLeftToTheWinnerButForADarkLaunch(t *testing.T) {
	for traffic, want := range map[string]AtEnd{
		"strategy: progressive": ToWinner, "strategy: blue-green": ToWinner, "strategy: dark-launch, mirror: {percent: 1}": ToBaseline,
		"strategy: dark-launch, mirror: {percent: 1}, at-end: to-winner": ToWinner, "at-end: keep": Keep,
	} {
		if got := trafficOf(t, oneCandidate, traffic).Traffic.LeftTo(); got != want {
			t.Errorf("%s: %s, want %s", traffic, got, want)
		}
	}
}

func TestBackendsAreThoseOfTheURLsUnlessSaid(t *testing.T) {
	file := trafficOf(t, "{name: a, url: http://10.0.0.7}, http://b, http://c.prod.svc.cluster.local:81, http://d.svc", "backends: {a: 'a-canary:9090'}")
	want := []k8s.Backend{{Version: "baseline", Name: "shop", Port: 8080}, {Version: "a", Name: "a-canary", Port: 9090},
		{Version: "candidate-2", Name: "b"}, {Version: "candidate-3", Name: "c", Port: 81}, {Version: "candidate-4", Name: "d"}}
	if diff := cmp.Diff(want, file.Backends()); diff != "" {
		t.Error(diff)
	}
}

func TestMirrorGoesToTheOneCandidate(t *testing.T) {
	plan := trafficOf(t, oneCandidate, "strategy: dark-launch, mirror: {percent: 10}").Plan()
	if diff := cmp.Diff(k8s.Plan{Weights: []int{100, 0}, Mirror: &k8s.Mirror{To: "candidate-1", Percent: 10}}, plan); diff != "" {
		t.Error(diff)
	}
}

func TestWhatTestersSendIsShownAsItWasWritten(t *testing.T) {
	file := trafficOf(t, oneCandidate, "match: [{headers: {X-Beta: '${TOKEN}'}}]")
	written, err := file.YAML()
	if err != nil || strings.Contains(string(written), "t0ken-value") || file.Traffic.Match[0].Headers["X-Beta"] != "t0ken-value" {
		t.Errorf("%v, %v in\n%s", err, file.Traffic.Match, written)
	}
	if !slices.Contains(file.Secrets(), "t0ken-value") {
		t.Error("its value is not masked")
	}
}

func TestATrialWithoutARouteSaysNothingOfTraffic(t *testing.T) {
	if text := resolved(t, Default()); strings.Contains(text, "traffic") {
		t.Error(text)
	}
}

// A Service of the same name in another namespace is another Service.
func TestTheLoadGoesWhereTheRouteSends(t *testing.T) {
	load := func(rest string) error {
		_, _, err := Load(Sources{ReadFile: files(map[string]string{"seatrial.yaml": "baseline: http://shop.prod.svc\ncandidate: http://a.prod.svc\n" + rest})})
		return err
	}
	for rest, refused := range map[string]bool{
		"cluster: {namespace: prod}\ntraffic: {route: httproute/shop}":                                                               false,
		"traffic: {route: httproute/shop}":                                                                                           false, // the kubeconfig tells
		"cluster: {namespace: staging}\ntraffic: {route: httproute/shop}":                                                            true,
		"cluster: {namespace: prod}\ntraffic: {route: httproute/shop, namespace: staging}":                                           true,
		"cluster: {namespace: staging}\ntraffic: {route: httproute/shop, namespace: prod}":                                           false,
		"cluster: {namespace: gateways}\ntraffic: {route: httproute/shop, backends: {baseline: prod/shop, candidate: prod/a}}":       false,
		"cluster: {namespace: gateways}\ntraffic: {weights: [{object: foos.x.io/shop, jsonpath: .spec.weight, version: candidate}]}": false,
		"cluster: {namespace: staging}\n":                                                                                            false,
	} {
		err := load(rest)
		if (err != nil) != refused || refused && !strings.Contains(err.Error(), "backends: {baseline: prod/shop}") {
			t.Errorf("%s: %v", rest, err)
		}
	}
	if err := trafficOf(t, oneCandidate, "start: 10").Elsewhere("default"); err == nil || !strings.Contains(err.Error(), `namespace "prod"`) {
		t.Errorf("in the kubeconfig's namespace: %v", err)
	}
}

// What promotes in place and takes the candidate away would leave all users
// with nobody where the route was left to the candidate.
func TestWhereCommandsFollowAPassItIsSaidHowTheRouteIsLeft(t *testing.T) {
	for rest, refused := range map[string]bool{
		"traffic: {route: httproute/shop}\non: {pass: helm upgrade shop}":                                              true,
		"traffic: {route: httproute/shop, at-end: to-baseline}\non: {pass: helm upgrade shop}":                         false,
		"traffic: {route: httproute/shop, at-end: to-winner}\non: {pass: helm upgrade shop}":                           false,
		"traffic: {route: httproute/shop}\non: {pass: {notify: 'http://chat.svc/x'}, fail: undo}":                      false,
		"traffic: {route: httproute/shop, strategy: dark-launch, mirror: {percent: 5}}\non: {pass: helm upgrade shop}": false,
		"on: {pass: helm upgrade shop}": false,
	} {
		_, _, err := Load(Sources{ReadFile: files(map[string]string{"seatrial.yaml": "baseline: http://shop.prod.svc\ncandidate: http://a.prod.svc\n" + rest})})
		if (err != nil) != refused || refused && !strings.Contains(err.Error(), "say at-end: to-baseline") {
			t.Errorf("%s: %v", rest, err)
		}
	}
}

func TestNamesThatNothingInAClusterHasAreRefused(t *testing.T) {
	for text, refused := range map[string]bool{
		"cluster: {namespace: Prod}": true, "cluster: {namespace: a/b}": true, "cluster: {namespace: prod}": false,
		"traffic: {route: httproute/../shop}": true, "traffic: {route: 'httproute/shop?x=1'}": true, "traffic: {route: httproute/Shop}": true,
		"traffic: {route: httproute/shop.v1-2}": false, "traffic: {route: httproute/shop, namespace: -x}": true,
	} {
		_, _, err := Load(Sources{ReadFile: files(map[string]string{"seatrial.yaml": "baseline: http://shop.prod.svc\ncandidate: http://a.prod.svc\n" + text})})
		if got := err != nil && strings.Contains(err.Error(), "small letters"); got != refused {
			t.Errorf("%s: %v", text, err)
		}
	}
}
