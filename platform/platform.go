// Package platform brings a trial's result to where the pipeline runs. It
// knows strings, and nothing of trials.
package platform

import (
	"context"
	"errors"
	"io"
	"time"
)

// Output is a named value for later steps of the pipeline.
type Output struct{ Name, Value string }

// Level is how loud an annotation is.
type Level int

const (
	Notice Level = iota
	Warning
	Error
)

// Annotation is a message that may be attached to a place in the repository.
type Annotation struct {
	Level   Level
	Title   string
	Message string
	File    string // relative to the repository; empty for none
	Line    int    // 0: the whole file
	Column  int    // 0: the whole line
}

// Publication is all that a platform is given to show.
type Publication struct {
	Outputs     []Output // as they are; names and reasons in them may be anybody's
	Log         string   // the outputs for a log that has no other place for them: plain text
	Summary     string   // Markdown
	Annotations []Annotation
	Comment     Comment
	Status      Status
}

// Status is the verdict as a mark on the commit.
type Status struct {
	Wanted      bool
	Passed      bool
	Description string // one line
}

// Platform is a kind of pipeline.
type Platform interface {
	Name() string
	// Mask hides values in everything that is logged from now on.
	Mask(values []string)
	// Publish shows the result. Its error is a warning to people and never
	// changes a verdict.
	Publish(ctx context.Context, p Publication) error
}

// Parted is a platform that can fold the parts of a log away.
type Parted interface {
	// BeginPart and EndPart are what to print around a part; its name is one word.
	BeginPart(name, title string, at time.Time) string
	EndPart(name string, at time.Time) string
}

// Environment is what a platform may see of the process.
type Environment struct {
	Getenv func(string) string
	Stdout io.Writer
	Random io.Reader // for delimiters that no value can contain
}

// Detect finds the platform that this process runs on; a plain shell is Local.
func Detect(e Environment) Platform {
	if e.Getenv("GITHUB_ACTIONS") == "true" {
		return newGitHub(e)
	}
	if dir := e.Getenv("SEATRIAL_RESULTS_DIR"); dir != "" {
		return tekton{local{e.Stdout}, dir}
	}
	if e.Getenv("GITLAB_CI") == "true" {
		return gitLab{e}
	}
	return local{e.Stdout}
}

// local is a terminal, or any pipeline that reads the exit code and the files.
type local struct{ out io.Writer }

func (local) Name() string { return "local" }

// Mask does nothing: a terminal has no masks, and secrets are never printed.
func (local) Mask([]string) {}

// Publish prints what is for the log. Outputs themselves are not printed: Azure
// Pipelines obeys "##vso[…" in a log, and a terminal obeys escape sequences.
func (l local) Publish(_ context.Context, p Publication) error {
	_, err := io.WriteString(l.out, p.Log)
	return err
}

var errNoFile = errors.New("the variable is not set")
