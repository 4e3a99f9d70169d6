package config

import (
	"fmt"
	"slices"
	"strings"
)

const helpHead = `Seatrial gives a release its trial: it loads the candidate beside its baseline,
compares them with statistics that may be watched, and says pass, fail or
inconclusive.

  seatrial --candidate http://canary.svc --baseline http://shop.svc

Each input is a flag (--at-least), an input of the GitHub action (at-least), a
variable (SEATRIAL_AT_LEAST) or a key of the trial file (at-least:), and the
first of these that has a value counts. In the file and in inputs, ${NAME} and
${NAME:-default} stand for variables. Keys without a flag are for the file only.
`

// Columns of the help.
const (
	helpWidth  = 80
	helpIndent = 6
)

// Help describes every input and every key of the file, in at most 80 columns.
func Help() string {
	var out strings.Builder
	out.WriteString(helpHead)
	section := ""
	for _, input := range Inputs {
		if input.Name == "" && input.hasParts() {
			continue
		}
		if input.Section != section {
			section = input.Section
			fmt.Fprintf(&out, "\n%s\n", section)
		}
		input.describe(&out)
	}
	return out.String()
}

// HelpOf describes the inputs of these names, as Help does.
func HelpOf(names []string) string {
	var out strings.Builder
	for _, input := range Inputs {
		if slices.Contains(names, input.Name) {
			input.describe(&out)
		}
	}
	return out.String()
}

func (i Input) describe(out *strings.Builder) {
	text := i.Help
	if i.Default != "" {
		text += " Default: " + i.Default + "."
	}
	fmt.Fprintf(out, "  %s\n", i.title())
	for _, line := range wrap(text, helpWidth-helpIndent) {
		fmt.Fprintf(out, "%*s%s\n", helpIndent, "", line)
	}
}

// hasParts reports whether the key is a mapping with keys of its own here.
func (i Input) hasParts() bool {
	for _, other := range Inputs {
		if strings.HasPrefix(other.Path, i.Path+".") {
			return true
		}
	}
	return false
}

// title is "--rate RATE  (load.rate)", or what of it there is.
func (i Input) title() string {
	flag := "--" + i.Name + " " + i.Placeholder
	if i.Bool {
		flag = "--" + i.Name + "[=true|false]"
	}
	switch i.Path {
	case "", i.Name:
		return flag
	}
	if i.Name == "" {
		return i.Path + ": " + i.Placeholder
	}
	return flag + "  (" + i.Path + ")"
}

// wrap breaks a text into lines of at most width runes.
func wrap(text string, width int) []string {
	var lines []string
	line := ""
	for _, word := range strings.Fields(text) {
		switch {
		case line == "":
			line = word
		case len([]rune(line))+1+len([]rune(word)) > width:
			lines, line = append(lines, line), word
		default:
			line += " " + word
		}
	}
	return append(lines, line)
}
