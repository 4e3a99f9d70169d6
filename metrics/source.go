package metrics

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/seatrial/seatrial/trial"
)

// Window is the time that one round covers: after From, until To.
type Window struct{ From, To time.Time }

func (w Window) length() time.Duration { return w.To.Sub(w.From) }

func (w Window) holds(t time.Time) bool { return t.After(w.From) && !t.After(w.To) }

// ask is one question to a provider: one part of a metric, of one version, over
// one window.
type ask struct {
	metric Metric
	part   part
	text   string            // the part's query, places filled in
	places map[string]string // what may be filled in elsewhere: parameters, bodies
	window Window

	// versions are the part's queries for every version, its own among them; nil
	// where some could not be filled.
	versions []string
	asked    *memo // about the window so far
}

// answer is what a provider said to one ask: series of points, or finished
// statistics where its reply has them.
type answer struct {
	series []series
	sums   []series // of a histogram's observations, where the reply has them too
	sample *trial.Sample

	text string // of the question, where it was put otherwise than it was given

	// partOf are the labels by which the series of the hits are some of those of
	// the trials: where a trial's series has them and none is a hit, there were 0
	// hits. Nil where that is not known.
	partOf []string
}

// series is the points of one time series, in the order of their times.
type series struct {
	name   string            // what tells it from others in the same answer: its labels, sorted
	labels map[string]string // nil where it has none
	origin string            // the process whose counters begin anew together; empty where that is not known
	summed bool              // of several processes, or nobody knows of how many: it may fall without beginning anew at 0
	bound  *float64          // upper bound of its bucket, +Inf included; nil where it is none
	bucket string            // name of the histogram that it is a bucket of
	points []point
}

// point is one number. A provider that gives no time means the end of the
// window that it was asked about.
type point struct {
	at    time.Time
	value float64
}

// source is a provider that can be asked. Its errors become the reason why a
// sample is missing, so each is one sentence, without secrets, and says what
// came back where something did.
type source interface {
	ask(ctx context.Context, a ask) (answer, error)
	close() error
}

// language is what a kind of provider brings: one line in languages.
type language struct {
	word string // as trial files name it: "prometheus"

	// open prepares a source; nothing is sent.
	open func(p Provider, s Surroundings) (source, error)

	// quote makes a value fit to be filled into a query between quotes.
	quote func(value string) string

	// running says that numbers are totals since some beginning, so that a window
	// is the difference of two of them; else they are of the window already.
	running bool

	// delay is how long it usually takes from a window's end until all of it is
	// known; source says who says so.
	delay  time.Duration
	source string

	// tables says that queries give rows, and are given values beside them.
	tables bool

	// check returns what is wrong with a metric before anything is asked.
	check func(m Metric) error

	// fits returns what is wrong with a question beside its filled query: names that
	// nothing is known for. Nil where there is nothing beside it.
	fits func(p Provider, a ask) error

	// shortest is the shortest window that it can be asked about; nil for any.
	shortest func(p Provider) (time.Duration, error)
}

// Surroundings is what sources need of the process.
type Surroundings struct {
	ReadFile func(string) ([]byte, error)
	Getenv   func(string) string
	Now      func() time.Time
	Hide     func(string) string // takes secrets out of what a provider said
	Learn    func(secret string) // of a secret that was fetched, which Hide is to know from then on; nil: it is not
}

// languages are the kinds of providers. A new one is a file and a line.
func languages() []language {
	return append(restLanguages(), prometheusLanguage(), clickhouseLanguage(),
		postgres().language(), mysqlDialect("mysql").language(), mysqlDialect("mariadb").language(), sqliteDialect().language(), sqlserver().language())
}

func languageFor(word string) (language, error) {
	var known []string
	for _, l := range languages() {
		if l.word == word {
			return l, nil
		}
		known = append(known, l.word)
	}
	return language{}, fmt.Errorf("%q is no kind of provider (known: %s)%s", word, strings.Join(known, ", "), trial.DidYouMean(word, known))
}

// part is what one query of a metric gives.
type part string

const (
	whole      part = "query"
	hits       part = "hits"
	trials     part = "trials"
	count      part = "count"
	sum        part = "sum"
	sumSquares part = "sum-squares"
)

// parts are what a metric of a kind may be asked for: one of the lists, whole.
var parts = map[trial.Kind][][]part{
	trial.TotalKind:     {{whole}},
	trial.ValueKind:     {{whole}},
	trial.CountsKind:    {{hits, trials}, {whole}},
	trial.HistogramKind: {{whole, sum}, {whole}, {count, sum}}, // without buckets, its mean is all there is
	trial.MomentsKind:   {{count, sum, sumSquares}, {whole}},   // whole: single observations
}

// queries are the parts that the metric has a query for, in the order of its kind.
func (m Metric) queries() ([]part, error) {
	given := m.Query.given()
	if len(given) == 0 && m.isRequest() {
		given = map[part]string{whole: "its request"}
	}
	for _, list := range parts[m.Kind] {
		if len(list) == len(given) && !slices.ContainsFunc(list, func(p part) bool { return given[p] == "" }) {
			return list, nil
		}
	}
	var ways []string
	for _, list := range parts[m.Kind] {
		var words []string
		for _, p := range list {
			words = append(words, string(p))
		}
		ways = append(ways, strings.Join(words, " and "))
	}
	return nil, fmt.Errorf("%s is of the kind %s, which is asked for by %s", m.Name, m.Kind, strings.Join(ways, ", or by "))
}
