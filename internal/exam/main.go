// Exam plays the judge, and other people's rules beside it, through worlds
// whose truth is known, and writes what came of it to docs/exam.md.
//
//	go run ./internal/exam [-out docs/exam.md] [-scale 4]
//
// Its charts are written beside it.
package main

import (
	"bytes"
	"flag"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"time"
)

// sections follow each other in the report. Each plays what it needs, so many
// times the usual number of trials, and gives its tables with their charts.
var sections = []func(scale int) []table{design, others, several, mixed, picked, mismatched, contests, forecasts, fromElsewhere, published}

func main() {
	log.SetFlags(0)
	out := flag.String("out", "docs/exam.md", "where to write the report")
	scale := flag.Int("scale", 1, "how many times the usual number of trials to play; 0 tries everything out")
	flag.Parse()
	if err := exam(*out, max(0, *scale)); err != nil {
		log.Fatal("exam: ", err)
	}
}

func exam(out string, scale int) error {
	var tables []table
	for _, section := range sections {
		began := time.Now()
		written := section(scale)
		fmt.Printf("%4.0f s  %s\n", time.Since(began).Seconds(), written[0].title)
		tables = append(tables, written...)
	}
	var b bytes.Buffer
	if err := write(&b, opening(scale), tables); err != nil {
		return err
	}
	for _, t := range tables {
		if err := put(t.plot, filepath.Dir(out)); err != nil {
			return err
		}
	}
	return os.WriteFile(out, b.Bytes(), 0o644)
}

func put(c *chart, dir string) error {
	if c == nil {
		return nil
	}
	text, err := c.svg()
	if err != nil {
		return fmt.Errorf("drawing %s: %w", c.file, err)
	}
	return os.WriteFile(filepath.Join(dir, c.file), text, 0o644)
}

func opening(scale int) string {
	return fmt.Sprintf(`# The judge's exam

Written by %s: do not edit. The judge, and other people's rules beside it, meet worlds whose truth is
known. Everything is simulated: it says nothing of a real service whose noise is of another kind.

Trial i of every setup draws from PCG(%d, i), so the same code gives the same figures, and cells share their draws. This run has
%d times the usual number of trials. Intervals in brackets are Wilson's, 95 %%. A trial is at most %d rounds of 250 ms, 25 requests to each
version in a round unless said otherwise; confidence is 95 %%, and the judge looks after every round.
`, "`make exam`", seed, scale, budget)
}
