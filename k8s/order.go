package k8s

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/seatrial/seatrial/trial"
)

// parseOrder reads what a person wrote on a route: "pause", "resume",
// "end 70/30" in the order of the versions, or "end candidate=30", where what
// is left goes to the first version.
func parseOrder(text string, versions []string) (trial.Order, error) {
	verb, split, _ := strings.Cut(strings.TrimSpace(text), " ")
	split = strings.TrimSpace(split)
	switch {
	case verb == "pause" && split == "":
		return trial.Order{Kind: trial.Pause}, nil
	case verb == "resume" && split == "":
		return trial.Order{Kind: trial.Resume}, nil
	case verb == "end" && split != "":
		weights, err := parseSplit(split, versions)
		return trial.Order{Kind: trial.End, Weights: weights}, err
	}
	return trial.Order{}, fmt.Errorf("order %q: there are \"pause\", \"resume\" and \"end SPLIT\"", text)
}

func parseSplit(text string, versions []string) ([]int, error) {
	read := splitInOrder
	if strings.Contains(text, "=") {
		read = splitByName
	}
	weights, err := read(text, versions)
	if err != nil {
		return nil, fmt.Errorf("split %q: %w", text, err)
	}
	sum := 0
	for _, w := range weights {
		if w < 0 || w > 100 {
			return nil, fmt.Errorf("split %q: %d is no percentage from 0 to 100", text, w)
		}
		sum += w
	}
	if sum != 100 {
		return nil, fmt.Errorf("split %q: its percentages sum to %d, not 100", text, sum)
	}
	return weights, nil
}

func splitInOrder(text string, versions []string) ([]int, error) {
	parts := strings.Split(text, "/")
	if len(parts) != len(versions) {
		return nil, fmt.Errorf("%d percentages for %d versions (%s)", len(parts), len(versions), strings.Join(versions, "/"))
	}
	weights := make([]int, len(parts))
	for i, part := range parts {
		var err error
		if weights[i], err = percent(part); err != nil {
			return nil, err
		}
	}
	return weights, nil
}

func splitByName(text string, versions []string) ([]int, error) {
	weights := make([]int, len(versions))
	given := make([]bool, len(versions))
	rest := 100
	for part := range strings.SplitSeq(text, ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		i := slices.Index(versions, name)
		if i < 0 {
			return nil, fmt.Errorf("no version %q; there are %s", name, strings.Join(versions, ", "))
		}
		if given[i] {
			return nil, fmt.Errorf("%q twice", name)
		}
		var err error
		if weights[i], err = percent(value); err != nil {
			return nil, err
		}
		given[i] = true
		rest -= weights[i]
	}
	if !given[0] {
		weights[0] = rest
	}
	return weights, nil
}

func percent(text string) (int, error) {
	n, err := strconv.Atoi(strings.TrimSuffix(strings.TrimSpace(text), "%"))
	if err != nil {
		return 0, fmt.Errorf("%q is no whole percentage", text)
	}
	return n, nil
}
