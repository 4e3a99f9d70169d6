package k8s

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/runtime/schema"
)

// matchedRule begins the names of the rules that a trial adds for requests
// that match. Rules have names since Gateway API 1.4.
const matchedRule = "seatrial-match-"

// gateway is what HTTPRoute and GRPCRoute have in common: rules of matches,
// filters and backendRefs. They differ in what a match may ask.
type gateway struct {
	all fields // the match that a rule without any has

	// both is a match that asks what each of the two asks, false if no request can.
	both func(rule fields, m Match) (fields, bool, error)

	// rank orders matches as the Gateway API does: of two that a request meets,
	// the one with the larger rank takes it, and of equals the earlier rule's.
	rank func(match fields) []int

	// apart is true where no request can meet both matches of rules.
	apart func(a, b fields) bool
}

func (g gateway) router(word, kind string) router {
	return router{
		word:   word,
		group:  schema.GroupKind{Group: gatewayGroup, Kind: kind},
		can:    abilities{headers: true, cookies: true, paths: true, mirror: true, byCookie: true, byHeader: true},
		limits: oneCookie,
		needs:  gatewayNeeds,
		owns:   [][]string{{"spec", "rules"}},
		shares: gatewayShares,
		apply:  g.apply,
		live:   gatewayLive,
	}
}

// gatewayRule is a rule with the place of each version's backendRef in it.
type gatewayRule struct {
	fields
	namespace string // of the route
	refs      []fields
	at        []int // index in refs for each backend, or -1
	elsewhere bool  // some requests go to what is no version, or get a redirect
}

// gatewayRules reads the rules of a route, and which of them send to the
// baseline: those are moved. A rule that sends to other versions alone is
// somebody's way to try them out, and keeps its traffic.
func gatewayRules(route object, backends []Backend) (rules []gatewayRule, moved []bool, err error) {
	items, err := listAt(route.Object, "spec", "rules")
	if err != nil {
		return nil, nil, err
	}
	for i, item := range items {
		rule, err := gatewayRuleOf(item, route.GetNamespace(), backends)
		if err != nil {
			return nil, nil, fmt.Errorf("rule %d: %w", i+1, err)
		}
		rules = append(rules, rule)
		moved = append(moved, rule.at[0] >= 0)
	}
	if !slices.Contains(moved, true) {
		return nil, nil, fmt.Errorf("no rule sends to the baseline's backend %q", backends[0].Name)
	}
	return rules, moved, nil
}

func gatewayRuleOf(item fields, namespace string, backends []Backend) (gatewayRule, error) {
	rule := gatewayRule{fields: item, namespace: namespace, at: slices.Repeat([]int{-1}, len(backends))}
	refs, err := listAt(item, "backendRefs")
	if err != nil {
		return rule, err
	}
	rule.refs, rule.elsewhere = refs, len(refs) == 0
	strange := ""
	for i, ref := range refs {
		name, port, err := gatewayRef(ref, namespace)
		if err != nil {
			return rule, err
		}
		v := backendIndex(backends, name, port)
		switch {
		case v < 0:
			rule.elsewhere, strange = true, name
		case rule.at[v] >= 0:
			return rule, namedTwice(name)
		default:
			rule.at[v] = i
		}
	}
	if rule.at[0] >= 0 && rule.elsewhere {
		return rule, strangeBackend(strange, backends)
	}
	return rule, nil
}

// strangeBackend: shares of a rule that also sends elsewhere could not sum to
// 100 percent among the versions.
func strangeBackend(name string, backends []Backend) error {
	return fmt.Errorf("backend %q is of no version of the trial (%s): make it a version, or take it out of this rule",
		name, list(backendNames(backends)))
}

func backendNames(backends []Backend) []string {
	var names []string
	for _, b := range backends {
		names = append(names, b.Name)
	}
	return names
}

func backendIndex(backends []Backend, name string, port int) int {
	return slices.IndexFunc(backends, func(b Backend) bool {
		return b.Name == name && (b.Port == 0 || port == 0 || b.Port == port)
	})
}

func gatewayRef(ref fields, namespace string) (name string, port int, err error) {
	if name, err = textAt(ref, "name"); err != nil {
		return "", 0, err
	}
	other, err := textAt(ref, "namespace")
	if err != nil {
		return "", 0, err
	}
	if other != "" && other != namespace {
		name = other + "/" + name
	}
	port, err = countAt(ref, "port", 0)
	return name, port, err
}

func gatewayShares(objects []object, backends []Backend) ([]int, error) {
	rules, moved, err := gatewayRules(objects[0], backends)
	if err != nil {
		return nil, err
	}
	added := slices.ContainsFunc(rules, gatewayRule.added)
	var splits [][]int
	for i, rule := range rules {
		if !moved[i] || added && !rule.added() {
			continue
		}
		weights := make([]int, len(backends))
		for v, at := range rule.at {
			if at < 0 {
				continue
			}
			if weights[v], err = countAt(rule.refs[at], "weight", 1); err != nil {
				return nil, fmt.Errorf("rule %d: %w", i+1, err)
			}
		}
		splits = append(splits, percents(weights))
	}
	return oneSplit(splits), nil
}

// oneSplit is the split that all rules have, nil where they differ or where
// there are none: somebody may have taken the baseline out of a trial's rule.
func oneSplit(splits [][]int) []int {
	if len(splits) == 0 {
		return nil
	}
	for _, s := range splits {
		if !slices.Equal(s, splits[0]) {
			return nil
		}
	}
	return splits[0]
}

func (r gatewayRule) added() bool {
	name, _ := r.fields["name"].(string)
	return strings.HasPrefix(name, matchedRule)
}

func (g gateway) apply(objects []object, backends []Backend, p Plan) error {
	route := objects[0]
	if err := gatewayPlain(route); err != nil {
		return err
	}
	rules, moved, err := gatewayRules(route, backends)
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
		matched, err := g.matched(rules, i, p.Match)
		if err != nil {
			return fmt.Errorf("rule %d: %w", i+1, err)
		}
		written, err := gatewayWrite(rule, matched, fmt.Sprintf("%s%d", matchedRule, i+1), backends, p)
		if err != nil {
			return fmt.Errorf("rule %d: %w", i+1, err)
		}
		met = met || matched != nil
		out = append(out, written...)
	}
	if len(p.Match) > 0 && !met {
		return fmt.Errorf("no request that the route sends to the baseline can meet a match of the trial")
	}
	route.Object["spec"].(fields)["rules"] = anyList(out)
	return nil
}

// gatewayPlain takes away the rules that an earlier plan has added.
func gatewayPlain(route object) error {
	items, err := listAt(route.Object, "spec", "rules")
	if err != nil || items == nil {
		return err
	}
	items = slices.DeleteFunc(items, func(item fields) bool { return gatewayRule{fields: item}.added() })
	route.Object["spec"].(fields)["rules"] = anyList(items)
	return nil
}

// gatewayWrite is a moved rule by the plan: itself, and before it the one for
// requests that match, if any can.
func gatewayWrite(rule gatewayRule, matched []fields, name string, backends []Backend, p Plan) ([]fields, error) {
	if err := gatewayMirror(rule, backends, p.Mirror); err != nil {
		return nil, err
	}
	if len(p.Match) == 0 {
		gatewaySplit(rule, backends, p.Weights)
		gatewaySticky(rule.fields, p.Sticky)
		return []fields{rule.fields}, nil
	}
	baseline := make([]int, len(backends))
	baseline[0] = 100
	if matched == nil {
		gatewayWeights(rule, baseline)
		return []fields{rule.fields}, nil
	}
	added := gatewayRule{fields: copyOf(rule.fields), namespace: rule.namespace, at: slices.Clone(rule.at)}
	added.refs, _ = listAt(added.fields, "backendRefs")
	if err := gatewayMirror(added, backends, nil); err != nil {
		return nil, err
	}
	gatewaySplit(added, backends, p.Weights)
	gatewaySticky(added.fields, p.Sticky)
	added.fields["matches"], added.fields["name"] = anyList(matched), name
	gatewayWeights(rule, baseline)
	return []fields{added.fields, rule.fields}, nil
}

// gatewayWeights writes the weights of the backends that a rule has.
func gatewayWeights(rule gatewayRule, weights []int) {
	for v, at := range rule.at {
		if at >= 0 {
			rule.refs[at]["weight"] = int64(weights[v])
		}
	}
}

// gatewaySplit writes all weights, and adds the backends that a rule has not:
// like the baseline's, but for name and port.
func gatewaySplit(rule gatewayRule, backends []Backend, weights []int) {
	gatewayWeights(rule, weights)
	for v, at := range rule.at {
		if at >= 0 {
			continue
		}
		ref := copyOf(rule.refs[rule.at[0]])
		gatewayName(ref, backends[v])
		ref["weight"] = int64(weights[v])
		rule.refs = append(rule.refs, ref)
	}
	rule.fields["backendRefs"] = anyList(rule.refs)
}

func gatewayName(ref fields, b Backend) {
	if namespace, name, ok := strings.Cut(b.Name, "/"); ok {
		ref["namespace"], ref["name"] = namespace, name
	} else {
		delete(ref, "namespace")
		ref["name"] = b.Name
	}
	if b.Port > 0 {
		ref["port"] = int64(b.Port)
	}
}

// gatewayMirror makes the rule mirror to the plan's version and to no other;
// mirrors to what is no version stay.
func gatewayMirror(rule gatewayRule, backends []Backend, m *Mirror) error {
	filters, err := listAt(rule.fields, "filters")
	if err != nil {
		return err
	}
	kept := []fields{}
	for _, f := range filters {
		to, err := mapAt(f, "requestMirror", "backendRef")
		if err != nil {
			return err
		}
		name, port, err := gatewayRef(to, rule.namespace)
		if err != nil {
			return err
		}
		if to == nil || backendIndex(backends, name, port) < 0 {
			kept = append(kept, f)
		}
	}
	if m != nil {
		kept = append(kept, gatewayMirrorFilter(rule, backends, m))
	}
	if len(kept) != len(filters) || m != nil {
		rule.fields["filters"] = anyList(kept)
	}
	if len(kept) == 0 && len(filters) > 0 {
		delete(rule.fields, "filters")
	}
	return nil
}

func gatewayMirrorFilter(rule gatewayRule, backends []Backend, m *Mirror) fields {
	to := slices.IndexFunc(backends, func(b Backend) bool { return b.Version == m.To })
	like := rule.refs[rule.at[0]]
	if at := rule.at[to]; at >= 0 {
		like = rule.refs[at]
	}
	ref := copyOf(like)
	delete(ref, "weight")
	delete(ref, "filters")
	gatewayName(ref, backends[to])
	mirror := fields{"backendRef": ref}
	if m.Percent < 100 { // older gateways know no percent, and mirror all
		mirror["percent"] = int64(m.Percent)
	}
	return fields{"type": "RequestMirror", "requestMirror": mirror}
}

// gatewaySticky needs the experimental channel's definition of the kind; the
// standard one drops the field.
func gatewaySticky(rule fields, s *Sticky) {
	switch {
	case s == nil:
	case s.Cookie != "":
		rule["sessionPersistence"] = fields{"sessionName": s.Cookie, "type": "Cookie"}
	default:
		rule["sessionPersistence"] = fields{"sessionName": s.Header, "type": "Header"}
	}
}

// matched are the matches of the rule that is to be added before rule i: each
// of its own with each of the plan's. It is nil where no request meets both.
func (g gateway) matched(rules []gatewayRule, i int, plan []Match) ([]fields, error) {
	own, err := g.matches(rules[i])
	if err != nil || len(plan) == 0 {
		return nil, err
	}
	var out []fields
	for _, o := range own {
		for _, m := range plan {
			both, ok, err := g.both(o, m)
			if err != nil {
				return nil, err
			}
			if !ok || slices.ContainsFunc(out, func(f fields) bool { return reflect.DeepEqual(f, both) }) {
				continue
			}
			if err := g.takesNothing(rules, i, o, both); err != nil {
				return nil, err
			}
			out = append(out, both)
		}
	}
	return out, rewritable(rules[i], own, out)
}

func (g gateway) matches(rule gatewayRule) ([]fields, error) {
	own, err := listAt(rule.fields, "matches")
	if err == nil && len(own) == 0 {
		own = []fields{g.all}
	}
	return own, err
}

// takesNothing is an error if the added match would take requests from a rule
// that sends elsewhere: one that comes before the rule's own match now and would
// come after the added one.
func (g gateway) takesNothing(rules []gatewayRule, i int, own, added fields) error {
	for j, other := range rules {
		if !other.elsewhere {
			continue
		}
		matches, err := g.matches(other)
		if err != nil {
			return fmt.Errorf("beside rule %d: %w", j+1, err)
		}
		for _, o := range matches {
			before := func(m fields) bool {
				order := slices.Compare(g.rank(o), g.rank(m))
				return order > 0 || order == 0 && j < i
			}
			if before(own) && !before(added) && !g.apart(o, added) {
				return fmt.Errorf("requests that match the trial would be taken from rule %d, which sends elsewhere: "+
					"put that rule first, or match something else", j+1)
			}
		}
	}
	return nil
}

// rewritable: ReplacePrefixMatch replaces what the rule's only match names, so
// neither may a match be added nor its path be narrowed.
func rewritable(rule gatewayRule, own, added []fields) error {
	if !replacesPrefix(rule.fields["filters"]) && !replacesPrefix(rule.fields["backendRefs"]) || len(added) == 0 {
		return nil
	}
	if len(added) > 1 || len(own) != 1 || !reflect.DeepEqual(own[0]["path"], added[0]["path"]) {
		return fmt.Errorf("its filter replaces the prefix of the path, which goes with one match of the trial that names no path")
	}
	return nil
}

func replacesPrefix(value any) bool {
	switch v := value.(type) {
	case fields:
		if _, ok := v["replacePrefixMatch"]; ok {
			return true
		}
		for _, inner := range v {
			if replacesPrefix(inner) {
				return true
			}
		}
	case []any:
		return slices.ContainsFunc(v, replacesPrefix)
	}
	return false
}

// gatewayLive: each parent's controller has accepted the route as it is and
// found its backends.
func gatewayLive(route object) (bool, string) {
	wanted, err := listAt(route.Object, "spec", "parentRefs")
	if err != nil {
		return false, err.Error()
	}
	parents, err := listAt(route.Object, "status", "parents")
	if err != nil {
		return false, err.Error()
	}
	if len(wanted) == 0 {
		return false, "the route names no parent that could carry its traffic"
	}
	for _, ref := range wanted {
		if ok, why := gatewayTaken(route, ref, parents); !ok {
			return false, why
		}
	}
	return true, ""
}

func gatewayTaken(route object, ref fields, parents []fields) (bool, string) {
	seen := false
	for _, p := range parents {
		of, err := mapAt(p, "parentRef")
		if err != nil {
			return false, err.Error()
		}
		if !same(of, ref, "name", "sectionName", "port") {
			continue
		}
		seen = true
		for _, kind := range []string{"Accepted", "ResolvedRefs"} {
			if ok, why := conditionTrue(p, kind, route.GetGeneration()); !ok {
				return false, fmt.Sprintf("parent %v: %s", ref["name"], why)
			}
		}
	}
	if !seen {
		return false, fmt.Sprintf("parent %v: no controller has taken the route", ref["name"])
	}
	return true, ""
}

// conditionTrue looks for a condition that was written for this generation.
func conditionTrue(status fields, kind string, generation int64) (bool, string) {
	conditions, err := listAt(status, "conditions")
	if err != nil {
		return false, err.Error()
	}
	for _, c := range conditions {
		if c["type"] != kind {
			continue
		}
		seen, _ := c["observedGeneration"].(int64)
		if seen < generation {
			return false, fmt.Sprintf("%s is of generation %d, and the route is of %d", kind, seen, generation)
		}
		if c["status"] != "True" {
			return false, fmt.Sprintf("%s is %v: %v (%v)", kind, c["status"], c["message"], c["reason"])
		}
		return true, ""
	}
	return false, "there is no condition " + kind + " yet"
}
