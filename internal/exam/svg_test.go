package main

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func sketch() *chart {
	c := &chart{
		title: "T < 5 %", note: "n", limit: 5,
		x: axis{low: 1, high: 100, log: true, ticks: []tick{{1, "one"}, {100, "hundred"}}},
		y: axis{label: "seconds", low: 0, high: 10},
		lines: []curve{
			{name: "ours", own: true, points: []point{{1, 1, full}, {100, 3, cross}}},
			{name: "theirs", steps: true, points: []point{{1, 0, hollow}, {100, 3, none}}},
		},
	}
	c.finish(func(float64) string { return "three" })
	return c
}

func TestChartIsXMLOnWhite(t *testing.T) {
	text, err := sketch().svg()
	if err != nil {
		t.Fatal(err)
	}
	var words []string
	for decoder := xml.NewDecoder(bytes.NewReader(text)); ; {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if s, ok := token.(xml.CharData); ok && strings.TrimSpace(string(s)) != "" {
			words = append(words, string(s))
		}
	}
	for _, want := range []string{"T < 5 %", "n", "ours", "theirs", "one", "hundred", "seconds"} {
		if !strings.Contains(strings.Join(words, "|"), want) {
			t.Errorf("%q is not on the chart: %q", want, words)
		}
	}
	for _, x := range regexp.MustCompile(`<text x="([0-9.]+)"`).FindAllSubmatch(text, -1) {
		if at, err := strconv.ParseFloat(string(x[1]), 64); err != nil || at > chartWidth-150 {
			t.Errorf("text at %s leaves the page: %v", x[1], err)
		}
	}
	// The first thing drawn covers the page.
	first := string(text[bytes.Index(text, []byte("<path")):])
	if !strings.HasPrefix(first, `<path d="M0,0L800,0L800,440L0,440Z"`) || !strings.Contains(strings.SplitN(first, "/>", 2)[0], "#FFFFFF") {
		t.Errorf("no white page: %.120s", first)
	}
	if bytes.Contains(text, []byte("family:Liberation Sans;")) {
		t.Error("no font to fall back on")
	}
}

func TestSameChartSameBytes(t *testing.T) {
	a, err := sketch().svg()
	b, again := sketch().svg()
	if err != nil || again != nil || !bytes.Equal(a, b) {
		t.Error("two drawings differ", err, again)
	}
}

func TestSeatrialIsDrawnInFront(t *testing.T) {
	c := sketch()
	if got := c.lines[1].name; got != "ours" {
		t.Errorf("%s is in front", got)
	}
	if want := "T < 5 %: n. At the right end: theirs three; ours three."; c.alt != want {
		t.Errorf("%q, want %q", c.alt, want)
	}
}

func TestNamesKeepApartInTheirOrder(t *testing.T) {
	got := apart([]float64{50, 3, 0, 0, 100}, 10, -2)
	if diff := cmp.Diff([]float64{50, 20, 10, 0, 100}, got); diff != "" {
		t.Error(diff)
	}
}
