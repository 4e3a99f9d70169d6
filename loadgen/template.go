package loadgen

import (
	"bytes"
	"errors"
	"fmt"
	"hash/fnv"
	"maps"
	"regexp"
	"slices"
	"strings"
	"text/template/parse"

	"github.com/seatrial/seatrial/trial"
)

// Known is what templates of a request may name beside the functions.
type Known struct {
	Data  map[string]*Data // .name.column
	Saved []string         // .name, by the steps before
}

// IsTemplate reports whether a text has places to be filled in.
func IsTemplate(text string) bool { return strings.Contains(text, "{{") }

// Check reads a text as a template, and fills it in once. An error says what to
// write instead.
func (k Known) Check(text string) error {
	_, err := k.example(text, false)
	return err
}

// Example is a text as it is filled in once.
func (k Known) Example(text string) (string, error) { return k.example(text, false) }

// CheckPath is Check for a path, in which values are escaped: it gives the path
// of one turn.
func (k Known) CheckPath(text string) (string, error) { return k.example(text, true) }

func (k Known) example(written string, isPath bool) (string, error) {
	t, err := k.compile(written, isPath)
	if err != nil {
		return "", err
	}
	f := newFiller(1)
	f.begin(0, 0, 0, k.Data)
	for _, name := range k.Saved {
		f.save(name, "saved")
	}
	return f.fill(t)
}

// text is one of the trial file's texts: as it stands, or to be filled in for
// each request.
type text struct {
	plain    string
	template *parse.Tree // nil: plain
}

// compile reads a text, of whose template it takes nothing that could fail, or
// go on for ever, when it is filled in.
func (k Known) compile(written string, isPath bool) (text, error) {
	if !IsTemplate(written) {
		return text{plain: written}, nil
	}
	trees, err := parse.Parse("line", written, "{{", "}}", functionNames())
	if err != nil {
		return text{}, inWords(err)
	}
	tree := trees["line"]
	if len(trees) != 1 || tree == nil {
		return text{}, errBeyond
	}
	if err := (grammar{k, isPath}).list(tree.Root); err != nil {
		return text{}, err
	}
	return text{template: tree}, nil
}

// compileSecret takes places to be filled in from the file alone: what a
// variable holds is sent as it is.
func (k Known) compileSecret(s trial.Secret) (text, error) {
	if err := OwnPlaces(s); err != nil {
		return text{}, err
	}
	return k.compile(s.Reveal(), false)
}

// OwnPlaces refuses a text that a variable brings a {{ into.
func OwnPlaces(s trial.Secret) error {
	shown := s.String()
	if strings.Contains(shown, "${") && strings.Count(s.Reveal(), "{{") != strings.Count(shown, "{{") {
		return errors.New("a variable in it holds {{, which begins a place to be filled in: that must stand in the file itself")
	}
	return nil
}

// functionNames are those that the parser is to know.
func functionNames() map[string]any {
	names := map[string]any{}
	for _, name := range allFunctions {
		names[name] = true
	}
	return names
}

var templateError = regexp.MustCompile(`^template: line:(\d+): `)

// inWords is a mistake as the parser tells it, without what it says of itself.
func inWords(err error) error {
	said := err.Error()
	m := templateError.FindStringSubmatch(said)
	if m == nil {
		return err
	}
	said = strings.TrimPrefix(said, m[0])
	if name, unknown := strings.CutPrefix(said, `function "`); unknown {
		name, _, _ = strings.Cut(name, `"`)
		said = unknownFunction(name)
	}
	return onLine(m[1], said)
}

// onLine says where a mistake is, if that is not the first line.
func onLine(line, said string) error {
	if line != "1" {
		said = "line " + line + ": " + said
	}
	return errors.New(said)
}

// functions of templates; and those of ghz, where these know them by another name.
var (
	ownFunctions = []string{"base64", "id", "json", "now", "number", "pick", "random", "raw", "urlquery", "uuid"}
	goFunctions  = []string{"and", "eq", "ge", "gt", "le", "len", "lt", "ne", "not", "or", "print", "printf"}
	ghzFunctions = []string{"newUUID", "randomInt", "randomString"}
	ghzFields    = map[string]string{"RequestNumber": "number", "Timestamp": "now", "TimestampUnix": unixNow, "UUID": "uuid"}
	allFunctions = slices.Concat(ownFunctions, goFunctions, ghzFunctions)
	errBeyond    = errors.New("range, with, define, template and block are not for templates here: there are if, else, variables and functions")
)

// Functions that no template can name.
const (
	escapeInPaths = "escapeInPath"
	unixNow       = "unixNow"
)

func unknownFunction(name string) string {
	return fmt.Sprintf("no function %q (there are %s)%s", name, strings.Join(slices.Concat(ownFunctions, goFunctions), ", "), trial.DidYouMean(name, allFunctions))
}

// grammar is what a template may be made of. It looks at every branch, so that
// nothing unknown waits in one that is seldom taken.
type grammar struct {
	known  Known
	isPath bool
}

func (g grammar) list(l *parse.ListNode) error {
	if l == nil {
		return nil
	}
	for _, n := range l.Nodes {
		if err := g.node(n); err != nil {
			return err
		}
	}
	return nil
}

func (g grammar) node(n parse.Node) error {
	switch n := n.(type) {
	case *parse.TextNode, *parse.CommentNode:
		return nil
	case *parse.ActionNode:
		if err := g.pipe(n.Pipe); err != nil {
			return err
		}
		if g.isPath && len(n.Pipe.Decl) == 0 {
			g.escape(n.Pipe)
		}
		return nil
	case *parse.IfNode:
		return errors.Join(g.pipe(n.Pipe), g.list(n.List), g.list(n.ElseList))
	}
	return errBeyond
}

// escape puts the last word on a value that goes into a path, as html/template
// does with those of pages.
func (g grammar) escape(p *parse.PipeNode) {
	last := p.Cmds[len(p.Cmds)-1]
	if f, is := last.Args[0].(*parse.IdentifierNode); is && (f.Ident == "raw" || f.Ident == "urlquery") {
		return
	}
	p.Cmds = append(p.Cmds, &parse.CommandNode{NodeType: parse.NodeCommand, Args: []parse.Node{parse.NewIdentifier(escapeInPaths).SetPos(p.Pos)}})
}

func (g grammar) pipe(p *parse.PipeNode) error {
	for _, command := range p.Cmds {
		for i, argument := range command.Args {
			instead, err := g.argument(argument)
			if err != nil {
				return err
			}
			command.Args[i] = instead
		}
	}
	return nil
}

// argument checks one, and gives what stands for it.
func (g grammar) argument(n parse.Node) (parse.Node, error) {
	switch n := n.(type) {
	case *parse.BoolNode, *parse.NumberNode, *parse.StringNode:
		return n, nil
	case *parse.PipeNode:
		return n, g.pipe(n)
	case *parse.IdentifierNode:
		if !slices.Contains(allFunctions, n.Ident) {
			return nil, errors.New(unknownFunction(n.Ident))
		}
		return n, nil
	case *parse.VariableNode:
		switch {
		case n.Ident[0] == "$" && len(n.Ident) > 1:
			return n, g.field(n.Ident[1:])
		case n.Ident[0] == "$" || len(n.Ident) > 1:
			return nil, fmt.Errorf("%s has no text of its own: write .name.column", n)
		}
		return n, nil
	case *parse.FieldNode:
		if function, is := ghzFields[n.Ident[0]]; is && len(n.Ident) == 1 && !slices.Contains(g.known.Saved, n.Ident[0]) {
			return parse.NewIdentifier(function).SetPos(n.Pos), nil
		}
		return n, g.field(n.Ident)
	}
	return nil, fmt.Errorf("%s has no text of its own: write .name.column for data, or .name for what a step saved", n)
}

func (g grammar) field(names []string) error {
	data, isData := g.known.Data[names[0]]
	switch {
	case isData && len(names) == 2 && slices.Contains(data.columns, names[1]):
		return nil
	case isData && len(names) == 2:
		return fmt.Errorf("%s has no column %q (its columns: %s)%s", names[0], names[1], strings.Join(data.columns, ", "), trial.DidYouMean(names[1], data.columns))
	case isData:
		return fmt.Errorf(".%s is a row of data: name a column, as in .%s.%s", names[0], names[0], data.columns[0])
	case len(names) == 1 && slices.Contains(g.known.Saved, names[0]):
		return nil
	}
	known := slices.Concat(slices.Sorted(maps.Keys(g.known.Data)), g.known.Saved)
	if len(known) == 0 {
		return fmt.Errorf("nothing is called .%s here: data: {%s: FILE.csv} gives rows to draw, and save: what a step before got", names[0], names[0])
	}
	return fmt.Errorf("nothing is called .%s here (there are .%s)%s", names[0], strings.Join(known, ", ."), trial.DidYouMean(names[0], known))
}

// filler fills templates in. It is owned by one worker.
type filler struct {
	seed    uint64
	turn    int
	version int
	request int
	shared  uint64                       // state of what is drawn for all versions alike
	own     uint64                       // and of what is drawn for one alone
	values  map[string]string            // that were saved
	rows    map[string]map[string]string // of data; empty: of another request's

	functions map[string]function
	variables []variable // of the template under way
	out       bytes.Buffer
}

func newFiller(seed uint64) *filler {
	f := &filler{seed: seed, values: map[string]string{}, rows: map[string]map[string]string{}}
	f.functions = functionsOf(f)
	return f
}

// mostText is how long a template's text may come to be.
const mostText = 10_000_000

// begin draws anew: for one request of one turn, and its data. Of what was
// saved it knows nothing yet.
func (f *filler) begin(turn, version, request int, data map[string]*Data) {
	f.turn, f.version, f.request = turn, version, request
	f.shared = splitmix(splitmix(f.seed+uint64(turn)) + uint64(request))
	f.own = f.unique()
	clear(f.values)
	for _, row := range f.rows {
		clear(row)
	}
	for name, d := range data {
		if f.rows[name] == nil {
			f.rows[name] = map[string]string{}
		}
		d.drawInto(f.rows[name], splitmix(splitmix(f.seed^hashed(name))+uint64(turn)))
	}
}

func hashed(name string) uint64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(name)) // never fails
	return h.Sum64()
}

func (f *filler) save(name, value string) { f.values[name] = value }

// fill gives the text for the request that was begun.
func (f *filler) fill(t text) (string, error) {
	if t.template == nil {
		return t.plain, nil
	}
	f.out.Reset()
	if err := f.evaluate(t.template); err != nil {
		return "", err
	}
	return f.out.String(), nil
}

// unique is another number for each turn, version and request of a trial: the
// three are put beside each other, and SplitMix64 gives no number twice.
func (f *filler) unique() uint64 {
	return splitmix(splitmix(f.seed) + (uint64(f.turn)<<16 | uint64(f.version)<<8 | uint64(f.request)))
}

func (f *filler) id() string { return fmt.Sprintf("%016x", f.unique()) }

func (f *filler) uuid() string { return uuidOf(f.unique()) }

func (f *filler) newUUID() string {
	f.own = splitmix(f.own)
	return uuidOf(f.own)
}

// uuidOf has the form of a random UUID (RFC 9562 §5.4). All 64 bits are in it.
func uuidOf(n uint64) string {
	rest := splitmix(n)
	return fmt.Sprintf("%08x-%04x-4%03x-%04x-%012x", n>>32, n>>16&0xffff, n>>4&0xfff, 0x8000|n&0xf|rest>>48&0x3ff0, rest&0xffffffffffff)
}

// draw is the next number that all versions get alike.
func (f *filler) draw(below uint64) uint64 {
	f.shared = splitmix(f.shared)
	return f.shared % below
}

func (f *filler) random(low, high int) (int, error) {
	if low > high || high-low < 0 {
		return 0, fmt.Errorf("random %d %d: the lower one comes first", low, high)
	}
	return low + int(f.draw(uint64(high-low)+1)), nil
}

func (f *filler) pick(from []any) (any, error) {
	if len(from) == 0 {
		return nil, errors.New(`pick has nothing to pick from: write pick "a" "b"`)
	}
	return from[f.draw(uint64(len(from)))], nil
}

// longestRandom is how long a random text may be.
const longestRandom = 10_000

func (f *filler) randomString(low, high int) (string, error) {
	const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
	if low < 0 || high > longestRandom {
		return "", fmt.Errorf("randomString %d %d: from 0 to %d characters", low, high, longestRandom)
	}
	n, err := f.random(low, high)
	if err != nil {
		return "", err
	}
	out := make([]byte, n)
	for i := range out {
		out[i] = letters[f.draw(uint64(len(letters)))]
	}
	return string(out), nil
}
