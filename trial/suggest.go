package trial

import (
	"slices"
	"strings"
)

// Closest returns the known name that was probably meant, "" if none is close:
// a little mistyped, or one that is a word of the other.
func Closest(name string, known []string) string {
	name = strings.ToLower(strings.ReplaceAll(name, "_", "-"))
	best, least := "", len(name)/3+2
	for _, k := range known {
		if d := edits(name, k); d < min(least, len(name)) {
			best, least = k, d
		}
	}
	if best != "" {
		return best
	}
	for _, k := range known {
		if slices.Contains(strings.Split(name, "-"), k) || slices.Contains(strings.Split(k, "-"), name) {
			return k
		}
	}
	return ""
}

// DidYouMean is the end of a message about an unknown name.
func DidYouMean(name string, known []string) string {
	if meant := Closest(name, known); meant != "" {
		return "; did you mean " + meant + "?"
	}
	return ""
}

// edits is the Levenshtein distance between two short names.
func edits(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			diagonal, row[j+1] = row[j+1], min(row[j+1]+1, row[j]+1, diagonal+cost)
		}
	}
	return row[len(b)]
}
