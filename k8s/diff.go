package k8s

import (
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"
)

// excerpt is what an object has at the paths, as YAML.
func excerpt(o object, paths [][]string) (string, error) {
	part := map[string]any{}
	for _, path := range paths {
		value, found, err := unstructured.NestedFieldNoCopy(o.Object, path...)
		if err != nil {
			return "", err
		}
		if !found {
			continue
		}
		if err := unstructured.SetNestedField(part, value, path...); err != nil {
			return "", err
		}
	}
	text, err := yaml.Marshal(part)
	return string(text), err
}

// contextLines stand around each change of a unified diff.
const contextLines = 3

// unified is the diff of two texts, empty where they are the same.
func unified(nameA, nameB, a, b string) string {
	steps := editScript(lines(a), lines(b))
	var out strings.Builder
	for _, h := range hunks(steps) {
		if out.Len() == 0 {
			fmt.Fprintf(&out, "--- %s\n+++ %s\n", nameA, nameB)
		}
		h.write(&out, steps)
	}
	return out.String()
}

func lines(text string) []string {
	return strings.Split(strings.TrimSuffix(text, "\n"), "\n")
}

// step is one line of an edit script: ' ' kept, '-' of a, '+' of b. a and b are
// the lines before it in either text.
type step struct {
	op   byte
	text string
	a, b int
}

// editScript turns a into b by the fewest lines: the longest common
// subsequence, by dynamic programming, since routes are short.
func editScript(a, b []string) []step {
	common := make([][]int, len(a)+1)
	for i := range common {
		common[i] = make([]int, len(b)+1)
	}
	for i := len(a) - 1; i >= 0; i-- {
		for j := len(b) - 1; j >= 0; j-- {
			common[i][j] = max(common[i+1][j], common[i][j+1])
			if a[i] == b[j] {
				common[i][j] = common[i+1][j+1] + 1
			}
		}
	}
	var steps []step
	for i, j := 0, 0; i < len(a) || j < len(b); {
		switch {
		case i < len(a) && j < len(b) && a[i] == b[j]:
			steps = append(steps, step{' ', a[i], i, j})
			i, j = i+1, j+1
		case j == len(b) || i < len(a) && common[i+1][j] >= common[i][j+1]:
			steps = append(steps, step{'-', a[i], i, j})
			i++
		default:
			steps = append(steps, step{'+', b[j], i, j})
			j++
		}
	}
	return steps
}

// hunk is a stretch of steps with changes in it.
type hunk struct{ from, to int }

func hunks(steps []step) []hunk {
	var found []hunk
	for i, s := range steps {
		if s.op == ' ' {
			continue
		}
		from, to := max(0, i-contextLines), min(len(steps), i+1+contextLines)
		if last := len(found) - 1; last >= 0 && from <= found[last].to {
			found[last].to = to
			continue
		}
		found = append(found, hunk{from, to})
	}
	return found
}

func (h hunk) write(out *strings.Builder, steps []step) {
	var ofA, ofB int
	for _, s := range steps[h.from:h.to] {
		if s.op != '+' {
			ofA++
		}
		if s.op != '-' {
			ofB++
		}
	}
	first := steps[h.from]
	fmt.Fprintf(out, "@@ -%d,%d +%d,%d @@\n", first.a+1, ofA, first.b+1, ofB)
	for _, s := range steps[h.from:h.to] {
		fmt.Fprintf(out, "%c%s\n", s.op, s.text)
	}
}

// changes are the changed lines alone, at most limit of them: for a sentence.
func changes(a, b string, limit int) string {
	var changed []string
	for _, s := range editScript(lines(a), lines(b)) {
		if s.op != ' ' {
			changed = append(changed, fmt.Sprintf("%c %s", s.op, strings.TrimSpace(s.text)))
		}
	}
	if more := len(changed) - limit; more > 0 {
		changed = append(changed[:limit], fmt.Sprintf("and %d more", more))
	}
	return strings.Join(changed, ", ")
}
