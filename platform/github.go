package platform

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/sethvargo/go-githubactions"
)

// gitHub publishes to GitHub Actions. Masks and annotations go through
// go-githubactions; its file commands are not used, because they panic
// without their file and put a fixed delimiter around values.
type gitHub struct {
	Environment
	action *githubactions.Action
}

func newGitHub(e Environment) *gitHub {
	return &gitHub{e, githubactions.New(githubactions.WithWriter(e.Stdout), githubactions.WithGetenv(e.Getenv))}
}

func (*gitHub) Name() string { return "github" }

// shortestMask is the shortest line that is masked: a brace or a "true" would
// riddle the log, and GitHub drops outputs that hold a masked value.
const shortestMask = 5

// Mask registers each line of each value: the runner masks line by line.
func (g *gitHub) Mask(values []string) {
	for _, value := range values {
		for line := range strings.Lines(value) {
			if line = strings.TrimSpace(line); len(line) >= shortestMask {
				g.action.AddMask(line)
			}
		}
	}
}

// Publish sets the outputs first: they must be there even if the rest fails.
func (g *gitHub) Publish(ctx context.Context, p Publication) error {
	unset := g.setOutputs(p.Outputs)
	errs := []error{unset, g.addSummary(p.Summary)}
	for _, a := range bounded(p.Annotations) {
		g.annotate(a)
	}
	url, err := g.discuss(ctx, p)
	errs = append(errs, err)
	if unset == nil {
		errs = append(errs, g.setOutputs([]Output{{CommentURL, url}}))
	}
	return errors.Join(errs...)
}

// CommentURL is the output that a platform adds to those of a trial: where its
// comment is; empty where there is none.
const CommentURL = "comment-url"

func (g *gitHub) setOutputs(outputs []Output) error {
	var text strings.Builder
	for _, o := range outputs {
		delimiter, err := g.delimiter()
		if err != nil {
			return err
		}
		fmt.Fprintf(&text, "%s<<%s\n%s\n%s\n", o.Name, delimiter, o.Value, delimiter)
	}
	return g.appendTo("GITHUB_OUTPUT", text.String())
}

// delimiter is drawn for each value, so that no value can end itself early
// and set outputs of its own.
func (g *gitHub) delimiter() (string, error) {
	var random [16]byte
	if _, err := io.ReadFull(g.Random, random[:]); err != nil {
		return "", fmt.Errorf("drawing a delimiter: %w", err)
	}
	return "seatrial-" + hex.EncodeToString(random[:]), nil
}

func (g *gitHub) addSummary(markdown string) error {
	if markdown == "" {
		return nil
	}
	return g.appendTo("GITHUB_STEP_SUMMARY", markdown+"\n")
}

func (g *gitHub) appendTo(variable, text string) error {
	path := g.Getenv(variable)
	if path == "" {
		return fmt.Errorf("writing to $%s: %w", variable, errNoFile)
	}
	file, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return fmt.Errorf("writing to $%s: %w", variable, err)
	}
	_, err = file.WriteString(text)
	if err = errors.Join(err, file.Close()); err != nil {
		return fmt.Errorf("writing to $%s: %w", variable, err)
	}
	return nil
}

// Limits of the runner: ten annotations of a kind in a step, 4,096 characters each.
const (
	mostAnnotations = 10
	longestMessage  = 4000
)

// bounded keeps one error and eight others, errors after the first as
// warnings; the tenth is for the notice that something could not be shown.
func bounded(all []Annotation) []Annotation {
	kept := slices.Clone(all[:min(len(all), mostAnnotations-1)])
	failed := false
	for i := range kept {
		if kept[i].Level == Error && failed {
			kept[i].Level = Warning
		}
		failed = failed || kept[i].Level == Error
	}
	return kept
}

func (g *gitHub) annotate(a Annotation) {
	fields := map[string]string{"title": a.Title}
	if a.File != "" {
		// GitHub knows files by their path in the repository.
		fields["file"] = strings.TrimPrefix(filepath.Clean(a.File), g.Getenv("GITHUB_WORKSPACE")+"/")
	}
	if a.Line > 0 {
		fields["line"] = strconv.Itoa(a.Line)
	}
	if a.Column > 0 {
		fields["col"] = strconv.Itoa(a.Column)
	}
	message := []rune(a.Message)
	text := string(message[:min(len(message), longestMessage)])
	action := g.action.WithFieldsMap(fields)
	switch a.Level {
	case Error:
		action.Errorf("%s", text)
	case Warning:
		action.Warningf("%s", text)
	default:
		action.Noticef("%s", text)
	}
}
