package k8s

import (
	"fmt"
	"slices"
	"strings"
)

// abilities are what a kind of route can do besides sharing by weight.
type abilities struct {
	versions int  // the most that it can share among; 0: any number
	unnamed  bool // knows its versions without the names of backends
	headers  bool
	cookies  bool
	paths    bool
	mirror   bool
	byCookie bool // keeps users by a cookie that the gateway sets
	byHeader bool // or by a header
}

// CheckPlan says, before anything is sent, what is wrong with a plan or what a
// kind of route can't do of it, and which kinds can.
func CheckPlan(word string, backends []Backend, p Plan) error {
	r, err := routerFor(word)
	if err != nil {
		return err
	}
	return r.check(backends, p)
}

func (r router) check(backends []Backend, p Plan) error {
	if err := r.checkBackends(backends); err != nil {
		return err
	}
	if err := checkWeights(p.Weights, len(backends)); err != nil {
		return err
	}
	for _, m := range p.Match {
		if err := r.checkMatch(m); err != nil {
			return err
		}
	}
	if err := r.checkMirror(p.Mirror, backends); err != nil {
		return err
	}
	if err := r.checkSticky(p.Sticky); err != nil || r.limits == nil {
		return err
	}
	return r.limits(p)
}

func (r router) checkBackends(backends []Backend) error {
	if len(backends) < 2 {
		return fmt.Errorf("traffic is shared among two versions or more, and here are %d", len(backends))
	}
	if most := r.can.versions; most > 0 && len(backends) > most {
		return fmt.Errorf("%s shares among %d versions at most, and here are %d; any number can %s", r.word, most, len(backends),
			whoCan(func(a abilities) bool { return a.versions == 0 }))
	}
	for i, b := range backends {
		if b.Name == "" && r.can.unnamed {
			continue
		}
		if b.Name == "" {
			return fmt.Errorf("version %q has no backend of the route: name its service", b.Version)
		}
		if b.Port < 0 || b.Port > 65535 {
			return fmt.Errorf("backend %q: there is no port %d", b.Name, b.Port)
		}
		for _, other := range backends[:i] {
			if other.Name == b.Name && (other.Port == b.Port || other.Port == 0 || b.Port == 0) {
				return fmt.Errorf("versions %q and %q have the same backend %q: traffic can't be shared between them", other.Version, b.Version, b.Name)
			}
		}
	}
	return nil
}

func checkWeights(weights []int, n int) error {
	if len(weights) != n {
		return fmt.Errorf("%d weights for %d versions", len(weights), n)
	}
	sum := 0
	for _, w := range weights {
		if w < 0 || w > 100 {
			return fmt.Errorf("weights %v: each is a percentage from 0 to 100", weights)
		}
		sum += w
	}
	if sum != 100 {
		return fmt.Errorf("weights %v sum to %d, not to 100", weights, sum)
	}
	return nil
}

func (r router) checkMatch(m Match) error {
	if len(m.Headers) == 0 && len(m.Cookies) == 0 && m.Path == "" {
		return fmt.Errorf("a match names nothing: give it headers, cookies or a path, or leave match away to share all requests")
	}
	if m.Path != "" && !strings.HasPrefix(m.Path, "/") {
		return fmt.Errorf("match of path %q: a path begins with /", m.Path)
	}
	for _, names := range []map[string]string{m.Headers, m.Cookies} {
		for name := range names {
			if !isToken(name) {
				return fmt.Errorf("match of %q: this is no name of a header or cookie", name)
			}
		}
	}
	if len(m.Headers) > 0 && !r.can.headers {
		return r.cant("match headers", func(a abilities) bool { return a.headers })
	}
	if len(m.Cookies) > 0 && !r.can.cookies {
		return r.cant("match cookies", func(a abilities) bool { return a.cookies })
	}
	if m.Path != "" && !r.can.paths {
		return r.cant("match paths", func(a abilities) bool { return a.paths })
	}
	return nil
}

func (r router) checkMirror(m *Mirror, backends []Backend) error {
	if m == nil {
		return nil
	}
	if !r.can.mirror {
		return r.cant("mirror", func(a abilities) bool { return a.mirror })
	}
	if m.Percent < 1 || m.Percent > 100 {
		return fmt.Errorf("mirror %d %%: it is a percentage from 1 to 100", m.Percent)
	}
	i := slices.IndexFunc(backends, func(b Backend) bool { return b.Version == m.To })
	if i < 0 {
		return fmt.Errorf("mirror to %q: no version has this name; there are %s", m.To, list(versionsOf(backends)))
	}
	if i == 0 {
		return fmt.Errorf("mirror to %q: this is the baseline, whose traffic is mirrored; name a candidate", m.To)
	}
	return nil
}

func (r router) checkSticky(s *Sticky) error {
	if s == nil {
		return nil
	}
	if (s.Cookie == "") == (s.Header == "") {
		return fmt.Errorf("sticky takes either a cookie or a header")
	}
	if name := s.Cookie + s.Header; !isToken(name) {
		return fmt.Errorf("sticky by %q: this is no name of a header or cookie", name)
	}
	if s.Cookie != "" && !r.can.byCookie {
		return r.cant("keep users by a cookie", func(a abilities) bool { return a.byCookie })
	}
	if s.Header != "" && !r.can.byHeader {
		return r.cant("keep users by a header", func(a abilities) bool { return a.byHeader })
	}
	return nil
}

func (r router) cant(do string, able func(abilities) bool) error {
	return fmt.Errorf("%s can't %s; %s can", r.word, do, whoCan(able))
}

func whoCan(able func(abilities) bool) string {
	var words []string
	for _, r := range routers() {
		if able(r.can) {
			words = append(words, r.word)
		}
	}
	return list(words)
}

func versionsOf(backends []Backend) []string {
	var names []string
	for _, b := range backends {
		names = append(names, b.Version)
	}
	return names
}

// list is a, b and c.
func list(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	last := len(words) - 1
	return strings.Join(words[:last], ", ") + " and " + words[last]
}

// isToken: RFC 9110, §5.6.2, which RFC 6265 takes for the names of cookies too.
func isToken(name string) bool {
	for _, c := range name {
		letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
		if !letter && !strings.ContainsRune("!#$%&'*+-.^_`|~", c) {
			return false
		}
	}
	return name != ""
}
