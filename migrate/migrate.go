package migrate

import (
	"bytes"
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// Source is what a team has: a command line, or texts of files.
type Source struct {
	Kind  string   // one of Kinds; empty: found out
	Words []string // of a command line; empty: there are Files
	Files []File
	// ReadFile reads what a command line names: values files and configurations.
	ReadFile func(path string) ([]byte, error)
}

// File is a text and what it is called in messages.
type File struct {
	Name string
	Data []byte
}

// mostBytes is the longest text that is read: a recording of a day is more
// than anybody will look through.
const mostBytes = 64 << 20

// reader is how one kind of source is read.
type reader struct {
	kind     string
	commands []string           // programs whose command lines it reads
	words    func(*job, []word) // of a command line, without the program
	shows    func(*value) bool  // whether a document is of this kind
	document func(*job, []*value)
}

var readers = []reader{
	{kind: "k6", shows: isK6, document: (*job).k6},
	{kind: "fortio", commands: []string{"fortio"}, words: (*job).fortio},
	{kind: "ghz", commands: []string{"ghz"}, words: (*job).ghz, shows: isGhz, document: (*job).ghzConfig},
	{kind: "har", shows: isHAR, document: (*job).har},
	{kind: "openapi", shows: isOpenAPI, document: (*job).openAPI},
	{kind: "curl", commands: []string{"curl", "curl.exe"}, words: (*job).curl},
	{kind: "iter8", commands: []string{"iter8", "helm"}, words: (*job).iter8Command, shows: isIter8, document: (*job).iter8},
}

// Kinds are the tools whose load tests are read.
func Kinds() []string {
	var kinds []string
	for _, r := range readers {
		kinds = append(kinds, r.kind)
	}
	return kinds
}

// job is one import under way.
type job struct {
	Source
	*ledger
	draft *draft
}

// Draft is the trial file that does what the source did. Its error is a
// *Mistakes with all that is wrong with the source.
func Draft(s Source) ([]byte, error) {
	j := &job{Source: s, ledger: &ledger{}, draft: newDraft()}
	j.run()
	if err := j.err(); err != nil {
		return nil, err
	}
	return j.draft.YAML()
}

func (j *job) run() {
	if j.Kind != "" && !slices.Contains(Kinds(), j.Kind) {
		j.add(place{name: "--from"}, "%q is not known (known: %s)", j.Kind, strings.Join(Kinds(), ", "))
		return
	}
	switch {
	case len(j.Words) > 0:
		j.command(given(j.Words))
	case len(j.Files) == 0:
		j.add(place{}, "nothing to import: name a file, - for standard input, or write a command behind --")
	default:
		j.files()
	}
}

// command reads a command line by the program that it runs.
func (j *job) command(words []word) {
	words = j.launched(words)
	name := programOf(words[0].text)
	for _, r := range readers {
		if slices.Contains(r.commands, name) && (j.Kind == "" || j.Kind == r.kind) {
			r.words(j, words[1:])
			return
		}
	}
	var known []string
	for _, r := range readers {
		known = append(known, r.commands...)
	}
	j.add(words[0].at, "the command %q is not one that is read here (known: %s)%s", name, strings.Join(known, ", "), j.asked())
}

// launchers start the programs that are read here.
var launchers = []string{"docker", "podman", "nerdctl", "kubectl", "sudo", "time", "env", "exec", "nohup"}

// launched is the command that a launcher is told to run.
func (j *job) launched(words []word) []word {
	if !contains(launchers, programOf(words[0].text)) {
		return words
	}
	for i, w := range words {
		if isRead(w.text) {
			j.draft.note(words[0].text + ": how the source starts " + programOf(w.text))
			return words[i:]
		}
	}
	return words
}

// programOf is the program that a word of a command line names: by its path, or
// by the image that has it.
func programOf(text string) string {
	name, _, _ := strings.Cut(filepath.Base(text), ":")
	return name
}

// asked is the kind that was said, for messages.
func (j *job) asked() string {
	if j.Kind == "" {
		return ""
	}
	return " as " + j.Kind
}

// files reads texts: documents of one kind, or a command line.
func (j *job) files() {
	for _, f := range j.Files {
		if len(f.Data) > mostBytes {
			j.add(place{name: f.Name}, "it has more than %d MB: record less", mostBytes>>20)
			return
		}
	}
	if first := j.Files[0]; len(j.Files) == 1 && isCommand(first.Data) {
		if words := j.shellWords(first); len(words) > 0 {
			j.command(words)
		}
		return
	}
	if isScript(j.Files[0]) {
		j.add(place{name: j.Files[0].Name}, "a script of k6 is a program, which is not run here: give what k6 inspect %s prints", j.Files[0].Name)
		return
	}
	var documents []*value
	for _, f := range j.Files {
		documents = append(documents, j.parse(f)...)
	}
	if len(j.mistakes) == 0 {
		j.documents(documents)
	}
}

// isCommand reports whether a text begins with the name of a program that is
// read here.
func isCommand(data []byte) bool {
	text := strings.TrimLeft(string(data[:min(len(data), 4096)]), " \t\r\n$")
	for line := range strings.Lines(text) {
		if trimmed := strings.TrimSpace(line); trimmed == "" || strings.HasPrefix(trimmed, "#") {
			continue
		}
		first, _, _ := strings.Cut(assignments.ReplaceAllString(strings.TrimSpace(line), ""), " ")
		return isRead(first) || contains(launchers, programOf(first))
	}
	return false
}

// assignments stand before a command.
var assignments = regexp.MustCompile(`^([A-Za-z_][A-Za-z0-9_]*=\S*\s+)+`)

// isScript reports whether a text is a program for k6.
func isScript(f File) bool {
	return strings.HasSuffix(f.Name, ".js") || strings.HasSuffix(f.Name, ".ts") || bytes.Contains(f.Data[:min(len(f.Data), 4096)], []byte("from 'k6"))
}

func (j *job) documents(documents []*value) {
	if len(documents) == 0 {
		j.add(place{name: j.Files[0].Name}, "there is nothing in it")
		return
	}
	for _, r := range readers {
		if r.document != nil && (j.Kind == r.kind || j.Kind == "" && r.shows(documents[0])) {
			r.document(j, documents)
			return
		}
	}
	if j.Kind != "" {
		j.add(documents[0].at, "%s is read from a command line: write the command into a file, or behind --", j.Kind)
		return
	}
	j.add(documents[0].at, "this is nothing that is read here: say what it is with --from %s", strings.Join(Kinds(), "|"))
}

// longestShown is as much of a text as anybody reads in one line.
const longestShown = 240

// shown is a text of the source in a message or a comment: one line, printable.
func shown(text string) string {
	text = noActions.Replace(noMarks.Replace(marked.ReplaceAllString(text, "$$${1}")))
	text = strings.Map(func(r rune) rune {
		if r == '\u2028' || r == '\u2029' || r == '\ufeff' || r < ' ' || r == 0x7f || 0x80 <= r && r < 0xa0 || 0x202a <= r && r <= 0x202e || 0x2066 <= r && r <= 0x2069 {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(text, "?"))
	text = strings.TrimSpace(text)
	if runes := []rune(text); len(runes) > longestShown {
		return string(runes[:longestShown-1]) + "…"
	}
	return text
}

func quoted(text string) string { return fmt.Sprintf("%q", shown(text)) }
