package platform

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"unicode/utf8"
)

// tekton writes each result to a file of its name, for Tekton and for whatever
// else reads values from files (Argo Workflows). Tekton marks its steps by no
// variable of its own, so that $SEATRIAL_RESULTS_DIR alone asks for it.
type tekton struct {
	local
	dir string
}

func (tekton) Name() string { return "tekton" }

// results are the outputs that are written, with the most bytes of each. All
// results of a TaskRun share 4,096 bytes with Tekton's own (docs/tasks.md,
// "Larger results"); over it, the TaskRun fails. Together with their names,
// these stay within 600.
var results = []struct {
	name string
	most int
	cut  func(text string, most int) string
}{
	{"verdict", 12, whole},
	{"passed", 5, whole},
	{"exit-code", 3, whole},
	{"winner", 80, whole},
	{"reason", 200, begin},
	{"failed-objectives", 230, firstLines},
}

// Publish writes every result, empty ones too: a pipeline that refers to one
// that is missing fails. All of it is printed as well.
func (t tekton) Publish(ctx context.Context, p Publication) error {
	errs := []error{t.local.Publish(ctx, p)}
	values := map[string]string{}
	for _, o := range p.Outputs {
		values[o.Name] = o.Value
	}
	for _, r := range results {
		path := filepath.Join(t.dir, r.name)
		if err := os.WriteFile(path, []byte(r.cut(values[r.name], r.most)), 0o644); err != nil {
			errs = append(errs, fmt.Errorf("writing the result %s: %w", r.name, err))
		}
	}
	return errors.Join(errs...)
}

// whole is for names, half of which would be another name: what does not fit
// is left out.
func whole(text string, most int) string {
	if len(text) > most {
		return ""
	}
	return text
}

// begin keeps whole characters.
func begin(text string, most int) string {
	const more = "…"
	if len(text) <= most {
		return text
	}
	end := most - len(more)
	for end > 0 && !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end] + more
}

// firstLines keeps whole lines, and says how many it does not.
func firstLines(text string, most int) string {
	if len(text) <= most {
		return text
	}
	lines := strings.Split(text, "\n")
	for kept := len(lines) - 1; kept > 0; kept-- {
		if short := fmt.Sprintf("%s\nand %d more", strings.Join(lines[:kept], "\n"), len(lines)-kept); len(short) <= most {
			return short
		}
	}
	return fmt.Sprintf("%d objectives", len(lines))
}
