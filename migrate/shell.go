package migrate

import (
	"bytes"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"mvdan.cc/sh/v3/expand"
	"mvdan.cc/sh/v3/syntax"
)

// word is one word of a command line. Variables of the shell stand in it
// between two marks of private use, until written makes references of them.
type word struct {
	text string
	at   place
}

const markBegin, markEnd = "\ue000", "\ue001"

var (
	variable = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)
	marked   = regexp.MustCompile(markBegin + `([A-Za-z_][A-Za-z0-9_]*)` + markEnd)
	noMarks  = strings.NewReplacer(markBegin, "?", markEnd, "?")
)

// written is a text as the trial file has it: references for the variables of
// the shell, and what only looks like one escaped.
func written(text string) string {
	text = strings.ReplaceAll(strings.ToValidUTF8(text, "\ufffd"), "${", "$${")
	return noMarks.Replace(marked.ReplaceAllString(text, "${${1}}"))
}

// refer is a reference within a text that is yet to be written.
func refer(name string) string { return markBegin + name + markEnd }

// given are words that a shell has read already.
func given(texts []string) []word {
	var words []word
	for i, text := range texts {
		words = append(words, word{noMarks.Replace(text), place{name: fmt.Sprintf("argument %d", i+1)}})
	}
	return words
}

// shellWords are the words of the first command in a text that is read here.
func (j *job) shellWords(f File) []word {
	text := bytes.TrimLeft([]byte(noMarks.Replace(string(f.Data))), " \t\r\n")
	text = bytes.TrimPrefix(bytes.ReplaceAll(text, []byte("\r\n"), []byte("\n")), []byte("$ "))
	if bytes.Contains(text, []byte(`^"`)) {
		j.add(place{name: f.Name}, "this was copied for Windows' cmd: copy it as cURL for bash")
		return nil
	}
	file, err := syntax.NewParser().Parse(bytes.NewReader(text), "")
	if err != nil {
		j.add(place{name: f.Name}, "not a command line: %v", err)
		return nil
	}
	var found *syntax.CallExpr
	others := 0
	syntax.Walk(file, func(n syntax.Node) bool {
		switch n := n.(type) {
		case *syntax.CallExpr:
			if len(n.Args) > 0 && found == nil && (isRead(n.Args[0].Lit()) || contains(launchers, programOf(n.Args[0].Lit()))) {
				found = n
			} else {
				others++
			}
		case *syntax.Redirect:
			j.draft.note("redirection " + n.Op.String())
		}
		return true
	})
	if found == nil {
		j.add(place{name: f.Name}, "no command of these is in it: %s", strings.Join(Kinds(), ", "))
		return nil
	}
	if others > 0 {
		j.draft.note(counted(others, "other command"))
	}
	return j.expand(f.Name, found)
}

func isRead(command string) bool {
	return slices.ContainsFunc(readers, func(r reader) bool { return slices.Contains(r.commands, programOf(command)) })
}

// expand resolves quotes and escapes. Variables become references; what a
// command would print is not known.
func (j *job) expand(name string, call *syntax.CallExpr) []word {
	config := &expand.Config{Env: expand.FuncEnviron(func(name string) string {
		if variable.MatchString(name) {
			j.draft.vault.taken[name] = true
			return refer(name)
		}
		return ""
	})}
	var words []word
	for _, arg := range call.Args {
		at := place{name, int(arg.Pos().Line()), int(arg.Pos().Col())}
		if why := unreadable(arg); why != "" {
			j.add(at, "%s is not known before the command runs: write its value, or a variable, $NAME", why)
			continue
		}
		text, err := expand.Literal(config, arg)
		if err != nil {
			j.add(at, "%v", err)
			continue
		}
		words = append(words, word{text, at})
	}
	if len(j.mistakes) > 0 {
		return nil
	}
	return words
}

// unreadable is what of a word can't be told without running it.
func unreadable(arg *syntax.Word) (why string) {
	syntax.Walk(arg, func(n syntax.Node) bool {
		switch n := n.(type) {
		case *syntax.CmdSubst:
			why = "$(…)"
		case *syntax.ProcSubst:
			why = "<(…)"
		case *syntax.ArithmExp:
			why = "$((…))"
		case *syntax.ExtGlob:
			why = "a pattern"
		case *syntax.ParamExp:
			if !variable.MatchString(n.Param.Value) || !n.Short && (n.Excl || n.Length || n.Width || n.Slice != nil || n.Repl != nil || n.Exp != nil || n.Index != nil) {
				why = "what is made of a variable"
			}
		}
		return why == ""
	})
	return why
}
