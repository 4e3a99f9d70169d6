package k8s

import (
	"strings"
	"testing"
)

func TestPlanIsCheckedBeforeAnythingIsSent(t *testing.T) {
	half := []int{50, 50}
	header := []Match{{Headers: map[string]string{"x-tester": "yes"}}}
	for _, c := range []struct {
		word     string
		backends []Backend
		plan     Plan
		want     string
	}{
		{"httproute", services, Plan{Weights: half}, ""},
		{"httproute", services, Plan{Weights: []int{50, 51}}, "sum to 101, not to 100"},
		{"httproute", services, Plan{Weights: []int{-50, 150}}, "each is a percentage from 0 to 100"},
		{"inferenceservice", services, Plan{Weights: []int{-50, 150}}, "each is a percentage from 0 to 100"},
		{"httproute", services, Plan{Weights: []int{100}}, "1 weights for 2 versions"},
		{"httproute", services[:1], Plan{Weights: []int{100}}, "two versions or more, and here are 1"},
		{"httproute", []Backend{services[0], services[0]}, Plan{Weights: half}, `have the same backend "shop"`},
		{"httproute", []Backend{services[0], {Version: "candidate"}}, Plan{Weights: half}, `version "candidate" has no backend of the route`},
		{"httproute", []Backend{services[0], {Version: "candidate", Name: "x", Port: 70000}}, Plan{Weights: half}, "there is no port 70000"},
		{"ingress", three, Plan{Weights: []int{50, 25, 25}}, "ingress shares among 2 versions at most, and here are 3; any number can httproute"},
		{"inferenceservice", three, Plan{Weights: []int{50, 25, 25}}, "among 2 versions at most"},
		{"openshiftroute", three, Plan{Weights: []int{50, 25, 25}}, ""},
		{"ksvc", services, Plan{Weights: half, Mirror: &Mirror{To: "candidate", Percent: 5}}, "ksvc can't mirror; httproute, grpcroute, virtualservice and traefikservice can"},
		{"trafficsplit", services, Plan{Weights: half, Match: header}, "trafficsplit can't match headers; httproute, grpcroute, virtualservice and ingress can"},
		{"ingress", services, Plan{Weights: half, Match: []Match{{Path: "/cart"}}}, "ingress can't match paths; httproute, grpcroute and virtualservice can"},
		{"traefikservice", services, Plan{Weights: half, Match: []Match{{Cookies: map[string]string{"a": "b"}}}}, "traefikservice can't match cookies"},
		{"httproute", services, Plan{Weights: half, Match: []Match{{}}}, "a match names nothing"},
		{"httproute", services, Plan{Weights: half, Match: []Match{{Path: "cart"}}}, "a path begins with /"},
		{"httproute", services, Plan{Weights: half, Match: []Match{{Headers: map[string]string{"x y": "1"}}}}, "no name of a header or cookie"},
		{"httproute", services, Plan{Weights: half, Match: []Match{{Cookies: map[string]string{"a": "1", "b": "2"}}}}, "names 2 cookies"},
		{"httproute", services, Plan{Weights: half, Mirror: &Mirror{To: "candidate"}}, "mirror 0 %"},
		{"httproute", services, Plan{Weights: half, Mirror: &Mirror{To: "canary", Percent: 1}}, `no version has this name; there are baseline and candidate`},
		{"httproute", services, Plan{Weights: half, Mirror: &Mirror{To: "baseline", Percent: 1}}, "this is the baseline"},
		{"httproute", services, Plan{Weights: half, Sticky: &Sticky{}}, "either a cookie or a header"},
		{"httproute", services, Plan{Weights: half, Sticky: &Sticky{Cookie: "a", Header: "b"}}, "either a cookie or a header"},
		{"httproute", services, Plan{Weights: half, Sticky: &Sticky{Cookie: "a=b"}}, "no name of a header or cookie"},
		{"virtualservice", services, Plan{Weights: half, Sticky: &Sticky{Header: "x-user"}}, "virtualservice can't keep users by a header; httproute and grpcroute can"},
		{"ksvc", services, Plan{Weights: half, Sticky: &Sticky{Cookie: "a"}}, "ksvc can't keep users by a cookie; httproute, grpcroute, virtualservice, traefikservice and openshiftroute can"},
		{"virtualservice", services, Plan{Weights: half, Sticky: &Sticky{Cookie: "a"}, Match: []Match{{Cookies: map[string]string{"b": "1"}}}}, "can't match a cookie and keep users by another"},
		{"ingress", services, Plan{Weights: half, Match: header}, "with a match the weights are 0 and 100 or 100 and 0, not [50 50]; httproute, grpcroute and virtualservice can share them"},
		{"ingress", services, Plan{Weights: []int{0, 100}, Match: []Match{{Cookies: map[string]string{"a": "yes"}}}}, `asks for the value "always"`},
		{"ingress", services, Plan{Weights: []int{0, 100}, Match: append(header, header...)}, "one header and one cookie at most"},
		{"ingress", services, Plan{Weights: []int{0, 100}, Match: []Match{{Headers: map[string]string{"a": "1", "b": "1"}}}}, "names one header or one cookie"},
		{"traefikservice", services, Plan{Weights: half, Mirror: &Mirror{To: "candidate", Percent: 5}}, "either mirrors or shares: with a mirror the baseline has 100, not 50; httproute, grpcroute and virtualservice can do both"},
		{"traefikservice", services, Plan{Weights: []int{100, 0}, Mirror: &Mirror{To: "candidate", Percent: 5}, Sticky: &Sticky{Cookie: "a"}}, "leave sticky away"},
	} {
		err := CheckPlan(c.word, c.backends, c.plan)
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s %v %+v:\n%v\nwant %q", c.word, c.backends, c.plan, err, c.want)
		}
	}
}

func TestRouteIsFoundByKindAndGroup(t *testing.T) {
	for word, want := range map[string]string{
		"route.route.openshift.io":            "openshiftroute",
		"service.serving.knative.dev":         "ksvc",
		"HTTPRoute.gateway.networking.k8s.io": "httproute",
		"inferenceservice.serving.kserve.io":  "inferenceservice",
		"virtualservice.networking.istio.io":  "virtualservice",
		"ingress.networking.k8s.io":           "ingress",
		"trafficsplit.split.smi-spec.io":      "trafficsplit",
		"traefikservice.traefik.io":           "traefikservice",
		"grpcroute.gateway.networking.k8s.io": "grpcroute",
	} {
		if r, err := routerFor(word); err != nil || r.word != want {
			t.Errorf("%s: %s, %v", word, r.word, err)
		}
	}
	if _, err := routerFor(""); err == nil {
		t.Error("no word at all is a kind of route")
	}
}

func TestPercentsSumTo100(t *testing.T) {
	for _, c := range []struct{ weights, want []int }{
		{[]int{1, 1, 1}, []int{34, 33, 33}},
		{[]int{9, 1}, []int{90, 10}},
		{[]int{2, 1}, []int{67, 33}},
		{[]int{0, 7}, []int{0, 100}},
		{[]int{999, 1}, []int{100, 0}},
		{[]int{0, 0}, nil},
		{[]int{1, 1, 1, 1, 1, 1, 1}, []int{15, 15, 14, 14, 14, 14, 14}},
		{[]int{mostWeight, mostWeight}, []int{50, 50}},
	} {
		if diff := cmpDiff(c.want, percents(c.weights)); diff != "" {
			t.Errorf("%v: %s", c.weights, diff)
		}
	}
}
