package loadgen

import (
	"cmp"
	"net/http"
	"strings"

	"github.com/seatrial/seatrial/trial"
)

// Identify is how versions behind one address are told apart: by a header of
// their answers.
type Identify struct {
	Header string            `yaml:"header"`
	Values map[string]string `yaml:"values"` // by the version's name
}

// Value is what the header says where this version answered: as given, else
// the version's label, else its name.
func (i Identify) Value(t Target) string {
	if value, given := i.Values[t.Name]; given {
		return value
	}
	return cmp.Or(t.Version, t.Name)
}

// identity finds the version that an answer names.
type identity struct {
	header   string // canonical
	versions map[string]uint8
}

// newIdentity is nil where each version has an address of its own.
func newIdentity(o Options, targets []Target) *identity {
	if o.Identify == nil {
		return nil
	}
	i := &identity{http.CanonicalHeaderKey(o.Identify.Header), map[string]uint8{}}
	for v, t := range targets {
		i.versions[o.Identify.Value(t)] = uint8(v)
	}
	return i
}

// of is the version that an answer names in its header, or trial.Nobody and
// what it says instead. An answer that names several names nobody.
func (i *identity) of(said []string) (version uint8, instead []string) {
	if len(said) == 1 {
		if v, known := i.versions[said[0]]; known {
			return v, nil
		}
	}
	return trial.Nobody, said
}

// said shows what an answer said of who gave it.
func (i *identity) said(values []string) string {
	if len(values) == 0 {
		return "no header " + i.header
	}
	return i.header + ": " + strings.Join(values, ", ")
}

// gateway is the one target that is asked where answers tell versions apart.
func (o Options) gateway() Target { return Target{Name: "the gateway", URL: o.URL} }
