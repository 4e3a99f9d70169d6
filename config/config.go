package config

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path/filepath"
	"reflect"
	"slices"
	"strings"

	"github.com/seatrial/seatrial/slo"
	"github.com/seatrial/seatrial/trial"
)

// Sources is where inputs come from, strongest first: flags, the variables
// INPUT_* and SEATRIAL_*, the trial file. An empty value is no value.
type Sources struct {
	Flags    map[string]string // those that were set, by the name of their Input
	Environ  []string          // "NAME=value", as os.Environ gives it
	ReadFile func(path string) ([]byte, error)
}

// Warning is something about the inputs that people should know and that
// stops nothing.
type Warning string

// defaultFile is read where no other is named, and may be missing.
const defaultFile = "seatrial.yaml"

// Load reads all inputs into one File. Its error is a *Mistakes with all that
// is wrong; the File is then only good for Secrets and Mode.
func Load(src Sources) (File, []Warning, error) {
	env := environment(src.Environ)
	d := decoder{ledger: newLedger(), lookup: func(name string) (string, bool) { value, ok := env[name]; return value, ok }, readFile: src.ReadFile}
	root := readFile(d.ledger, src, env)
	for _, input := range Inputs {
		if text, at := input.given(src.Flags, env); text != "" && input.Path != "" {
			if n := input.node(d.ledger, text, at); n != nil {
				overlay(root, strings.Split(input.Path, "."), n)
			}
		}
	}
	file := Default()
	d.decode(root, reflect.ValueOf(&file).Elem(), "")
	file.Written, file.Referred = d.written, d.referred
	resume(d.ledger, &file, src.Flags, env)
	settle(d.ledger, &file)
	// A target may tell of a body only the token that was filled in. It is not
	// for Secrets: as a mask, a commit's name would riddle the log.
	file.Load.Secrets = append(file.Secrets(), d.confided...)
	c := checker{d.ledger, file, src.ReadFile, func(name string) string { return env[name] }}
	c.check()
	err := d.err()
	told := warnings(env)
	if err == nil {
		told = append(told, c.unasked()...)
		told = append(told, c.inverted()...)
	}
	return file, told, err
}

// resume goes on with a former trial where its report directory is.
func resume(l *ledger, file *File, flags, env map[string]string) {
	i := slices.IndexFunc(Inputs, func(i Input) bool { return i.Name == "resume" })
	dir, at := Inputs[i].given(flags, env)
	if dir = strings.TrimSpace(dir); dir == "" {
		return
	}
	if _, given := l.places["report-dir"]; given && filepath.Clean(file.ReportDir) != filepath.Clean(dir) {
		l.note(at, "", fmt.Sprintf("a trial is gone on with where it is, in %s: leave report-dir out", dir))
	}
	file.Resume, file.ReportDir = dir, dir
	l.places["report-dir"] = at
}

// settle makes of what was written what is meant.
func settle(l *ledger, file *File) {
	typed(file)
	shaped(l, file)
	declare(l, file)
	ask(l, file)
	bind(l, file)
}

// Policies are the inputs that stored evidence can be judged by again.
var Policies = []string{"pattern", "objectives", "rewards", "confidence", "at-least", "no-data"}

// LoadStored reads a file that File.YAML wrote, to judge its evidence again,
// with other Policies where flags say so. References stay as they are, secrets
// have no value, and nothing outside the text is looked at.
func LoadStored(data []byte, flags map[string]string) (File, error) {
	d := decoder{ledger: newLedger(), stored: true}
	file := Default()
	root := parseYAML(d.ledger, "trial.yaml", data)
	if root == nil {
		return file, d.err()
	}
	if len(root.entries) == 0 {
		d.note(trial.Source{File: "trial.yaml"}, "", "empty: what was asked for is lost, and other objectives would be judged in its place")
		return file, d.err()
	}
	changed := false
	for _, input := range Inputs {
		if text, at := input.given(flags, nil); text != "" && slices.Contains(Policies, input.Name) {
			changed = true
			if n := input.node(d.ledger, text, at); n != nil {
				overlay(root, strings.Split(input.Path, "."), n)
			}
		}
	}
	d.decode(root, reflect.ValueOf(&file).Elem(), "")
	settle(d.ledger, &file)
	if changed {
		checker{d.ledger, file, nil, nil}.policy()
	}
	return file, d.err()
}

// ask puts what is asked of a request where it stands behind the trial's own
// objectives, under the request's name.
func ask(l *ledger, file *File) {
	for i := range file.Requests {
		r, path := &file.Requests[i], fmt.Sprintf("requests[%d]", i)
		if len(r.Steps) == 0 { // else they are of no request
			askOf(l, file, path, r.Name, r.Objectives)
		}
		r.Objectives = nil
		for k := range r.Steps {
			askOf(l, file, fmt.Sprintf("%s.steps[%d]", path, k), r.Steps[k].Name, r.Steps[k].Objectives)
			r.Steps[k].Objectives = nil
		}
	}
}

// askOf is ask for the request at a path.
func askOf(l *ledger, file *File, path, name string, objectives []slo.Objective) {
	for k, o := range objectives {
		at := fmt.Sprintf("%s.objectives[%d]", path, k)
		if l.isUnread(at) || l.isUnread(join(path, "name")) {
			continue
		}
		asked, err := o.Under(name)
		if err != nil {
			l.add(l.place(join(at, "objective")), at, "%v", err)
			continue
		}
		l.move(at, fmt.Sprintf("objectives[%d]", len(file.Objectives)))
		file.Objectives = append(file.Objectives, asked)
	}
}

// bind finds the metrics that objectives and rewards are about: load gives some,
// the file declares others, in any order.
func bind(l *ledger, file *File) {
	one := func(list, key string, i int, err error) {
		path := fmt.Sprintf("%s[%d]", list, i)
		if err != nil && !l.isUnread(path) {
			l.add(l.place(join(path, key)), path, "%v", err)
		}
	}
	for i := range file.Objectives {
		one("objectives", "objective", i, file.Objectives[i].Bind(file.Metrics, file.RequestNames()...))
	}
	for i := range file.Rewards {
		one("rewards", "reward", i, file.Rewards[i].Bind(file.Metrics, file.RequestNames()...))
	}
}

// environment is os.Environ as a map; of a name given twice, the last counts.
func environment(environ []string) map[string]string {
	env := map[string]string{}
	for _, entry := range environ {
		name, value, _ := strings.Cut(entry, "=")
		env[name] = value
	}
	return env
}

// readFile reads the trial file. What can't be read is empty, so that what is
// wrong with the inputs is told as well.
func readFile(l *ledger, src Sources, env map[string]string) *node {
	named := slices.IndexFunc(Inputs, func(i Input) bool { return i.Name == "config" })
	path, at := Inputs[named].given(src.Flags, env)
	path = strings.TrimSpace(path)
	isDefault := path == ""
	if isDefault {
		path, at = defaultFile, trial.Source{File: defaultFile}
	}
	data, err := src.ReadFile(path)
	if isDefault && errors.Is(err, fs.ErrNotExist) {
		return &node{kind: mapping}
	}
	if err != nil {
		l.add(at, "", "the trial file can't be read: %v", err)
		return &node{kind: mapping}
	}
	if root := parseYAML(l, path, data); root != nil {
		return root
	}
	return &node{kind: mapping}
}

// overlay puts what an input says in the place of what the file says. Where
// the file has no mapping on the way, that is its mistake and stays.
func overlay(root *node, path []string, n *node) {
	if root.kind != mapping {
		return
	}
	key := path[0]
	if len(path) == 1 {
		root.set(key, n)
		return
	}
	next := root.find(key)
	switch {
	case next == nil:
		next = &node{kind: mapping, at: n.at}
		root.set(key, next)
	case next.kind == scalar && (key == "baseline" || key == "candidate"):
		// A version may be written as its URL alone.
		next = next.asMapping("url")
		root.set(key, next)
	case next.kind == scalar && key == "identify":
		next = next.asMapping("header")
		root.set(key, next)
	}
	overlay(next, path[1:], n)
}

// asMapping is what a value stands for that is written in place of a mapping.
func (n *node) asMapping(key string) *node {
	return &node{kind: mapping, at: n.at, entries: []entry{{key, n.at, n}}}
}

// elsewhere are the variables that begin with SEATRIAL_ and are no inputs:
// those that other rooms read, what GitHub sets for with: args of an image, the
// outputs of an earlier trial, which GitLab hands to later jobs, and what a
// trial tells its commands.
var elsewhere = []string{
	"SEATRIAL_E2E", "SEATRIAL_NIGHTLY", "SEATRIAL_PLATFORM", "SEATRIAL_RESULTS_DIR", "INPUT_ARGS", "INPUT_ENTRYPOINT",
	"SEATRIAL_VERDICT", "SEATRIAL_STATUS", "SEATRIAL_PASSED", "SEATRIAL_EXIT_CODE", "SEATRIAL_REASON", "SEATRIAL_WINNER",
	"SEATRIAL_FAILED_OBJECTIVES", "SEATRIAL_WEIGHTS", "SEATRIAL_REPORT_PATH", "SEATRIAL_REPORT_JSON", "SEATRIAL_SUMMARY", "SEATRIAL_REPORT_HTML",
	"SEATRIAL_COMMENT_URL",
	"SEATRIAL_EVENT", "SEATRIAL_WINNER_VERSION", "SEATRIAL_RECOMMENDED", "SEATRIAL_RECOMMENDED_VERSION", "SEATRIAL_ROUND", "SEATRIAL_ELAPSED",
	"SEATRIAL_VERSIONS",
}

// warnings names the variables that look like inputs and are none.
func warnings(env map[string]string) []Warning {
	known := Variables()
	var out []Warning
	for _, name := range slices.Sorted(maps.Keys(env)) {
		isInput := strings.HasPrefix(name, "SEATRIAL_") || strings.HasPrefix(name, "INPUT_") && env["GITHUB_ACTIONS"] == "true"
		if !isInput || env[name] == "" || slices.Contains(known, name) || slices.Contains(elsewhere, name) {
			continue
		}
		out = append(out, Warning(oneLine(name+" is no input of seatrial, and is not read"+meantInput(name))))
	}
	return out
}

// meantInput suggests an input for the name of a variable.
func meantInput(variable string) string {
	prefix, name, _ := strings.Cut(variable, "_")
	var names []string
	for _, input := range Inputs {
		if input.Name != "" {
			names = append(names, input.Name)
		}
	}
	meant := trial.Closest(name, names)
	switch {
	case meant == "":
		return ""
	case prefix == "INPUT":
		return "; did you mean " + meant + "?"
	}
	return "; did you mean SEATRIAL_" + strings.ToUpper(strings.ReplaceAll(meant, "-", "_")) + "?"
}
