package k8s

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// Rule is a right that a trial needs: verbs on a resource of a namespace, or
// only on those of these names.
type Rule struct {
	Namespace string   // empty: of the whole cluster
	Group     string   // empty: core
	Resource  string   // "deployments", "pods/log"
	Verbs     []string // "get", "list", "watch"
	Names     []string // empty: all; "list" and "watch" of a name work where they ask for it alone, as here
	Why       string   // one line
}

// look has the verbs of waiting. A list and a watch that ask for one name are
// allowed by a rule for that name (kubernetes.io/docs, "Using RBAC
// Authorization", "Referring to resources").
func look() []string { return []string{"get", "list", "watch"} }

// Rules are the rights that waiting for these objects needs, the namespace
// being that of objects that name none. Objects that are not understood need
// none: their mistakes are told elsewhere.
func Rules(namespace string, objects []Object) []Rule {
	var rules []Rule
	for _, o := range objects {
		t, err := o.target(namespace)
		if err != nil {
			continue
		}
		own := Rule{Namespace: t.namespace, Group: t.kind.group.Group, Resource: t.kind.resource, Verbs: look(), Why: "to wait for " + t.shown}
		if t.name != "" {
			own.Names = []string{t.name}
		}
		if t.kind.judge == nil && t.kind.condition == "" {
			own.Resource = pluralOf(t.kind.resource)
			own.Why += "; kubectl api-resources tells if it is called so, and if it needs a ClusterRole"
		}
		rules = append(rules, own)
		if t.condition == nil && t.path == nil {
			for _, n := range t.kind.needs {
				rules = append(rules, Rule{Namespace: t.namespace, Group: n.group, Resource: n.resource, Verbs: look(), Why: n.why})
			}
		}
		if readsPods(t.kind) {
			rules = append(rules, Rule{Namespace: t.namespace, Resource: "pods/log", Verbs: []string{"get"}, Why: "the last lines of what does not become ready"})
		}
		rules = append(rules, Rule{Namespace: t.namespace, Resource: "events", Verbs: look(), Why: "recent warnings about what does not become ready"})
	}
	return rules
}

// pluralOf guesses the resource where a kind may have been written, or that
// resource.
func pluralOf(name string) string {
	if name = strings.ToLower(name); strings.HasSuffix(name, "s") && !strings.HasSuffix(name, "ss") {
		return name
	}
	plural, _ := meta.UnsafeGuessKindToResource(schema.GroupVersionKind{Kind: name})
	return plural.Resource
}

func readsPods(k kind) bool { return k.group.Kind == "Pod" || slices.Contains(k.needs, needPods) }

// RBAC is the manifest of these rights: a Role and a RoleBinding in each
// namespace, and a ClusterRole with its binding where a right is of the whole
// cluster. They are bound to a ServiceAccount of this name, in the first namespace.
func RBAC(account, home string, rules []Rule) string {
	byNamespace := map[string][]Rule{}
	for _, r := range merged(rules) {
		byNamespace[r.Namespace] = append(byNamespace[r.Namespace], r)
	}
	var b strings.Builder
	b.WriteString("# What seatrial needs in the cluster for this trial file, and nothing more.\n" +
		"# Its ServiceAccount; leave it out if another one runs the trial, and change the\n# subjects below.\n" +
		"apiVersion: v1\nkind: ServiceAccount\nmetadata:\n  name: " + quoted(account) + "\n  namespace: " + quoted(home) + "\n")
	for _, namespace := range slices.Sorted(maps.Keys(byNamespace)) {
		writeRole(&b, account, home, namespace, byNamespace[namespace])
	}
	return b.String()
}

func writeRole(b *strings.Builder, account, home, namespace string, rules []Rule) {
	kind, place := "Role", "  namespace: "+quoted(namespace)+"\n"
	if namespace == "" {
		kind, place = "ClusterRole", ""
	}
	fmt.Fprintf(b, "---\napiVersion: rbac.authorization.k8s.io/v1\nkind: %s\nmetadata:\n  name: %s\n%srules:\n", kind, quoted(account), place)
	for _, r := range rules {
		fmt.Fprintf(b, "# %s\n- apiGroups: [%s]\n  resources: [%s]\n", oneLine(r.Why), quoted(r.Group), quoted(r.Resource))
		if len(r.Names) > 0 {
			fmt.Fprintf(b, "  resourceNames: [%s]\n", quotedAll(r.Names))
		}
		fmt.Fprintf(b, "  verbs: [%s]\n", quotedAll(r.Verbs))
	}
	fmt.Fprintf(b, "---\napiVersion: rbac.authorization.k8s.io/v1\nkind: %sBinding\nmetadata:\n  name: %s\n%s"+
		"roleRef:\n  apiGroup: rbac.authorization.k8s.io\n  kind: %s\n  name: %s\n"+
		"subjects:\n- kind: ServiceAccount\n  name: %s\n  namespace: %s\n", kind, quoted(account), place, kind, quoted(account), quoted(account), quoted(home))
}

// merged are the rules with those of one resource as one, in a fixed order.
func merged(rules []Rule) []Rule {
	type subject struct {
		namespace, group, resource, verbs string
		all                               bool
	}
	var out []Rule
	at := map[subject]int{}
	for _, r := range rules {
		r.Verbs = slices.Compact(slices.Sorted(slices.Values(r.Verbs)))
		s := subject{r.Namespace, r.Group, r.Resource, strings.Join(r.Verbs, " "), len(r.Names) == 0}
		i, known := at[s]
		if !known {
			at[s] = len(out)
			r.Names = slices.Clone(r.Names)
			out = append(out, r)
			continue
		}
		out[i].Names = append(out[i].Names, r.Names...)
		if !strings.Contains(out[i].Why, r.Why) {
			out[i].Why += "; " + r.Why
		}
	}
	for i := range out {
		slices.Sort(out[i].Names)
		out[i].Names = slices.Compact(out[i].Names)
	}
	slices.SortStableFunc(out, func(a, b Rule) int {
		return cmp.Or(cmp.Compare(a.Group, b.Group), cmp.Compare(a.Resource, b.Resource), cmp.Compare(len(a.Names), len(b.Names)))
	})
	return out
}

// quoted is a text as YAML that nothing can be made of but that text.
func quoted(text string) string { return strconv.Quote(text) }

func quotedAll(texts []string) string {
	var out []string
	for _, text := range texts {
		out = append(out, quoted(text))
	}
	return strings.Join(out, ", ")
}

func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }
