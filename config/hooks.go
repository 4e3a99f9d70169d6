package config

import (
	"errors"
	"fmt"
	"net/url"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/seatrial/seatrial/trial"
)

// Hooks are what the step does at the turns of a trial: promote, roll back, tell people.
type Hooks struct {
	Start        Actions `yaml:"start"`
	Round        Actions `yaml:"round"`
	Pass         Actions `yaml:"pass"`
	Fail         Actions `yaml:"fail"`
	Inconclusive Actions `yaml:"inconclusive"`
	Finish       Actions `yaml:"finish"`
}

// Event is a turn of a trial with what is done then.
type Event struct {
	Name    string
	Actions Actions
}

// Names of the events.
const (
	OnStart        = "start"
	OnRound        = "round"
	OnPass         = "pass"
	OnFail         = "fail"
	OnInconclusive = "inconclusive"
	OnFinish       = "finish"
)

// Events are all turns in the order in which a trial takes them.
func (h Hooks) Events() []Event {
	return []Event{
		{OnStart, h.Start}, {OnRound, h.Round}, {OnPass, h.Pass}, {OnFail, h.Fail}, {OnInconclusive, h.Inconclusive}, {OnFinish, h.Finish},
	}
}

// Actions is a list of them; a single one may stand without the list.
type Actions []Action

// Action is a command, or a message to a webhook, of which a text alone is the
// command.
type Action struct {
	Run           Script         `yaml:"run"`
	Notify        trial.Secret   `yaml:"notify"`
	Name          string         `yaml:"name"`
	If            Condition      `yaml:"if"`
	Within        *time.Duration `yaml:"within"`         // nil: see Limit
	IgnoreFailure *bool          `yaml:"ignore-failure"` // nil: see MayFail
}

// Script is a command line for a shell. References in it are the shell's to
// resolve: a value pasted into a command line would be read as a part of it.
type Script string

// What an action may take where it does not say. helm and kubectl wait for
// five minutes themselves.
const (
	commandWithin = 6 * time.Minute
	messageWithin = 10 * time.Second
)

// Limit is how long the action may take.
func (a Action) Limit() time.Duration {
	switch {
	case a.Within != nil:
		return *a.Within
	case a.Run == "":
		return messageWithin
	}
	return commandWithin
}

// MayFail reports whether its failure is only told. A message that does not
// arrive has undone nothing, so that is so by default.
func (a Action) MayFail() bool {
	if a.IgnoreFailure != nil {
		return *a.IgnoreFailure
	}
	return a.Run == ""
}

// Title is what the action is called: its name, or the first line of its command.
func (a Action) Title() string {
	switch {
	case a.Name != "":
		return a.Name
	case a.Run == "":
		return "notify"
	}
	first, _, _ := strings.Cut(strings.TrimSpace(string(a.Run)), "\n")
	return first
}

// Condition is when an action is taken. The zero value is always.
type Condition struct {
	Subject string // verdict, status or winner
	Not     bool
	Value   string
}

// NoWinner is the value of a winner that there is not.
const NoWinner = "none"

// subjects are what a condition may ask for, with the values that there are.
// Those of winner are the versions' names as well.
var subjects = []struct {
	name  string
	known []string
}{
	{"verdict", []string{"pass", "fail", "inconclusive"}},
	{"status", []string{"judged", "not-ready", "broken", "cancelled"}},
	{"winner", []string{NoWinner}},
}

// UnmarshalText reads "winner == candidate" or "verdict != pass".
func (c *Condition) UnmarshalText(text []byte) error {
	subject, value, equal := strings.Cut(string(text), "==")
	if !equal {
		var unequal bool
		if subject, value, unequal = strings.Cut(string(text), "!="); !unequal {
			return fmt.Errorf("%q is no condition: write verdict == pass, status != judged, winner == candidate, or the like", text)
		}
	}
	*c = Condition{strings.TrimSpace(subject), !equal, strings.TrimSpace(value)}
	var names []string
	for _, s := range subjects {
		if s.name == c.Subject {
			return nil
		}
		names = append(names, s.name)
	}
	return fmt.Errorf("%q can't be asked for (known: %s)%s", c.Subject, strings.Join(names, ", "), trial.DidYouMean(c.Subject, names))
}

// MarshalText writes what UnmarshalText reads.
func (c Condition) MarshalText() ([]byte, error) {
	sign := "=="
	if c.Not {
		sign = "!="
	}
	return []byte(c.Subject + " " + sign + " " + c.Value), nil
}

// Holds reports whether the condition holds of what is asked for by name.
func (c Condition) Holds(of map[string]string) bool {
	return c == Condition{} || (of[c.Subject] == c.Value) != c.Not
}

func (c checker) hooks() {
	for _, e := range c.file.On.Events() {
		for i, a := range e.Actions {
			c.action(a, e.Name, fmt.Sprintf("on.%s[%d]", e.Name, i))
		}
	}
}

func (c checker) action(a Action, event, path string) {
	hasCommand, hasAddress := strings.TrimSpace(string(a.Run)) != "", a.Notify.Reveal() != ""
	switch {
	case hasCommand && hasAddress:
		c.doubt(path, "run and notify in one: make two of it")
	case !hasCommand && !hasAddress && !c.isUnread(path):
		c.doubt(path, "neither a command nor an address: write run: COMMAND, or notify: URL")
	case strings.ContainsRune(string(a.Run), 0):
		c.doubt(join(path, "run"), "it has a NUL character, which no command can have")
	}
	if _, err := webhook(a.Notify.Reveal()); hasAddress && err != nil {
		c.doubt(join(path, "notify"), "%v", err)
	}
	if hasAddress && event == OnRound {
		c.doubt(join(path, "notify"), "rounds end several times a second: notify at another event")
	}
	c.visible(join(path, "name"), a.Name)
	if a.Within != nil {
		c.between(join(path, "within"), *a.Within, time.Millisecond, time.Hour)
	}
	if (a.If != Condition{}) {
		c.condition(a.If, event, join(path, "if"))
	}
}

// webhook is an address to notify. Its error does not quote it: who knows the
// address of a webhook may write to it.
func webhook(address string) (*url.URL, error) {
	u, err := url.Parse(address)
	if err != nil || u.Hostname() == "" || u.Scheme != "https" && u.Scheme != "http" {
		return nil, errors.New("this is no URL of http or https")
	}
	return u, nil
}

// webhookSecrets are the whole address, and what in it is a key: the last part
// of its path, at Slack and its like, and what any address may hold.
func webhookSecrets(address string) []string {
	u, err := webhook(address)
	if err != nil {
		return []string{address}
	}
	secrets := append(inAddress(address), address)
	if key := path.Base(u.Path); len(key) >= longLiteral {
		secrets = append(secrets, key)
	}
	return secrets
}

// condition refuses one that asks for what is not known then, or for what
// never is.
func (c checker) condition(asked Condition, event, path string) {
	if event == OnStart || event == OnRound && asked.Subject != "verdict" {
		c.doubt(path, "there is no %s yet at on: %s", asked.Subject, event)
		return
	}
	for _, s := range subjects {
		if s.name != asked.Subject {
			continue
		}
		known := s.known
		if s.name == "winner" {
			known = append(c.names(), known...)
		}
		if !slices.Contains(known, asked.Value) {
			c.doubt(path, "%q is no %s (known: %s)%s", asked.Value, s.name, strings.Join(known, ", "), trial.DidYouMean(asked.Value, known))
		} else if asked.Value == NoWinner && slices.Contains(c.names(), NoWinner) {
			c.doubt(path, "a version is called %s: call it something else", NoWinner)
		}
	}
}

// names are those of all versions.
func (c checker) names() []string {
	var names []string
	for _, t := range c.file.Targets() {
		names = append(names, t.Name)
	}
	return names
}
