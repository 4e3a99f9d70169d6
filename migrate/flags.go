package migrate

import (
	"slices"
	"strings"

	"github.com/seatrial/seatrial/trial"
)

// option is a flag of a command line.
type option struct {
	names  string // without dashes, with spaces between them; a single letter is a short one
	takes  bool   // a value follows
	action func(*command, word)
	why    string // instead of an action: why it has no equal
}

// style is how a program reads its flags.
type style struct {
	program  string
	options  []option
	oneDash  bool // -qps is one flag, not four
	attached bool // -n10 is -n 10
}

// command is a command line that is being read.
type command struct {
	*job
	style
	rest []word // what is no flag

	// What has no equal, by why, in the order of the command line.
	whys  []string
	named map[string][]string
}

// read goes through the words of a command line.
func (j *job) read(s style, words []word) *command {
	c := &command{job: j, style: s, named: map[string][]string{}}
	defer c.tell()
	for len(words) > 0 {
		w := words[0]
		words = words[1:]
		switch {
		case w.text == "--":
			c.rest = append(c.rest, words...)
			return c
		case w.text == "-" || !strings.HasPrefix(w.text, "-"):
			c.rest = append(c.rest, w)
		case strings.HasPrefix(w.text, "--") || s.oneDash:
			words = c.long(w, words)
		default:
			words = c.short(w, words)
		}
	}
	return c
}

// long reads --name, --name value, --name=value or --no-name.
func (c *command) long(w word, words []word) []word {
	name, value, given := strings.Cut(strings.TrimLeft(w.text, "-"), "=")
	o := c.find(name)
	if o == nil && !c.oneDash && strings.HasPrefix(name, "no-") {
		if o = c.find(strings.TrimPrefix(name, "no-")); o != nil && !o.takes {
			value, given = "false", true
		}
	}
	if o == nil && c.oneDash && c.attached {
		return c.short(w, words)
	}
	switch {
	case o == nil:
		c.unknown(w, strings.TrimLeft(name, "-"))
	case given || !o.takes:
		c.use(o, name, word{value, w.at})
	case len(words) == 0:
		c.add(w.at, "%s has no value behind it", quoted(w.text))
	default:
		c.use(o, name, words[0])
		return words[1:]
	}
	return words
}

// short reads -a, -a value, -avalue, and -abc for -a -b -c.
func (c *command) short(w word, words []word) []word {
	for text := strings.TrimPrefix(w.text, "-"); text != ""; {
		name := text[:1]
		o := c.find(name)
		switch {
		case o == nil:
			c.unknown(w, name)
			return words
		case !o.takes:
			c.use(o, name, word{"", w.at})
			text = text[1:]
			continue
		case len(text) > 1:
			c.use(o, name, word{strings.TrimPrefix(text[1:], "="), w.at})
		case len(words) == 0:
			c.add(w.at, "%s has no value behind it", quoted(w.text))
		default:
			c.use(o, name, words[0])
			return words[1:]
		}
		return words
	}
	return words
}

func (c *command) find(name string) *option {
	for i, o := range c.options {
		if slices.Contains(strings.Fields(o.names), name) {
			return &c.options[i]
		}
	}
	return nil
}

func (c *command) use(o *option, name string, value word) {
	if o.action != nil {
		o.action(c, value)
		return
	}
	text := c.dashed(name)
	if value.text != "" && o.takes && harmless.MatchString(value.text) && !isSecretText(value.text) && !isSecretName(name) {
		text += " " + value.text
	}
	if c.named[o.why] == nil {
		c.whys = append(c.whys, o.why)
	}
	c.named[o.why] = append(c.named[o.why], text)
}

// tell says what has no equal.
func (c *command) tell() {
	for _, why := range c.whys {
		c.draft.note(c.program + " " + strings.Join(c.named[why], ", ") + ": " + why)
	}
}

func (c *command) dashed(name string) string {
	if c.oneDash || len(name) == 1 {
		return "-" + name
	}
	return "--" + name
}

func (c *command) unknown(w word, name string) {
	var known []string
	for _, o := range c.options {
		known = append(known, strings.Fields(o.names)...)
	}
	c.add(w.at, "no flag of %s is called %s%s; leave it out if it is one that is not known here", c.program, quoted(c.dashed(name)), trial.DidYouMean(name, known))
}

// isOn is the value of a flag that takes none, which may be given one.
func isOn(w word) bool { return w.text != "false" && w.text != "0" }
