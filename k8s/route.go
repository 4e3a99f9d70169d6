package k8s

import (
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// Backend is where a route sends a version's traffic: a Service, a subset, a
// revision, whatever the kind of route shares traffic among. The first of a
// trial's backends is its baseline's.
type Backend struct {
	Version string // Version.Name of the trial
	Name    string // as the route names it: "shop-canary", "other/shop" in another namespace, "shop/canary" for a subset
	Port    int    // 0: the port that the route has already, or the only one
}

// Plan is how a route is to share its traffic. Weights go with the backends.
type Plan struct {
	Weights []int   // percent of each backend; they sum to 100
	Match   []Match // only requests that meet one of these are shared; others go to the baseline. None: all are
	Mirror  *Mirror // nil: nothing is mirrored to a version
	Sticky  *Sticky // nil: the route's own way of keeping users, if it has one, stays
}

// Match is met by a request that has everything it names.
type Match struct {
	Headers map[string]string `yaml:"headers"` // exact values
	Cookies map[string]string `yaml:"cookies"` // exact values
	Path    string            `yaml:"path"`    // prefix of whole elements: /shop is met by /shop/cart, not by /shopping
}

// Mirror copies a part of the requests that no match singles out, whoever
// answers them, to a version whose answers nobody gets.
type Mirror struct {
	To      string `yaml:"to"`      // Version.Name
	Percent int    `yaml:"percent"` // 1 to 100
}

// Sticky keeps a user with the version that he met first.
type Sticky struct {
	Cookie string `yaml:"cookie"` // name of a cookie that the gateway sets
	Header string `yaml:"header"` // or of a header that it sets and that clients send back
}

// object is a resource as the API server has it.
type object = *unstructured.Unstructured

// router knows one kind of route. Its functions are pure: they are given deep
// copies, and only the fields in owns may differ afterwards. None of them
// panics, whatever the objects hold.
type router struct {
	word  string           // of the kind in trial files: "httproute"
	group schema.GroupKind // its versions are the API server's to prefer
	can   abilities

	// limits says what of a plan the kind can't do though it has the ability;
	// nil where there is nothing of the sort.
	limits func(p Plan) error

	// needs are features that not everything that carries such a route has, and
	// that Cluster.supported asks for before a plan is applied; nil where there
	// are none.
	needs func(route object, p Plan) []string

	// owns are the fields that a trial changes, as paths of keys: what its note
	// keeps, what is compared to see another hand, what goes back. A field that
	// was not there before is taken away again, and so is what holds it if that
	// was not there either.
	owns [][]string

	// others names further objects that a plan changes as well, in the order in
	// which apply gets them after the route; nil where there are none. They do
	// not hang on the weights, but on whether users are kept.
	others func(route object, backends []Backend, s *Sticky) ([]part, error)

	// shares reads each backend's percent from the live objects, the route
	// first. It is nil where the route has no one split: its rules differ, or
	// nothing goes anywhere.
	shares func(objects []object, backends []Backend) ([]int, error)

	// apply writes the plan into the objects, which are as they were before the
	// trial or as an earlier plan left them. After an error they are to be thrown away.
	apply func(objects []object, backends []Backend, p Plan) error

	// live reports whether the controller has taken the route's present state to
	// heart, and else one sentence; nil where nothing tells.
	live func(route object) (bool, string)
}

// part is a further object of a route.
type part struct {
	group schema.GroupKind
	name  string
	owns  [][]string
}

// routers are the kinds of routes. A new one is a file and a line.
func routers() []router {
	return []router{
		httpRoute(),
		grpcRoute(),
		virtualService(),
		ksvc(),
		inferenceService(),
		trafficSplit(),
		ingress(),
		traefikService(),
		openshiftRoute(),
		weights(nil),
	}
}

// routerFor finds a kind of route by its word or by kind.group. It checks what
// it is given before it looks at an object.
func routerFor(word string) (router, error) {
	var known []string
	for _, r := range routers() {
		if word == r.word || r.group.Kind != "" && strings.EqualFold(word, r.group.String()) {
			return r.checked(), nil
		}
		known = append(known, r.word)
	}
	return router{}, fmt.Errorf("there is no route of kind %q; there are %s", word, list(known))
}

func (r router) checked() router {
	shares, apply := r.shares, r.apply
	r.shares = func(objects []object, backends []Backend) ([]int, error) {
		if err := r.checkBackends(backends); err != nil {
			return nil, err
		}
		return shares(objects, backends)
	}
	r.apply = func(objects []object, backends []Backend, p Plan) error {
		if err := r.check(backends, p); err != nil {
			return err
		}
		return apply(objects, backends, p)
	}
	return r
}
