package k8s

import (
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// Backend is where a route sends a version's traffic: a Service, a subset, a
// revision, whatever the kind of route shares traffic among.
type Backend struct {
	Version string // Version.Name of the trial
	Name    string // as the route names it: "shop-canary", "shop/canary" for a subset
	Port    int    // 0: the port that the route has already, or the only one
}

// Plan is how a route is to share its traffic. Weights go with the backends.
type Plan struct {
	Weights []int   // percent of each backend; they sum to 100
	Match   []Match // only requests that meet one of these are shared; others go to the baseline. None: all are
	Mirror  *Mirror // nil: nothing is mirrored
	Sticky  *Sticky // nil: each request is shared anew
}

// Match is met by a request that has everything it names.
type Match struct {
	Headers map[string]string `yaml:"headers"` // exact values
	Cookies map[string]string `yaml:"cookies"` // exact values
	Path    string            `yaml:"path"`    // prefix
}

// Mirror copies a part of the baseline's traffic to a version, whose answers
// nobody gets.
type Mirror struct {
	To      string `yaml:"to"`      // Version.Name
	Percent int    `yaml:"percent"` // 1 to 100
}

// Sticky keeps a user with the version that he met first.
type Sticky struct {
	Cookie string `yaml:"cookie"` // name of a cookie that the gateway sets
	Header string `yaml:"header"` // or of a header that tells users apart
}

// object is a resource as the API server has it.
type object = *unstructured.Unstructured

// router knows one kind of route. Its functions are pure: they are given deep
// copies, and only the fields in owns may differ afterwards.
type router struct {
	word  string           // of the kind in trial files: "httproute"
	group schema.GroupKind // its versions are the API server's to prefer

	// owns are the fields that a trial changes, as paths of keys: what its note
	// keeps, what is compared to see another hand, what goes back.
	owns [][]string

	// others names further objects that a plan changes as well, in the order in
	// which apply gets them; nil where there are none.
	others func(route object, backends []Backend) ([]part, error)

	// shares reads each backend's percent from the live objects, the route first.
	shares func(objects []object, backends []Backend) ([]int, error)

	// apply writes the plan into the objects. What the kind can't do is an error
	// that says so and names the way out.
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
