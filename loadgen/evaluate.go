package loadgen

import (
	"errors"
	"fmt"
	"strings"
	"text/template/parse"
)

// Templates are evaluated here as text/template does it, for what the grammar
// takes of them. That package itself finds methods by their names, for which the
// linker keeps every method of every type: a third of the program.

// misstep is what fails at one place of a template.
type misstep struct {
	at   parse.Node
	said error
}

func (m misstep) Error() string { return fmt.Sprintf("<%s>: %s", m.at, m.said) }

func (m misstep) Unwrap() error { return m.said }

func failsAt(n parse.Node, format string, values ...any) error {
	return misstep{n, fmt.Errorf(format, values...)}
}

// variable is one as a template declared it. Later ones hide those before.
type variable struct {
	name  string
	value any
}

// evaluate writes what a tree comes to.
func (f *filler) evaluate(t *parse.Tree) error {
	f.variables = f.variables[:0]
	err := f.list(t.Root)
	var m misstep
	if !errors.As(err, &m) {
		return err
	}
	location, _ := t.ErrorContext(m.at) // line:1:23
	return onLine(strings.Split(location, ":")[1], m.Error())
}

func (f *filler) list(l *parse.ListNode) error {
	if l == nil {
		return nil
	}
	for _, n := range l.Nodes {
		if err := f.node(n); err != nil {
			return err
		}
	}
	return nil
}

func (f *filler) node(n parse.Node) error {
	switch n := n.(type) {
	case *parse.TextNode:
		f.out.Write(n.Text)
	case *parse.ActionNode:
		value, err := f.pipe(n.Pipe)
		if err != nil {
			return err
		}
		if len(n.Pipe.Decl) == 0 {
			f.out.WriteString(shown(value))
		}
	case *parse.IfNode:
		return f.branch(n)
	}
	if f.out.Len() > mostText {
		return errors.New("its text is longer than 10 MB")
	}
	return nil
}

func shown(value any) string {
	if text, is := value.(string); is {
		return text
	}
	return fmt.Sprint(value)
}

func (f *filler) branch(n *parse.IfNode) error {
	outer := len(f.variables)
	value, err := f.pipe(n.Pipe)
	if err != nil {
		return err
	}
	taken := n.ElseList
	if isTrue(value) {
		taken = n.List
	}
	err = f.list(taken)
	f.variables = f.variables[:outer]
	return err
}

// pipe gives the value of the last command, each of which gets that of the one
// before as its last argument. No value is nil: that stands for none.
func (f *filler) pipe(p *parse.PipeNode) (any, error) {
	var value any
	for _, c := range p.Cmds {
		var err error
		if value, err = f.command(c, value); err != nil {
			return nil, err
		}
	}
	for _, v := range p.Decl {
		if !p.IsAssign {
			f.variables = append(f.variables, variable{v.Ident[0], value})
			continue
		}
		declared, err := f.declared(v)
		if err != nil {
			return nil, err
		}
		declared.value = value
	}
	return value, nil
}

// declared is the variable that a node names. That of a pipeline which and or or
// left out is not there.
func (f *filler) declared(n *parse.VariableNode) (*variable, error) {
	for i := len(f.variables) - 1; i >= 0; i-- {
		if f.variables[i].name == n.Ident[0] {
			return &f.variables[i], nil
		}
	}
	return nil, failsAt(n, "undefined variable: %s", n.Ident[0])
}

func (f *filler) command(c *parse.CommandNode, piped any) (any, error) {
	first := c.Args[0]
	if name, is := first.(*parse.IdentifierNode); is {
		return f.call(c, name.Ident, c.Args[1:], piped)
	}
	if len(c.Args) > 1 || piped != nil {
		return nil, failsAt(first, "can't give argument to non-function %s", first)
	}
	return f.value(first)
}

func (f *filler) value(n parse.Node) (any, error) {
	switch n := n.(type) {
	case *parse.BoolNode:
		return n.True, nil
	case *parse.StringNode:
		return n.Text, nil
	case *parse.NumberNode:
		return number(n)
	case *parse.PipeNode:
		return f.pipe(n)
	case *parse.IdentifierNode:
		return f.call(n, n.Ident, nil, nil)
	case *parse.FieldNode:
		return f.field(n, n.Ident)
	case *parse.VariableNode:
		if len(n.Ident) > 1 { // $.users.name
			return f.field(n, n.Ident[1:])
		}
		v, err := f.declared(n)
		if err != nil {
			return nil, err
		}
		return v.value, nil
	}
	return nil, failsAt(n, "no value")
}

// field is a value of a row, or one that was saved.
func (f *filler) field(n parse.Node, names []string) (any, error) {
	if len(names) == 2 {
		return f.rows[names[0]][names[1]], nil
	}
	value, is := f.values[names[0]]
	if !is {
		return nil, failsAt(n, "map has no entry for key %q", names[0])
	}
	return value, nil
}

// number is one as it is written, where nothing says what it is to be: 1, 'a' and
// 0x1e are whole, 1.0 and 1e3 are not.
func number(n *parse.NumberNode) (any, error) {
	written := strings.ToLower(n.Text)
	isHex := strings.HasPrefix(written, "0x") && !strings.Contains(written, "p")
	switch {
	case n.IsComplex:
		return n.Complex128, nil
	case n.IsFloat && !isHex && written[0] != '\'' && strings.ContainsAny(written, ".ep"):
		return n.Float64, nil
	case n.IsInt && int64(int(n.Int64)) == n.Int64:
		return int(n.Int64), nil
	}
	return nil, failsAt(n, "%s overflows int", n.Text)
}

// call calls a function, with what was piped as its last argument. The node is
// what a mistake shows.
func (f *filler) call(at parse.Node, name string, written []parse.Node, piped any) (any, error) {
	function := f.functions[name]
	given := len(written)
	if piped != nil {
		given++
	}
	if err := function.takes(given); err != nil {
		return nil, failsAt(at, "wrong number of args for %s: %w", name, err)
	}
	if function.isChoice {
		return f.choice(name == "or", written, piped)
	}
	arguments := make([]any, given)
	for i, n := range written {
		var err error
		if arguments[i], err = f.argument(n, function.kind(i)); err != nil {
			return nil, err
		}
	}
	if piped != nil {
		if err := function.kind(given - 1).check(piped); err != nil {
			return nil, misstep{at, err}
		}
		arguments[given-1] = piped
	}
	value, err := function.call(arguments)
	if err != nil {
		return nil, failsAt(at, "error calling %s: %w", name, err)
	}
	return value, nil
}

func (f *filler) argument(n parse.Node, k argumentKind) (any, error) {
	if number, is := n.(*parse.NumberNode); is && k == whole && number.IsInt {
		return int(number.Int64), nil // 1e3 too
	}
	value, err := f.value(n)
	if err != nil {
		return nil, err
	}
	if err := k.check(value); err != nil {
		return nil, misstep{n, err}
	}
	return value, nil
}

// choice is what and and or come to: the first value that decides, or else the
// last one. Those behind it are not evaluated.
func (f *filler) choice(isOr bool, written []parse.Node, piped any) (any, error) {
	var value any
	for _, n := range written {
		var err error
		if value, err = f.value(n); err != nil || isTrue(value) == isOr {
			return value, err
		}
	}
	if piped != nil {
		return piped, nil
	}
	return value, nil
}
