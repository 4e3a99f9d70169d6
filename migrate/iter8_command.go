package migrate

import (
	"slices"
	"strconv"
	"strings"
)

// iter8Command reads a command line that launches an experiment: of iter8, or of
// helm with iter8's chart.
func (j *job) iter8Command(words []word) {
	values := &value{kind: mapping, at: place{name: "the command"}}
	j.draft.what = "an iter8 command"
	c := j.read(style{program: "iter8", options: iter8Options(values)}, words)
	verbs := []string{"launch", "gen", "upgrade", "install", "template", "run"}
	if !slices.ContainsFunc(c.rest, func(w word) bool { return contains(verbs, w.text) }) && len(j.mistakes) == 0 {
		j.add(values.at, "only commands that launch an experiment are read here: iter8 k launch --set …, iter8 launch, helm upgrade --install")
	}
	if len(j.mistakes) > 0 {
		return
	}
	if len(values.fields) == 0 {
		j.add(values.at, "it sets nothing: give --set or --values")
		return
	}
	j.chart(values)
}

func iter8Options(values *value) []option {
	set := func(c *command, w word) { c.setValues(values, w) }
	options := []option{
		{names: "set", takes: true, action: set},
		{names: "set-string", takes: true, action: set},
		{names: "values f", takes: true, action: func(c *command, w word) { c.valuesFile(values, w) }},
		{names: "group g", takes: true, action: func(c *command, w word) { c.draft.name = w.text }},
	}
	options = append(options, without("charts are not used here", "chartName=", "chart=", "c=", "repo=", "repoURL=", "r=", "chartVersionConstraint=", "version=", "v=", "chartsParentDir=", "localChart", "noDownload", "remoteFolderURL=", "folder=")...)
	options = append(options, without("where and how Helm would have run it", "namespace=", "n=", "kubeconfig=", "kube-context=", "dry", "dry-run", "destDir=", "runDir=", "loglevel=", "l=", "install", "i", "create-namespace", "wait", "timeout=", "atomic", "reuse-values", "generate-name", "debug")...)
	return append(options, without("store its text in a file, and name that", "set-file=", "set-json=", "set-literal=")...)
}

// valuesFile adds what a file of values says; what is said later beats it.
func (c *command) valuesFile(values *value, w word) {
	if c.ReadFile == nil {
		c.draft.note("iter8 values of " + w.text)
		return
	}
	data, err := c.ReadFile(w.text)
	if err != nil {
		c.add(w.at, "its values can't be read: %v", err)
		return
	}
	for _, document := range c.parse(File{w.text, data}) {
		merge(values, document)
	}
}

// merge puts one mapping over another.
func merge(into, from *value) {
	for _, f := range from.fields {
		if old := into.get(f.key); old != nil && old.kind == mapping && f.value.kind == mapping {
			merge(old, f.value)
			continue
		}
		into.put(f.key, f.value)
	}
}

// setValues reads key=value,key={a,b},list[0].key=value, with a backslash before
// what means nothing. https://helm.sh/docs/intro/using_helm/#the-format-and-limitations-of---set
func (c *command) setValues(values *value, w word) {
	for _, one := range unescapedSplit(w.text, ',') {
		key, text, found := cutUnescaped(one, '=')
		if !found || key == "" {
			c.add(w.at, "it sets something that is no key=value; a comma within a value is written \\,")
			return
		}
		leaf := &value{kind: scalar, text: unescape(text), at: w.at}
		if inner, ok := strings.CutPrefix(text, "{"); ok && strings.HasSuffix(inner, "}") {
			leaf = &value{kind: list, at: w.at}
			for _, item := range unescapedSplit(strings.TrimSuffix(inner, "}"), ',') {
				leaf.items = append(leaf.items, &value{kind: scalar, text: unescape(item), at: w.at})
			}
		}
		if !values.place(unescapedSplit(key, '.'), leaf) {
			c.add(w.at, "%s does not fit what was set before", quoted(key))
		}
	}
}

// mostItems is the longest list that is set item by item.
const mostItems = 100

// place puts a value at a path of keys, which may have an index: hosts[0].
func (v *value) place(path []string, leaf *value) bool {
	if v.kind != mapping || len(path) > deepest {
		return false
	}
	key, index := unescape(path[0]), -1
	if name, rest, found := strings.Cut(path[0], "["); found && strings.HasSuffix(rest, "]") {
		n, err := strconv.Atoi(strings.TrimSuffix(rest, "]"))
		if err != nil || n < 0 || n >= mostItems {
			return false
		}
		key, index = unescape(name), n
	}
	next := v.get(key)
	if index >= 0 {
		if next == nil || next.kind != list {
			next = &value{kind: list, at: leaf.at}
			v.put(key, next)
		}
		for len(next.items) <= index {
			next.items = append(next.items, &value{kind: mapping, at: leaf.at})
		}
		if len(path) == 1 {
			next.items[index] = leaf
			return true
		}
		return next.items[index].place(path[1:], leaf)
	}
	if len(path) == 1 {
		v.put(key, leaf)
		return true
	}
	if next == nil {
		next = &value{kind: mapping, at: leaf.at}
		v.put(key, next)
	}
	return next.place(path[1:], leaf)
}

// unescapedSplit splits at what has no backslash before it and is in no braces.
func unescapedSplit(text string, at byte) []string {
	var out []string
	begin, depth := 0, 0
	for i := 0; i < len(text); i++ {
		switch {
		case text[i] == '\\':
			i++
		case text[i] == '{':
			depth++
		case text[i] == '}':
			depth--
		case text[i] == at && depth <= 0:
			out, begin = append(out, text[begin:i]), i+1
		}
	}
	return append(out, text[begin:])
}

func cutUnescaped(text string, at byte) (before, after string, found bool) {
	parts := unescapedSplit(text, at)
	if len(parts) < 2 {
		return text, "", false
	}
	return parts[0], text[len(parts[0])+1:], true
}

func unescape(text string) string {
	var out strings.Builder
	for i := 0; i < len(text); i++ {
		if text[i] == '\\' && i+1 < len(text) {
			i++
		}
		out.WriteByte(text[i])
	}
	return out.String()
}
