package k8s

import (
	"fmt"
	"net/url"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/runtime/schema"
)

// virtualService is Istio's VirtualService, networking.istio.io. The first
// rule of http that matches takes a request. A backend is a host, or
// host/subset of its DestinationRule.
//
// https://istio.io/latest/docs/reference/config/networking/virtual-service/
//
// Istio chooses a destination by weight for each request anew, and a
// consistent hash chooses only among that destination's pods (istio/istio
// issue 9764). So a user is kept with a version by a cookie that the version's
// answers set, and by rules that send its bearers back; the hash in the
// DestinationRule of the subsets then keeps him at a pod.
func virtualService() router {
	return router{
		word:   "virtualservice",
		group:  schema.GroupKind{Group: "networking.istio.io", Kind: "VirtualService"},
		can:    abilities{headers: true, cookies: true, paths: true, mirror: true, byCookie: true},
		limits: istioLimits,
		owns:   [][]string{{"spec", "http"}},
		others: istioDestinationRules,
		shares: istioShares,
		apply:  istioApply,
	}
}

// istioLimits: a rule can ask a Cookie header for one pattern.
func istioLimits(p Plan) error {
	for _, m := range p.Match {
		if p.Sticky != nil && len(m.Cookies) > 0 {
			return fmt.Errorf("virtualservice can't match a cookie and keep users by another: match headers or a path, or leave sticky away")
		}
	}
	return oneCookie(p)
}

const (
	istioAdded   = "seatrial-"           // begins the names of rules that a trial adds
	istioMatched = istioAdded + "match-" // for requests that match
	istioStick   = istioAdded + "stick-" // for users that have met a version
)

// istioRule is a rule with the place of each version's destination in it.
type istioRule struct {
	fields
	routes []fields
	at     []int // index in routes for each backend, or -1
}

func (r istioRule) named(prefix string) bool {
	name, _ := r.fields["name"].(string)
	return strings.HasPrefix(name, prefix)
}

// istioRules reads the rules of a VirtualService, and which of them send to
// the baseline: those are moved. A rule that sends to other versions alone is
// somebody's way to try them out, and keeps its traffic.
func istioRules(service object, backends []Backend) (rules []istioRule, moved []bool, err error) {
	items, err := listAt(service.Object, "spec", "http")
	if err != nil {
		return nil, nil, err
	}
	for i, item := range items {
		rule, err := istioRuleOf(item, service.GetNamespace(), backends)
		if err != nil {
			return nil, nil, fmt.Errorf("http rule %d: %w", i+1, err)
		}
		rules = append(rules, rule)
		moved = append(moved, rule.at[0] >= 0)
	}
	if !slices.Contains(moved, true) {
		return nil, nil, fmt.Errorf("no http rule sends to the baseline's backend %q", backends[0].Name)
	}
	return rules, moved, nil
}

func istioRuleOf(item fields, namespace string, backends []Backend) (istioRule, error) {
	rule := istioRule{fields: item, at: slices.Repeat([]int{-1}, len(backends))}
	var err error
	if rule.routes, err = listAt(item, "route"); err != nil {
		return rule, err
	}
	strange, elsewhere := "", false
	for i, route := range rule.routes {
		to, err := mapAt(route, "destination")
		if err != nil {
			return rule, err
		}
		v, name, err := istioBackend(to, namespace, backends)
		switch {
		case err != nil:
			return rule, err
		case v < 0:
			strange, elsewhere = name, true
		case rule.at[v] >= 0:
			return rule, namedTwice(name)
		default:
			rule.at[v] = i
		}
	}
	if rule.at[0] >= 0 && elsewhere {
		return rule, strangeBackend(strange, backends)
	}
	return rule, nil
}

// istioBackend is the version of a destination, or -1, and its name.
func istioBackend(to fields, namespace string, backends []Backend) (int, string, error) {
	host, err := textAt(to, "host")
	if err != nil {
		return -1, "", err
	}
	subset, err := textAt(to, "subset")
	if err != nil {
		return -1, "", err
	}
	port, err := mapAt(to, "port")
	if err != nil {
		return -1, "", err
	}
	number, err := countAt(port, "number", 0)
	if err != nil {
		return -1, "", err
	}
	name := host
	if subset != "" {
		name += "/" + subset
	}
	return slices.IndexFunc(backends, func(b Backend) bool {
		bHost, bSubset, _ := strings.Cut(b.Name, "/")
		return bSubset == subset && istioHost(bHost, namespace) == istioHost(host, namespace) &&
			(b.Port == 0 || number == 0 || b.Port == number)
	}), name, nil
}

// istioHost: a name without dots is a service of the rule's namespace.
func istioHost(host, namespace string) string {
	if strings.Contains(host, ".") || namespace == "" {
		return host
	}
	return host + "." + namespace + ".svc.cluster.local"
}

func istioShares(objects []object, backends []Backend) ([]int, error) {
	rules, moved, err := istioRules(objects[0], backends)
	if err != nil {
		return nil, err
	}
	matched := slices.ContainsFunc(rules, func(r istioRule) bool { return r.named(istioMatched) })
	var splits [][]int
	for i, rule := range rules {
		if !moved[i] || rule.named(istioStick) || matched && !rule.named(istioMatched) {
			continue
		}
		split, err := weightsAt(rule.routes, rule.at, 0)
		if err != nil {
			return nil, fmt.Errorf("http rule %d: %w", i+1, err)
		}
		if len(rule.routes) == 1 { // it gets everything, whatever its weight
			split = make([]int, len(backends))
			split[0] = 100
		}
		splits = append(splits, split)
	}
	return oneSplit(splits), nil
}

func istioApply(objects []object, backends []Backend, p Plan) error {
	service := objects[0]
	if err := istioPlain(service); err != nil {
		return err
	}
	rules, moved, err := istioRules(service, backends)
	if err != nil {
		return err
	}
	var out []fields
	met := false
	for i, rule := range rules {
		if !moved[i] {
			out = append(out, rule.fields)
			continue
		}
		w := istioWriter{namespace: service.GetNamespace(), backends: backends, plan: p, number: i + 1}
		written, matched, err := w.write(rule)
		if err != nil {
			return fmt.Errorf("http rule %d: %w", i+1, err)
		}
		met = met || matched
		out = append(out, written...)
	}
	if len(p.Match) > 0 && !met {
		return fmt.Errorf("no request that the route sends to the baseline can meet a match of the trial")
	}
	service.Object["spec"].(fields)["http"] = anyList(out)
	return istioHashes(objects[1:], backends, p)
}

// istioPlain takes away the rules that an earlier plan has added.
func istioPlain(service object) error {
	items, err := listAt(service.Object, "spec", "http")
	if err != nil || items == nil {
		return err
	}
	items = slices.DeleteFunc(items, func(item fields) bool { return istioRule{fields: item}.named(istioAdded) })
	service.Object["spec"].(fields)["http"] = anyList(items)
	return nil
}

// istioWriter writes one moved rule by a plan.
type istioWriter struct {
	namespace string
	backends  []Backend
	plan      Plan
	number    int // of the rule
}

// write is the rule by the plan, after those that it needs before it.
func (w istioWriter) write(rule istioRule) (written []fields, matched bool, err error) {
	matches, err := istioMatches(rule, w.plan.Match)
	if err != nil {
		return nil, false, err
	}
	if err := w.mirror(rule, nil); err != nil {
		return nil, false, err
	}
	split := rule
	if len(matches) > 0 {
		split = w.copyOf(rule, fmt.Sprintf("%s%d", istioMatched, w.number))
		split.fields["match"] = anyList(matches)
	}
	if err := w.mirror(rule, w.plan.Mirror); err != nil {
		return nil, false, err
	}
	if len(w.plan.Match) > 0 {
		baseline := make([]int, len(w.backends))
		baseline[0] = 100
		w.weigh(rule, baseline)
		written = []fields{rule.fields}
		if len(matches) == 0 {
			return written, false, nil
		}
	}
	split = w.share(split)
	sticks, err := w.stick(split)
	if err != nil {
		return nil, false, err
	}
	return append(append(sticks, split.fields), written...), len(matches) > 0, nil
}

func (w istioWriter) copyOf(rule istioRule, name string) istioRule {
	out := istioRule{fields: copyOf(rule.fields), at: slices.Clone(rule.at)}
	out.routes, _ = listAt(out.fields, "route")
	out.fields["name"] = name
	return out
}

// weigh writes the weights of the destinations that a rule has.
func (w istioWriter) weigh(rule istioRule, weights []int) {
	for v, at := range rule.at {
		if at >= 0 {
			rule.routes[at]["weight"] = int64(weights[v])
		}
	}
}

// share writes all weights, and adds the destinations that the rule has not:
// like the baseline's, but for host, subset and port.
func (w istioWriter) share(rule istioRule) istioRule {
	for v, at := range rule.at {
		if at >= 0 {
			continue
		}
		route := copyOf(rule.routes[rule.at[0]])
		route["destination"] = w.destination(rule, v)
		rule.at[v] = len(rule.routes)
		rule.routes = append(rule.routes, route)
	}
	w.weigh(rule, w.plan.Weights)
	rule.fields["route"] = anyList(rule.routes)
	return rule
}

func (w istioWriter) destination(rule istioRule, v int) fields {
	like := rule.at[0]
	if rule.at[v] >= 0 {
		like = rule.at[v]
	}
	out := copyOf(rule.routes[like]["destination"].(fields))
	host, subset, _ := strings.Cut(w.backends[v].Name, "/")
	has, _ := out["host"].(string)
	if istioHost(has, w.namespace) != istioHost(host, w.namespace) {
		out["host"] = host
	}
	delete(out, "subset")
	if subset != "" {
		out["subset"] = subset
	}
	if port := w.backends[v].Port; port > 0 {
		out["port"] = fields{"number": int64(port)}
	}
	return out
}

// mirror makes the rule mirror to the plan's version and to no other; mirrors
// to what is no version stay.
func (w istioWriter) mirror(rule istioRule, m *Mirror) error {
	to, err := mapAt(rule.fields, "mirror")
	if err != nil {
		return err
	}
	if to != nil {
		v, name, err := istioBackend(to, w.namespace, w.backends)
		if err != nil {
			return err
		}
		if v < 0 && m != nil {
			return fmt.Errorf("it mirrors to %q already: write that as one of its mirrors, then one more can stand beside it", name)
		}
		if v >= 0 {
			for _, key := range []string{"mirror", "mirrorPercentage", "mirrorPercent", "mirror_percent"} {
				delete(rule.fields, key)
			}
		}
	}
	mirrors, err := w.strangeMirrors(rule)
	if err != nil || m == nil {
		return err
	}
	v := slices.IndexFunc(w.backends, func(b Backend) bool { return b.Version == m.To })
	percentage := fields{"value": int64(m.Percent)}
	if mirrors == nil {
		rule.fields["mirror"], rule.fields["mirrorPercentage"] = w.destination(rule, v), percentage
		return nil
	}
	rule.fields["mirrors"] = anyList(append(mirrors, fields{"destination": w.destination(rule, v), "percentage": percentage}))
	return nil
}

// strangeMirrors are the rule's mirrors once those to versions are taken away.
func (w istioWriter) strangeMirrors(rule istioRule) ([]fields, error) {
	mirrors, err := listAt(rule.fields, "mirrors")
	if err != nil || mirrors == nil {
		return nil, err
	}
	kept := []fields{}
	for _, m := range mirrors {
		to, err := mapAt(m, "destination")
		if err != nil {
			return nil, err
		}
		v, _, err := istioBackend(to, w.namespace, w.backends)
		if err != nil {
			return nil, err
		}
		if v < 0 {
			kept = append(kept, m)
		}
	}
	rule.fields["mirrors"] = anyList(kept)
	return kept, nil
}

// stick makes each version's answers set the cookie, and is one rule for each
// version, for users that bear its value. A version without weight keeps
// nobody: who has met a bad candidate leaves it with the others.
func (w istioWriter) stick(split istioRule) ([]fields, error) {
	if w.plan.Sticky == nil {
		return nil, nil
	}
	cookie := w.plan.Sticky.Cookie
	var out []fields
	for v, b := range w.backends {
		value := url.QueryEscape(b.Version)
		if err := setCookie(split.routes[split.at[v]], cookie+"=", value+"; Path=/"); err != nil {
			return nil, err
		}
		if w.plan.Weights[v] == 0 {
			continue
		}
		rule := w.copyOf(split, fmt.Sprintf("%s%d-%d", istioStick, w.number, v))
		if v > 0 { // it is the baseline's traffic that is mirrored
			if err := w.mirror(rule, nil); err != nil {
				return nil, err
			}
		}
		route := rule.routes[rule.at[v]]
		route["weight"] = int64(100)
		rule.fields["route"] = []any{route}
		matches, err := istioMatches(rule, []Match{{Cookies: map[string]string{cookie: value}}})
		if err != nil {
			return nil, err
		}
		rule.fields["match"] = anyList(matches)
		out = append(out, rule.fields)
	}
	return out, nil
}

func setCookie(route fields, name, value string) error {
	add, err := mapInto(route, "headers", "response", "add")
	if err != nil {
		return err
	}
	if has, _ := add["Set-Cookie"].(string); add["Set-Cookie"] != nil && !strings.HasPrefix(has, name) {
		return fmt.Errorf("its answers set a cookie already, and Istio can add one")
	}
	add["Set-Cookie"] = name + value
	return nil
}
