package migrate

import (
	"bytes"
	"errors"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"
)

// block is a mapping of the trial file that is being drawn up. Its comments are
// about the key that comes next, or about the block where none comes.
type block struct {
	entries []entry
	pending []string
	flow    bool // written in one line, with braces
}

type entry struct {
	key string
	part
}

// part is a value with what is said of it.
type part struct {
	value  any // string, bare, templated, query, *block, []part or row
	above  []string
	beside string
}

// row is a list in one line.
type row []part

// bare is a scalar that is written without quotes: a number, a word of ours.
type bare string

// templated is a text in which the trial fills in places.
type templated string

// query is a question about a metric, in which the trial fills in places too; what
// else looks like one stays.
type query string

func (b *block) set(key string, value any, beside ...string) {
	p := part{value: value, above: b.pending, beside: strings.Join(beside, "; ")}
	b.pending = nil
	if i := slices.IndexFunc(b.entries, func(e entry) bool { return e.key == key }); i >= 0 {
		p.above = append(b.entries[i].above, p.above...)
		b.entries[i].part = p
		return
	}
	b.entries = append(b.entries, entry{key, p})
}

// note is a comment above the next key.
func (b *block) note(text string) {
	if !slices.Contains(b.pending, text) {
		b.pending = append(b.pending, text)
	}
}

func (b *block) has(key string) bool {
	return slices.ContainsFunc(b.entries, func(e entry) bool { return e.key == key })
}

func (b *block) empty() bool { return b == nil || len(b.entries) == 0 }

// Places that the trial fills in stand between these marks until they are written.
const actionBegin, actionEnd = "\ue002", "\ue003"

// action is a place that the trial fills in: action("id").
func action(text string) string { return actionBegin + text + actionEnd }

var (
	noActions = strings.NewReplacer(actionBegin, "", actionEnd, "")
	actions   = strings.NewReplacer("{{", `{{"{{"}}`, actionBegin, "{{", actionEnd, "}}")
	places    = strings.NewReplacer(actionBegin, "{{", actionEnd, "}}")
)

// node is a value as YAML.
func (p part) node() *yaml.Node {
	switch value := p.value.(type) {
	case bare:
		return &yaml.Node{Kind: yaml.ScalarNode, Value: string(value)}
	case string:
		return scalarNode(noActions.Replace(written(value)))
	case templated:
		return scalarNode(actions.Replace(written(string(value))))
	case query:
		return scalarNode(places.Replace(written(string(value))))
	case *block:
		return value.node()
	case row:
		y := part{value: []part(value)}.node()
		y.Style = yaml.FlowStyle
		return y
	case []part:
		y := &yaml.Node{Kind: yaml.SequenceNode}
		for _, item := range value {
			one := item.node()
			one.HeadComment, one.LineComment = comment(item.above), besides(one, item.beside)
			y.Content = append(y.Content, one)
		}
		return y
	}
	panic("migrate: a value of no known type") // a defect, found by any test of the reader
}

func scalarNode(text string) *yaml.Node {
	y := &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: text}
	if strings.Contains(text, "\n") {
		y.Style = yaml.LiteralStyle
	}
	return y
}

func (b *block) node() *yaml.Node {
	y := &yaml.Node{Kind: yaml.MappingNode}
	if b.flow && !slices.ContainsFunc(b.entries, func(e entry) bool { return len(e.above) > 0 || e.beside != "" }) {
		y.Style = yaml.FlowStyle
	}
	for _, e := range b.entries {
		key, value := &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: strings.ToValidUTF8(e.key, "\ufffd")}, e.node()
		above := e.above
		if inner, ok := e.value.(*block); ok {
			above = append(slices.Clone(above), inner.pending...)
		}
		if value.LineComment = besides(value, e.beside); e.beside != "" && value.LineComment == "" {
			above = append(slices.Clone(above), e.beside)
		}
		key.HeadComment = comment(above)
		y.Content = append(y.Content, key, value)
	}
	return y
}

// besides is a comment for the end of a line; of what takes several lines it
// stands above.
func besides(y *yaml.Node, text string) string {
	if text == "" || y.Kind != yaml.ScalarNode || y.Style == yaml.LiteralStyle {
		return ""
	}
	return "# " + shown(text)
}

func comment(lines []string) string {
	var out []string
	for _, line := range lines {
		out = append(out, "# "+shown(line))
	}
	return strings.Join(out, "\n")
}

// print writes one key of the trial file.
func (e entry) print() ([]byte, error) {
	var out bytes.Buffer
	dumper, err := yaml.NewDumper(&out, yaml.WithLineWidth(-1), yaml.WithIndent(2), yaml.WithCompactSeqIndent(false))
	if err != nil {
		return nil, err
	}
	b := &block{entries: []entry{e}}
	err = errors.Join(dumper.Dump(b.node()), dumper.Close())
	return out.Bytes(), err
}
