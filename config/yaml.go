package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/seatrial/seatrial/trial"
)

type kind int

const (
	null kind = iota
	scalar
	list
	mapping
	refused // said so already
)

var kindNames = [...]string{"nothing", "a single value", "a list", "a mapping", "refused"}

func (k kind) String() string { return kindNames[k] }

// node is a value of the trial file or of an input, not yet given a type.
type node struct {
	kind    kind
	text    string // of a scalar
	bare    bool   // of a scalar to be written: needs no quotes to be told from a number
	comment string // behind a scalar
	items   []*node
	entries []entry
	at      trial.Source
}

// entry is one key of a mapping.
type entry struct {
	key   string
	at    trial.Source
	value *node
}

// find returns the value of the first entry with the key, nil if there is none.
func (n *node) find(key string) *node {
	for _, e := range n.entries {
		if e.key == key {
			return e.value
		}
	}
	return nil
}

// set replaces the value of a key, or adds it.
func (n *node) set(key string, value *node) {
	for i := range n.entries {
		if n.entries[i].key == key {
			n.entries[i].value = value
			return
		}
	}
	n.entries = append(n.entries, entry{key, value.at, value})
}

// reader turns YAML into nodes. What YAML can do beyond lists, mappings and
// plain values is refused: a trial file is read by people in a hurry.
type reader struct {
	*ledger
	file string
}

// parseYAML reads one document, which may be empty. It returns nil where the
// text is not YAML at all.
func parseYAML(l *ledger, file string, data []byte) *node {
	r := reader{l, file}
	loader, err := yaml.NewLoader(bytes.NewReader(data))
	if err != nil {
		r.syntax(err)
		return nil
	}
	empty := &node{kind: mapping, at: trial.Source{File: file}}
	var document, second yaml.Node
	if err := loader.Load(&document); errors.Is(err, io.EOF) || err == nil && len(document.Content) == 0 {
		return empty
	} else if err != nil {
		r.syntax(err)
		return nil
	}
	if err := loader.Load(&second); err == nil {
		r.add(trial.Source{File: file, Line: second.Line, Column: second.Column}, "", "a second document begins here: a file holds one trial")
	} else if !errors.Is(err, io.EOF) {
		r.syntax(err)
	}
	root := r.node(document.Content[0])
	if root.kind == null {
		return empty
	}
	// What is wrong with the trial as a whole is said of the file, not of its first key.
	root.at = empty.at
	return root
}

// syntax notes that the text is not YAML.
func (r reader) syntax(err error) {
	at := trial.Source{File: r.file}
	text := err.Error()
	var loading *yaml.LoadError
	if errors.As(err, &loading) {
		at.Line, at.Column = loading.Mark.Line, loading.Mark.Column
		text = loading.Message
		if loading.ContextMsg != "" {
			text += " " + loading.ContextMsg
		}
	}
	if strings.Contains(text, "cannot start any token") {
		text += " (a tab can't indent YAML: use spaces; @, ` and % begin text only in quotes)"
	}
	r.add(at, "", "not YAML: %s", text)
}

func (r reader) node(y *yaml.Node) *node {
	n := &node{at: r.place(y)}
	switch {
	case y.Kind == yaml.AliasNode || y.Anchor != "":
		r.note(n.at, "", "anchors and aliases (&name, *name) are not read here: write the value out")
	case y.Style&yaml.TaggedStyle != 0:
		r.note(n.at, "", "tags (!name) are not read here: put text in quotes where that was meant")
	}
	switch y.Kind {
	case yaml.AliasNode:
		n.kind = refused
	case yaml.ScalarNode:
		n.kind, n.text, n.comment = scalar, y.Value, strings.TrimPrefix(y.LineComment, "# ")
		if y.Tag == "!!null" {
			n.kind = null
		}
	case yaml.SequenceNode:
		n.kind = list
		for _, item := range y.Content {
			n.items = append(n.items, r.node(item))
		}
	case yaml.MappingNode:
		n.kind = mapping
		for i := 0; i+1 < len(y.Content); i += 2 {
			r.entry(n, y.Content[i], y.Content[i+1])
		}
	}
	return n
}

func (r reader) entry(n *node, key, value *yaml.Node) {
	at := r.place(key)
	switch {
	case key.Tag == "!!merge":
		r.note(at, "", "merge keys (<<) are not read here: write the keys out")
		return
	case key.Kind != yaml.ScalarNode:
		r.note(at, "", "a key is a single word, not a list or a mapping")
		return
	}
	for _, e := range n.entries {
		if e.key == key.Value {
			r.note(at, "", fmt.Sprintf("key %q is given twice; first in line %d", key.Value, e.at.Line))
			return
		}
	}
	n.entries = append(n.entries, entry{key.Value, at, r.node(value)})
}

func (r reader) place(y *yaml.Node) trial.Source {
	return trial.Source{File: r.file, Line: y.Line, Column: y.Column}
}

// printYAML writes what parseYAML reads.
func printYAML(n *node) ([]byte, error) {
	var out bytes.Buffer
	dumper, err := yaml.NewDumper(&out, yaml.WithLineWidth(-1))
	if err != nil {
		return nil, err
	}
	if err := errors.Join(dumper.Dump(yamlNode(n)), dumper.Close()); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

func yamlNode(n *node) *yaml.Node {
	switch n.kind {
	case list:
		y := &yaml.Node{Kind: yaml.SequenceNode}
		for _, item := range n.items {
			y.Content = append(y.Content, yamlNode(item))
		}
		return y
	case mapping:
		y := &yaml.Node{Kind: yaml.MappingNode}
		for _, e := range n.entries {
			y.Content = append(y.Content, yamlNode(&node{kind: scalar, text: e.key}), yamlNode(e.value))
		}
		return y
	}
	y := &yaml.Node{Kind: yaml.ScalarNode, Value: n.text}
	if n.comment != "" {
		y.LineComment = "# " + n.comment
	}
	if !n.bare {
		y.Tag = "!!str"
	}
	return y
}
