// Exam plays the judge, and other people's rules beside it, through worlds
// whose truth is known, and writes what came of it to docs/exam.md.
//
//	go run ./internal/exam [-out docs/exam.md] [-scale 4]
package main

import (
	"bytes"
	"flag"
	"fmt"
	"log"
	"os"
	"time"
)

var sections = []func(scale int) []table{design, others, several, falseFails, power, forecasts, published}

func main() {
	log.SetFlags(0)
	out := flag.String("out", "docs/exam.md", "where to write the report")
	scale := flag.Int("scale", 1, "how many times the usual number of trials to play")
	flag.Parse()
	if err := exam(*out, max(1, *scale)); err != nil {
		log.Fatal("exam: ", err)
	}
}

func exam(out string, scale int) error {
	var tables []table
	for _, section := range sections {
		began := time.Now()
		written := section(scale)
		fmt.Printf("%-60s %4.0f s\n", written[0].title, time.Since(began).Seconds())
		tables = append(tables, written...)
	}
	var b bytes.Buffer
	if err := write(&b, opening(scale), tables); err != nil {
		return err
	}
	return os.WriteFile(out, b.Bytes(), 0o644)
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
