package metrics

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/seatrial/seatrial/trial"
)

// written is a place in a query: {{version}}, or $round as Prometheus' users
// know it from dashboards.
var written = regexp.MustCompile(`\{\{\s*([^{}]*?)\s*\}\}|\$round\b`)

// placesOf are what stands for a version and a window in queries.
func placesOf(v Version, w Window) map[string]string {
	places := maps.Clone(v.Places)
	if places == nil {
		places = map[string]string{}
	}
	places["name"] = v.Name
	places["round"] = strconv.FormatFloat(w.length().Seconds(), 'f', -1, 64) + "s"
	places["from"], places["to"] = w.From.UTC().Format(time.RFC3339Nano), w.To.UTC().Format(time.RFC3339Nano)
	places["from-seconds"], places["to-seconds"] = strconv.FormatInt(w.From.Unix(), 10), strconv.FormatInt(w.To.Unix(), 10)
	places["from-ms"], places["to-ms"] = strconv.FormatInt(w.From.UnixMilli(), 10), strconv.FormatInt(w.To.UnixMilli(), 10)
	return places
}

// fill puts values into the places of a query, each made fit by quote.
func fill(query string, places map[string]string, quote func(string) string) (string, error) {
	var unknown string
	filled := written.ReplaceAllStringFunc(query, func(at string) string {
		name := "round"
		if m := written.FindStringSubmatch(at); at != "$round" {
			name = m[1]
		}
		value, known := places[name]
		if !known {
			unknown = name
			return at
		}
		return quote(value)
	})
	if unknown != "" {
		known := slices.Sorted(maps.Keys(places))
		return "", fmt.Errorf("nothing is known to fill in for {{%s}} (known: %s)%s", unknown, strings.Join(known, ", "), trial.DidYouMean(unknown, known))
	}
	return filled, nil
}
