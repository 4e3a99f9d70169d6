package k8s

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"
)

func cmpDiff(want, got any) string { return cmp.Diff(want, got) }

// routeOf is an object from its spec, in namespace prod.
func routeOf(t *testing.T, spec string) object {
	t.Helper()
	o := &unstructured.Unstructured{}
	text, err := yaml.YAMLToJSON([]byte("apiVersion: v1\nkind: X\nmetadata: {name: shop, namespace: prod, generation: 3}\n" + spec))
	if err != nil {
		t.Fatal(err)
	}
	if err := o.UnmarshalJSON(text); err != nil {
		t.Fatal(err)
	}
	return o
}

func wantError(t *testing.T, err error, want string) {
	t.Helper()
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("error %v, want %q", err, want)
	}
}

func TestSharesOfRoutesAsTheyAreFound(t *testing.T) {
	revisions := []Backend{{Version: "baseline", Name: "shop-00001"}, {Version: "candidate", Name: "shop-00002"}}
	latest := []Backend{{Version: "baseline", Name: "shop-00001"}, {Version: "candidate", Name: "@latest"}}
	tagged := []Backend{{Version: "baseline", Name: "stable"}, {Version: "candidate", Name: "preview"}}
	for _, c := range []struct {
		name, word string
		backends   []Backend
		spec       string
		want       []int
		err        string
	}{
		{name: "no weight is 1", word: "httproute", backends: services,
			spec: "spec: {rules: [{backendRefs: [{name: shop}, {name: shop-canary, weight: 3}]}]}", want: []int{25, 75}},
		{name: "rules differ", word: "httproute", backends: services,
			spec: "spec: {rules: [{backendRefs: [{name: shop}]}, {backendRefs: [{name: shop}, {name: shop-canary}]}]}"},
		{name: "the trial's rule without its baseline", word: "httproute", backends: services,
			spec: "spec: {rules: [{name: seatrial-match-1, backendRefs: [{name: shop-canary}]}, {backendRefs: [{name: shop}]}]}"},
		{name: "the trial's rule without its baseline", word: "virtualservice", backends: services,
			spec: "spec: {http: [{name: seatrial-match-1, route: [{destination: {host: shop-canary}}]}, {route: [{destination: {host: shop}}]}]}"},
		{name: "nothing goes anywhere", word: "httproute", backends: services,
			spec: "spec: {rules: [{backendRefs: [{name: shop, weight: 0}]}]}"},
		{name: "another port is another backend", word: "httproute", backends: []Backend{{Name: "shop", Port: 80}, {Name: "shop-canary", Port: 80}},
			spec: "spec: {rules: [{backendRefs: [{name: shop, port: 80}]}, {backendRefs: [{name: shop, port: 9090}, {name: x}]}]}", want: []int{100, 0}},
		{name: "another namespace", word: "httproute", backends: []Backend{{Name: "shop"}, {Name: "next/shop"}},
			spec: "spec: {rules: [{backendRefs: [{name: shop, namespace: prod}, {name: shop, namespace: next}]}]}", want: []int{50, 50}},
		{name: "no baseline", word: "httproute", backends: services, spec: "spec: {rules: [{backendRefs: [{name: shop-canary}]}]}", err: `no rule sends to the baseline's backend "shop"`},
		{name: "twice", word: "httproute", backends: services, spec: "spec: {rules: [{backendRefs: [{name: shop}, {name: shop}]}]}", err: "named twice"},
		{name: "negative", word: "httproute", backends: services, spec: "spec: {rules: [{backendRefs: [{name: shop, weight: -1}]}]}", err: "rule 1: weight is -1"},
		{name: "text", word: "grpcroute", backends: services, spec: "spec: {rules: nonsense}", err: "spec.rules is text where a list should be"},
		{name: "one destination gets all", word: "virtualservice", backends: services,
			spec: "spec: {http: [{route: [{destination: {host: shop}, weight: 0}]}]}", want: []int{100, 0}},
		{name: "short and long host", word: "virtualservice", backends: services,
			spec: "spec: {http: [{route: [{destination: {host: shop.prod.svc.cluster.local}, weight: 3}, {destination: {host: shop-canary}, weight: 1}]}]}", want: []int{75, 25}},
		{name: "tcp alone", word: "virtualservice", backends: services, spec: "spec: {tcp: [{route: [{destination: {host: shop}}]}]}", err: "no http rule sends"},
		{name: "no traffic is the latest", word: "ksvc", backends: revisions, spec: "spec: {}\nstatus: {latestReadyRevisionName: shop-00002}", want: []int{0, 100}},
		{name: "latest is no version", word: "ksvc", backends: revisions, spec: "spec: {}\nstatus: {latestReadyRevisionName: shop-00003}", err: `"@latest" is of no version`},
		{name: "@latest", word: "ksvc", backends: latest, spec: "spec: {traffic: [{latestRevision: true, percent: 20}, {revisionName: shop-00001, percent: 80}]}", want: []int{80, 20}},
		{name: "tags", word: "ksvc", backends: tagged, spec: "spec: {traffic: [{revisionName: a, tag: stable, percent: 70}, {revisionName: b, tag: preview, percent: 30}]}", want: []int{70, 30}},
		{name: "Services of tags", word: "ksvc", backends: []Backend{{Name: "shop-00001"}, {Name: "preview-shop"}},
			spec: "spec: {traffic: [{revisionName: shop-00001, percent: 70}, {latestRevision: true, tag: preview, percent: 30}]}", want: []int{70, 30}},
		{name: "a revision twice", word: "ksvc", backends: revisions,
			spec: "spec: {traffic: [{revisionName: shop-00001, percent: 30}, {revisionName: shop-00001, tag: stable, percent: 50}, {revisionName: shop-00002, percent: 20}]}", want: []int{80, 20}},
		{name: "no canary is all on the latest", word: "inferenceservice", backends: services, spec: "spec: {predictor: {model: {}}}", want: []int{0, 100}},
		{name: "150 passes KServe's schema", word: "inferenceservice", backends: services, spec: "spec: {predictor: {canaryTrafficPercent: 150}}", err: "from 0 to 100"},
		{name: "relative", word: "trafficsplit", backends: services, spec: "spec: {backends: [{service: shop, weight: 1000}, {service: shop-canary, weight: 500}]}", want: []int{67, 33}},
		{name: "quantities of v1alpha1", word: "trafficsplit", backends: services, spec: "spec: {backends: [{service: shop, weight: 900m}]}", err: "weight is text where a number should be"},
		{name: "no canary", word: "ingress", backends: services, spec: "spec: {}", err: "it is no canary"},
		{name: "no weight is 1", word: "traefikservice", backends: services, spec: "spec: {weighted: {services: [{name: shop}, {name: shop-canary, weight: 1}]}}", want: []int{50, 50}},
		{name: "mirroring", word: "traefikservice", backends: services, spec: "spec: {mirroring: {name: shop, mirrors: [{name: shop-canary, percent: 5}]}}", want: []int{100, 0}},
		{name: "hash", word: "traefikservice", backends: services, spec: "spec: {highestRandomWeight: {services: [{name: shop}]}}", err: "neither weighted nor mirroring"},
		{name: "no weight is 100", word: "openshiftroute", backends: services, spec: "spec: {to: {name: shop}, alternateBackends: [{name: shop-canary, weight: 100}]}", want: []int{50, 50}},
		{name: "no service", word: "openshiftroute", backends: services, spec: "spec: {}", err: "it has no spec.to"},
	} {
		t.Run(c.word+" "+c.name, func(t *testing.T) {
			r, err := routerFor(c.word)
			if err != nil {
				t.Fatal(err)
			}
			route := routeOf(t, c.spec)
			before := route.DeepCopy()
			got, err := r.shares([]object{route}, c.backends)
			if c.err != "" {
				wantError(t, err, c.err)
				return
			}
			if diff := cmp.Diff(c.want, got); diff != "" || err != nil {
				t.Errorf("%v %s", err, diff)
			}
			if diff := cmp.Diff(before.Object, route.Object); diff != "" {
				t.Errorf("reading changed the route: %s", diff)
			}
		})
	}
}

func TestWhatARouteCantDoIsAnErrorThatSaysSo(t *testing.T) {
	tester := []Match{{Headers: map[string]string{"x-tester": "yes"}}}
	cart := []Match{{Path: "/cart"}}
	cookie := []Match{{Cookies: map[string]string{"tester": "1"}}}
	mirror := &Mirror{To: "candidate", Percent: 10}
	for _, c := range []struct {
		word, spec string
		plan       Plan
		err        string
	}{
		{"httproute", "spec: {rules: [{matches: [{path: {value: /}}], backendRefs: [{name: shop}]}, {matches: [{path: {value: /cart}}], backendRefs: [{name: cart}]}]}",
			Plan{Match: []Match{{Path: "/cart/old"}}}, "would be taken from rule 2"},
		{"httproute", "spec: {rules: [{backendRefs: [{name: shop}]}, {matches: [{headers: [{name: x-team, value: a}]}], filters: [{type: RequestRedirect}]}]}",
			Plan{Match: tester}, "would be taken from rule 2, which sends elsewhere: put that rule first"},
		{"httproute", "spec: {rules: [{matches: [{path: {type: RegularExpression, value: '/c.*'}}], backendRefs: [{name: shop}]}]}",
			Plan{Match: cart}, "matches paths by RegularExpression"},
		{"httproute", "spec: {rules: [{matches: [{path: {type: Exact, value: /pay}}], backendRefs: [{name: shop}]}]}",
			Plan{Match: cart}, "no request that the route sends to the baseline can meet"},
		{"httproute", "spec: {rules: [{matches: [{headers: [{name: X-Tester, value: no-tester}]}], backendRefs: [{name: shop}]}]}",
			Plan{Match: tester}, "no request that the route sends to the baseline can meet"},
		{"httproute", "spec: {rules: [{matches: [{headers: [{name: X-Tester, type: RegularExpression, value: y.*}]}], backendRefs: [{name: shop}]}]}",
			Plan{Match: tester}, "matches header \"x-tester\" by RegularExpression"},
		{"httproute", "spec: {rules: [{matches: [{headers: [{name: cookie, value: a=b}]}], backendRefs: [{name: shop}]}]}",
			Plan{Match: cookie}, "matches the header Cookie already"},
		{"httproute", "spec: {rules: [{matches: [{path: {value: /api}}], filters: [{type: URLRewrite, urlRewrite: {path: {replacePrefixMatch: /}}}], backendRefs: [{name: shop}]}]}",
			Plan{Match: []Match{{Path: "/api/v2"}}}, "replaces the prefix of the path"},
		{"httproute", "spec: {rules: [{matches: [{path: {value: /api}}], filters: [{type: URLRewrite, urlRewrite: {path: {replacePrefixMatch: /}}}], backendRefs: [{name: shop}]}]}",
			Plan{Match: append(tester, cookie...)}, "replaces the prefix of the path"},
		{"grpcroute", "spec: {rules: [{matches: [{method: {type: RegularExpression, service: .*}}], backendRefs: [{name: shop}]}]}",
			Plan{Match: cart}, "matches methods by RegularExpression"},
		{"virtualservice", "spec: {http: [{match: [{uri: {regex: '/c.*'}}], route: [{destination: {host: shop}}]}]}",
			Plan{Match: cart}, "matches paths by a regular expression"},
		{"virtualservice", "spec: {http: [{match: [{uri: {prefix: /}}], rewrite: {uri: /v1/}, route: [{destination: {host: shop}}]}]}",
			Plan{Match: cart}, "rewrites the prefix that it matches"},
		{"virtualservice", "spec: {http: [{mirror: {host: audit}, route: [{destination: {host: shop}}]}]}",
			Plan{Mirror: mirror}, `mirrors to "audit" already`},
		{"virtualservice", "spec: {http: [{route: [{destination: {host: shop}, headers: {response: {add: {Set-Cookie: a=b}}}}]}]}",
			Plan{Sticky: &Sticky{Cookie: "v"}}, "set a cookie already"},
		{"inferenceservice", "spec: {predictor: {}}\nstatus: {components: {predictor: {latestReadyRevision: shop-canary}}}",
			Plan{}, "has had one revision only"},
		{"inferenceservice", "spec: {predictor: {}}\nstatus: {components: {predictor: {latestReadyRevision: iris-2, latestRolledoutRevision: iris-1}}}",
			Plan{}, `version "baseline" is revision "shop" in the trial and "iris-1" in the cluster`},
		{"inferenceservice", "spec: {predictor: {}}\nstatus: {deploymentMode: RawDeployment}",
			Plan{}, "its deployment mode is RawDeployment, in which KServe shares no traffic"},
		{"traefikservice", "spec: {mirroring: {name: shop, mirrors: [{name: audit, percent: 5}]}}",
			Plan{}, "mirrors to what is no version"},
		{"openshiftroute", "spec: {to: {name: shop}, tls: {termination: passthrough}}",
			Plan{Sticky: &Sticky{Cookie: "v"}}, "its TLS passes through"},
	} {
		r, err := routerFor(c.word)
		if err != nil {
			t.Fatal(err)
		}
		c.plan.Weights = []int{100, 0}
		wantError(t, r.apply([]object{routeOf(t, c.spec)}, services, c.plan), c.err)
	}
}

func TestMatchThatTakesNothingFromOtherRulesIsFine(t *testing.T) {
	tester := []Match{{Headers: map[string]string{"x-tester": "yes"}}}
	for name, c := range map[string]struct {
		spec  string
		match []Match
	}{
		"of equals the first keeps its requests": {
			"spec: {rules: [{matches: [{headers: [{name: x-team, value: a}]}], backendRefs: [{name: other}]}, {backendRefs: [{name: shop}]}]}", tester},
		"an exact path beats a prefix": {
			"spec: {rules: [{backendRefs: [{name: shop}]}, {matches: [{path: {type: Exact, value: /cart}}], backendRefs: [{name: other}]}]}", []Match{{Path: "/cart"}}},
		"no request has both values": {
			"spec: {rules: [{backendRefs: [{name: shop}]}, {matches: [{headers: [{name: X-Tester, value: no}]}], backendRefs: [{name: other}]}]}", tester},
		"no request has both methods": {
			"spec: {rules: [{matches: [{method: GET}], backendRefs: [{name: shop}]}, {matches: [{method: PUT, headers: [{name: a, value: b}]}], backendRefs: [{name: other}]}]}", tester},
		"a rule that sends to a candidate is of the trial": {
			"spec: {rules: [{backendRefs: [{name: shop}]}, {matches: [{headers: [{name: x-preview, value: a}]}], backendRefs: [{name: shop-canary}]}]}", tester},
	} {
		r, _ := routerFor("httproute")
		if err := r.apply([]object{routeOf(t, c.spec)}, services, Plan{Weights: []int{50, 50}, Match: c.match}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestCandidateIsAddedInItsOwnNamespace(t *testing.T) {
	r, _ := routerFor("httproute")
	route := routeOf(t, "spec: {rules: [{backendRefs: [{name: shop, namespace: old, port: 80}]}]}")
	backends := []Backend{{Version: "baseline", Name: "old/shop"}, {Version: "here", Name: "shop", Port: 8080}, {Version: "there", Name: "new/shop"}}
	if err := r.apply([]object{route}, backends, Plan{Weights: []int{50, 30, 20}}); err != nil {
		t.Fatal(err)
	}
	want := "[map[name:shop namespace:old port:80 weight:50] map[name:shop port:8080 weight:30] map[name:shop namespace:new port:80 weight:20]]"
	if got := fmt.Sprint(route.Object["spec"].(fields)["rules"].([]any)[0].(fields)["backendRefs"]); got != want {
		t.Error(got)
	}
}

// Who has met a bad candidate leaves it when it gets nothing more.
func TestIstioKeepsNobodyAtAVersionWithoutWeight(t *testing.T) {
	r, _ := routerFor("virtualservice")
	for candidate, want := range map[int]int{0: 2, 10: 3} {
		route := routeOf(t, "spec: {http: [{route: [{destination: {host: shop}}]}]}")
		if err := r.apply([]object{route}, services, Plan{Weights: []int{100 - candidate, candidate}, Sticky: &Sticky{Cookie: "v"}}); err != nil {
			t.Fatal(err)
		}
		if got := len(route.Object["spec"].(fields)["http"].([]any)); got != want {
			t.Errorf("%d rules with %d %% for the candidate, want %d", got, candidate, want)
		}
	}
}

func TestIstioPathsAreOfWholeElements(t *testing.T) {
	for _, c := range []struct{ uri, path, want string }{
		{"{}", "/shop", "[{exact: /shop}, {prefix: /shop/}]"},
		{"{prefix: /sh}", "/shop", "[{exact: /shop}, {prefix: /shop/}]"},
		{"{prefix: /shop/cart}", "/shop", "[{prefix: /shop/cart}]"},
		{"{prefix: /shopping}", "/shop", "[]"},
		{"{prefix: /shop/}", "/shop/", "[{prefix: /shop/}]"},
		{"{exact: /shop/cart}", "/shop", "[{exact: /shop/cart}]"},
		{"{exact: /shopping}", "/shop", "[]"},
		{"{exact: /x}", "/", "[{exact: /x}]"},
	} {
		var uri, rule fields
		var want []fields
		for text, into := range map[string]any{c.uri: &uri, c.want: &want} {
			if err := yaml.Unmarshal([]byte(text), into); err != nil {
				t.Fatal(err)
			}
		}
		rule = fields{"uri": uri}
		got, err := istioURIs(rule, c.path)
		if diff := cmp.Diff(fmt.Sprint(want), fmt.Sprint(got)); diff != "" || err != nil {
			t.Errorf("%s and %s: %v %s", c.uri, c.path, err, diff)
		}
	}
}

func TestIstioHeaderIsNarrowedToOneValue(t *testing.T) {
	for match, want := range map[string]bool{
		"{}": true, "{exact: beta}": true, "{exact: bet}": false, "{prefix: be}": true, "{prefix: a}": false, "{regex: 'b.t.'}": true, "{regex: b}": false,
	} {
		var has fields
		if err := yaml.Unmarshal([]byte(match), &has); err != nil {
			t.Fatal(err)
		}
		headers := fields{"x-group": has}
		got, err := istioHeader(headers, "x-group", "beta")
		if err != nil || got != want || got && headers["x-group"].(fields)["exact"] != "beta" {
			t.Errorf("%s: %v %v %v", match, got, err, headers)
		}
	}
}

func TestGRPCPathsAreServicesAndMethods(t *testing.T) {
	for _, c := range []struct{ has, path, want string }{
		{"{}", "/shop.Cart", "{method: {type: Exact, service: shop.Cart}}"},
		{"{}", "/shop.Cart/Add", "{method: {type: Exact, service: shop.Cart, method: Add}}"},
		{"{method: {service: shop.Cart}}", "/shop.Cart/Add", "{method: {type: Exact, service: shop.Cart, method: Add}}"},
		{"{method: {service: shop.Cart, method: Add}}", "/shop.Cart/", "{method: {type: Exact, service: shop.Cart, method: Add}}"},
		{"{method: {service: shop.Cart, method: Add}}", "/shop.Cart/Drop", ""},
		{"{method: {service: shop.Pay}}", "/shop.Cart", ""},
	} {
		var has, want fields
		for text, into := range map[string]any{c.has: &has, c.want: &want} {
			if err := yaml.Unmarshal([]byte(text), into); err != nil {
				t.Fatal(err)
			}
		}
		got, ok, err := grpcBoth(has, Match{Path: c.path})
		if diff := cmp.Diff(fmt.Sprint(want), fmt.Sprint(got)); ok != (c.want != "") || ok && diff != "" || err != nil {
			t.Errorf("%s and %s: %v %v %s", c.has, c.path, ok, err, diff)
		}
	}
}

func TestKnativeTagsKeepTheirAddressAndGetNothing(t *testing.T) {
	r, _ := routerFor("ksvc")
	service := routeOf(t, "spec: {traffic: [{revisionName: a, tag: old, percent: 60}, {revisionName: a, percent: 40}, {revisionName: b, tag: new}]}")
	backends := []Backend{{Version: "baseline", Name: "a"}, {Version: "candidate", Name: "b"}}
	if err := r.apply([]object{service}, backends, Plan{Weights: []int{95, 5}}); err != nil {
		t.Fatal(err)
	}
	want := "[map[percent:0 revisionName:a tag:old] map[percent:95 revisionName:a] map[percent:5 revisionName:b tag:new]]"
	if got := fmt.Sprint(service.Object["spec"].(fields)["traffic"]); got != want {
		t.Error(got)
	}
}

func TestKnativeRevisionThatWasTheLatestIsPinned(t *testing.T) {
	r, _ := routerFor("ksvc")
	service := routeOf(t, "spec: {traffic: [{latestRevision: true, percent: 100}]}\nstatus: {latestReadyRevisionName: shop-00002}")
	backends := []Backend{{Version: "baseline", Name: "shop-00001"}, {Version: "candidate", Name: "shop-00002"}}
	if err := r.apply([]object{service}, backends, Plan{Weights: []int{95, 5}}); err != nil {
		t.Fatal(err)
	}
	want := "[map[latestRevision:false percent:5 revisionName:shop-00002] map[latestRevision:false percent:95 revisionName:shop-00001]]"
	if got := fmt.Sprint(service.Object["spec"].(fields)["traffic"]); got != want {
		t.Error(got)
	}
}

func TestDestinationRuleMustHaveTheVersionsSubsets(t *testing.T) {
	backends := []Backend{{Version: "baseline", Name: "shop/stable"}, {Version: "candidate", Name: "shop/canary"}}
	for spec, want := range map[string]string{
		"spec: {host: shop, subsets: [{name: stable}, {name: canary}]}":                        "",
		"spec: {host: shop.prod.svc.cluster.local, subsets: [{name: stable}, {name: canary}]}": "",
		"spec: {host: shop, subsets: [{name: stable}]}":                                        `destinationrule/shop: it has no subset "canary"`,
		"spec: {host: pay, subsets: [{name: stable}, {name: canary}]}":                         `it is of host "pay"`,
	} {
		r, _ := routerFor("virtualservice")
		objects := []object{routeOf(t, "spec: {http: [{route: [{destination: {host: shop, subset: stable}}]}]}"), routeOf(t, spec)}
		err := r.apply(objects, backends, Plan{Weights: []int{100, 0}, Sticky: &Sticky{Cookie: "v"}})
		if want != "" {
			wantError(t, err, want)
		} else if err != nil {
			t.Error(err)
		}
	}
}

func TestDestinationRulesAreOfTheHostsWhoseSubsetsAreVersions(t *testing.T) {
	r, _ := routerFor("virtualservice")
	route := routeOf(t, "spec: {}")
	sticky := &Sticky{Cookie: "v"}
	for _, c := range []struct {
		baseline, candidate string
		sticky              *Sticky
		want, err           string
	}{
		{"shop/stable", "shop/canary", sticky, "shop", ""},
		{"shop/stable", "shop/canary", nil, "", ""},
		{"shop", "shop-canary", sticky, "", ""},
		{"shop/a", "next.prod.svc.cluster.local/b", sticky, "shop next", ""},
		{"shop/a", "shop.next.svc.cluster.local/b", sticky, "", "in another namespace"},
	} {
		parts, err := r.others(route, []Backend{{Name: c.baseline}, {Name: c.candidate}}, c.sticky)
		if c.err != "" {
			wantError(t, err, c.err)
			continue
		}
		var names []string
		for _, p := range parts {
			names = append(names, p.name)
		}
		if got := strings.Join(names, " "); got != c.want || err != nil {
			t.Errorf("%+v: %s, %v", c, got, err)
		}
	}
}

func TestIstioMirrorsTheBaselinesTrafficAlone(t *testing.T) {
	r, _ := routerFor("virtualservice")
	route := routeOf(t, "spec: {http: [{route: [{destination: {host: shop}}]}]}")
	p := Plan{Weights: []int{50, 50}, Sticky: &Sticky{Cookie: "v"}, Mirror: &Mirror{To: "candidate", Percent: 5}}
	if err := r.apply([]object{route}, services, p); err != nil {
		t.Fatal(err)
	}
	rules, _ := listAt(route.Object, "spec", "http")
	for i, want := range []bool{true, false, true} { // who bears the baseline's cookie, the candidate's, none
		if got := rules[i]["mirror"] != nil; got != want {
			t.Errorf("rule %d mirrors: %v", i+1, got)
		}
	}
}

func TestIstioSubsetBecomesAHost(t *testing.T) {
	r, _ := routerFor("virtualservice")
	route := routeOf(t, "spec: {http: [{route: [{destination: {host: shop, subset: stable}}]}]}")
	backends := []Backend{{Version: "baseline", Name: "shop/stable"}, {Version: "candidate", Name: "next", Port: 8080}}
	if err := r.apply([]object{route}, backends, Plan{Weights: []int{90, 10}}); err != nil {
		t.Fatal(err)
	}
	want := "[map[destination:map[host:shop subset:stable] weight:90] map[destination:map[host:next port:map[number:8080]] weight:10]]"
	if got := fmt.Sprint(route.Object["spec"].(fields)["http"].([]any)[0].(fields)["route"]); got != want {
		t.Error(got)
	}
}

func TestIngressMustBeTheCandidatesCanary(t *testing.T) {
	const sends = "spec: {rules: [{http: {paths: [{backend: {service: {name: %s, port: {number: 80}}}}]}}]}"
	r, _ := routerFor("ingress")
	for spec, want := range map[string]string{
		fmt.Sprintf(sends, "shop-canary"): "",
		fmt.Sprintf(sends, "shop"):        `it sends to "shop", and the candidate's backend is "shop-canary"`,
		"spec: {rules: []}":               "no rule that sends to the candidate's backend",
	} {
		route := routeOf(t, spec)
		route.SetAnnotations(map[string]string{canaryMark: "true", canaryWeight: "5"})
		got, err := r.shares([]object{route}, services)
		if want != "" {
			wantError(t, err, want)
		} else if err != nil || !cmp.Equal(got, []int{95, 5}) {
			t.Errorf("%v %v", got, err)
		}
	}
}

func TestIngressKeepsSomebodysWayToTryTheCandidate(t *testing.T) {
	r, _ := routerFor("ingress")
	route := routeOf(t, "spec: {rules: [{http: {paths: [{backend: {service: {name: shop-canary}}}]}}]}")
	route.SetAnnotations(map[string]string{canaryMark: "true", canaryHeader: "x-preview"})
	if err := r.apply([]object{route}, services, Plan{Weights: []int{90, 10}}); err != nil {
		t.Fatal(err)
	}
	got, err := r.shares([]object{route}, services)
	if err != nil || !cmp.Equal(got, []int{90, 10}) || route.GetAnnotations()[canaryHeader] != "x-preview" {
		t.Errorf("%v %v %v", got, err, route.GetAnnotations())
	}
}

func TestOpenShiftCookiesAreTurnedOnForStickyUsers(t *testing.T) {
	r, _ := routerFor("openshiftroute")
	route := routeOf(t, "spec: {to: {name: shop}}")
	route.SetAnnotations(map[string]string{haproxyNoCookies: "true"})
	if err := r.apply([]object{route}, services, Plan{Weights: []int{90, 10}}); err != nil || route.GetAnnotations()[haproxyNoCookies] != "true" {
		t.Errorf("%v %v", err, route.GetAnnotations())
	}
	if err := r.apply([]object{route}, services, Plan{Weights: []int{90, 10}, Sticky: &Sticky{Cookie: "v"}}); err != nil || route.GetAnnotations()[haproxyNoCookies] != "" {
		t.Errorf("%v %v", err, route.GetAnnotations())
	}
}

// As KServe's reconciler has it: a latest revision that is rolled out already
// is shared with the one rolled out before it.
func TestInferenceServiceTakesBackWhatIsRolledOut(t *testing.T) {
	r, _ := routerFor("inferenceservice")
	service := routeOf(t, "spec: {predictor: {}}\nstatus: {components: {predictor: {latestReadyRevision: b, latestRolledoutRevision: b, previousRolledoutRevision: a}}}")
	if err := r.apply([]object{service}, []Backend{{Version: "baseline", Name: "a"}, {Version: "candidate", Name: "b"}}, Plan{Weights: []int{90, 10}}); err != nil {
		t.Error(err)
	}
}

func TestThreeVersions(t *testing.T) {
	for word, spec := range map[string]string{
		"httproute":      "spec: {rules: [{backendRefs: [{name: shop}]}]}",
		"grpcroute":      "spec: {rules: [{backendRefs: [{name: shop}]}]}",
		"virtualservice": "spec: {http: [{route: [{destination: {host: shop}}]}]}",
		"ksvc":           "spec: {traffic: [{revisionName: shop, percent: 100}]}",
		"trafficsplit":   "spec: {backends: [{service: shop, weight: 1}]}",
		"traefikservice": "spec: {weighted: {services: [{name: shop, port: 80}]}}",
		"openshiftroute": "spec: {to: {kind: Service, name: shop}}",
	} {
		r, _ := routerFor(word)
		route := routeOf(t, spec)
		for _, weights := range [][]int{{100, 0, 0}, {50, 30, 20}, {0, 1, 99}} {
			if err := r.apply([]object{route}, three, Plan{Weights: weights}); err != nil {
				t.Fatalf("%s: %v", word, err)
			}
			got, err := r.shares([]object{route}, three)
			if diff := cmp.Diff(weights, got); diff != "" || err != nil {
				t.Errorf("%s: %v %s", word, err, diff)
			}
		}
	}
}
