package metrics

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/seatrial/seatrial/trial"
)

// table is what a query gave.
type table struct {
	columns []string // lower case
	rows    [][]any
}

// shape is one form that a table may have.
type shape struct {
	columns []string // nil: one column of any name
	rows    string   // how many are meant, in words
	read    func(table, ask) (answer, error)
}

var (
	oneNumber = shape{nil, "one row with one column", table.single}
	points    = shape{[]string{"time", "value"}, "rows of time, value", table.points}
)

// shapes are the forms that one part of a metric of some kind may have.
func shapes(a ask) []shape {
	switch {
	case a.part != whole || a.metric.Kind == trial.TotalKind || a.metric.Kind == trial.ValueKind:
		return []shape{oneNumber, points}
	case a.metric.Kind == trial.CountsKind:
		return []shape{{[]string{"hits", "trials"}, "one row of hits, trials", table.counts}}
	case a.metric.Kind == trial.MomentsKind:
		return []shape{
			{nil, "rows with one column, each an observation", table.observations},
			points,
			{[]string{"n", "sum", "sum_squares"}, "one row of n, sum, sum_squares", table.moments},
		}
	}
	return []shape{
		{[]string{"le", "count"}, "rows of le, count (of all at most le, to +Inf)", table.cumulative},
		{[]string{"bound", "count"}, "rows of bound, count (of each bucket alone)", table.buckets},
	}
}

// answerOf reads the rows of the question's version: all of them, or those that
// have it in a column.
func (t table) answerOf(a ask) (answer, error) {
	if a.metric.PerVersion == "" {
		return t.answer(a)
	}
	own, err := t.of(strings.ToLower(a.metric.PerVersion), rowsOf(a.places))
	if err != nil {
		return answer{}, err
	}
	return own.answer(a)
}

// rowsOf is what a version is called in a column that tells versions apart.
func rowsOf(places map[string]string) string { return cmp.Or(places["version"], places["name"]) }

// of are the rows that have a value in a column, without that column.
func (t table) of(column, value string) (table, error) {
	at := slices.Index(t.columns, column)
	if at < 0 {
		return table{}, fmt.Errorf("it has no column %s, which is to tell versions apart (it has: %s)", column, strings.Join(t.columns, ", "))
	}
	own := table{columns: slices.Delete(slices.Clone(t.columns), at, at+1)}
	for i, row := range t.rows {
		text, err := textIn(row[at])
		if err != nil {
			return table{}, t.cell(i, column, err)
		}
		if text == value {
			own.rows = append(own.rows, slices.Delete(slices.Clone(row), at, at+1))
		}
	}
	return own, nil
}

// textIn is what names a version in a cell; nothing where it is NULL.
func textIn(cell any) (string, error) {
	switch v := cell.(type) {
	case nil:
		return "", nil
	case string:
		return v, nil
	case []byte:
		return string(v), nil
	case int64, uint64:
		return fmt.Sprint(v), nil
	}
	return "", fmt.Errorf("of a type (%s) that names no version", typeWord(cell))
}

// answer reads the table by the first shape that has its columns.
func (t table) answer(a ask) (answer, error) {
	var known []string
	for _, s := range shapes(a) {
		known = append(known, s.rows)
		if s.columns == nil && len(t.columns) == 1 || s.columns != nil && t.has(s.columns) {
			if len(t.rows) == 0 {
				return answer{}, errors.New("no rows")
			}
			return s.read(t, a)
		}
	}
	return answer{}, fmt.Errorf("its columns are %s, where this is meant: %s", strings.Join(t.columns, ", "), strings.Join(known, "; or "))
}

// has reports whether the table's columns are these, in any order.
func (t table) has(columns []string) bool {
	return slices.Equal(slices.Sorted(slices.Values(t.columns)), slices.Sorted(slices.Values(columns)))
}

// only is the one row that was meant.
func (t table) only() ([]any, error) {
	if len(t.rows) != 1 {
		return nil, fmt.Errorf("%d rows, where one is meant", len(t.rows))
	}
	return t.rows[0], nil
}

// column gives the numbers of one column.
func (t table) column(name string) ([]float64, error) {
	at := slices.Index(t.columns, name)
	all := make([]float64, len(t.rows))
	for i, row := range t.rows {
		var err error
		if all[i], err = numberIn(row[at]); err != nil {
			return nil, t.cell(i, name, err)
		}
	}
	return all, nil
}

// cell says of which cell an error is.
func (t table) cell(row int, column string, err error) error {
	if len(t.rows) == 1 {
		return fmt.Errorf("its column %s is %w", column, err)
	}
	return fmt.Errorf("its column %s is, in row %d, %w", column, row+1, err)
}

func (t table) single(a ask) (answer, error) {
	if _, err := t.only(); err != nil {
		return answer{}, err
	}
	return t.observations(a)
}

// fallen says of running totals that a fall is no beginning at 0: rows may have
// been deleted.
const fallen = true

// observations are all at the window's end: the query chose those of the window.
func (t table) observations(a ask) (answer, error) {
	values, err := t.column(t.columns[0])
	if err != nil {
		return answer{}, err
	}
	s := series{summed: fallen}
	for _, v := range values {
		s.points = append(s.points, point{a.window.To, v})
	}
	return answer{series: []series{s}}, nil
}

func (t table) points(ask) (answer, error) {
	values, err := t.column("value")
	if err != nil {
		return answer{}, err
	}
	at := slices.Index(t.columns, "time")
	s := series{summed: fallen}
	for i, row := range t.rows {
		when, err := timeIn(row[at])
		if err != nil {
			return answer{}, t.cell(i, "time", err)
		}
		s.points = append(s.points, point{when, values[i]})
	}
	slices.SortStableFunc(s.points, func(a, b point) int { return a.at.Compare(b.at) })
	return answer{series: []series{s}}, nil
}

// figures are the numbers of the only row. They are of the window, and no
// difference to the window before can be taken of them.
func (t table) figures(a ask, names ...string) ([]float64, error) {
	if a.metric.Running != nil && *a.metric.Running {
		return nil, errors.New("what is running: true is asked for by a query for each figure")
	}
	if _, err := t.only(); err != nil {
		return nil, err
	}
	var all []float64
	for _, name := range names {
		x, err := t.column(name)
		if err != nil {
			return nil, err
		}
		all = append(all, x...)
	}
	return all, nil
}

func (t table) counts(a ask) (answer, error) {
	x, err := t.figures(a, "hits", "trials")
	if err != nil {
		return answer{}, err
	}
	return answer{sample: &trial.Sample{Counts: &trial.Counts{Hits: x[0], Trials: x[1]}}}, nil
}

func (t table) moments(a ask) (answer, error) {
	x, err := t.figures(a, "n", "sum", "sum_squares")
	if err != nil {
		return answer{}, err
	}
	if x[2] < x[1]*x[1]/x[0]*(1-1e-9) || x[0] == 0 && (x[1] != 0 || x[2] != 0) {
		return answer{}, fmt.Errorf("a sum of squares of %v can't be of %v observations that add up to %v", x[2], x[0], x[1])
	}
	return answer{sample: &trial.Sample{Moments: &trial.Moments{N: x[0], Sum: x[1], SumSquares: x[2]}}}, nil
}

// bucket is one row of a histogram.
type bucket struct{ bound, count float64 }

// histogram reads rows of buckets, in the order of their bounds.
func (t table) histogram(name string) ([]bucket, error) {
	counts, err := t.column("count")
	if err != nil {
		return nil, err
	}
	at := slices.Index(t.columns, name)
	var all []bucket
	for i, row := range t.rows {
		bound, err := boundIn(row[at])
		if err != nil {
			return nil, t.cell(i, name, err)
		}
		all = append(all, bucket{bound, counts[i]})
	}
	slices.SortFunc(all, func(a, b bucket) int { return cmp.Compare(a.bound, b.bound) })
	for i, b := range all {
		if i > 0 && b.bound == all[i-1].bound {
			return nil, fmt.Errorf("two rows are of the bucket %v: group them", b.bound)
		}
	}
	return all, nil
}

func (t table) cumulative(a ask) (answer, error) {
	all, err := t.histogram("le")
	return answer{series: bucketSeries(all, a.window)}, err
}

// buckets adds single buckets up. Nothing is above the last, if no row says so.
func (t table) buckets(a ask) (answer, error) {
	if a.metric.Running != nil && *a.metric.Running {
		return answer{}, errors.New("a histogram that is running: true has rows of le, count")
	}
	all, err := t.histogram("bound")
	if err != nil {
		return answer{}, err
	}
	if last := all[len(all)-1]; !math.IsInf(last.bound, 1) {
		all = append(all, bucket{bound: math.Inf(1)})
	}
	for i := range all[1:] {
		all[i+1].count += all[i].count
	}
	return answer{series: bucketSeries(all, a.window)}, nil
}

func bucketSeries(all []bucket, w Window) []series {
	var out []series
	for _, b := range all {
		out = append(out, series{name: fmt.Sprintf("le=%v", b.bound), summed: fallen, bound: &b.bound, points: []point{{w.To, b.count}}})
	}
	return out
}

// numberIn is the number in a cell. Databases give decimals as text.
func numberIn(cell any) (float64, error) {
	switch v := cell.(type) {
	case nil:
		return 0, errors.New("NULL")
	case int64:
		return float64(v), nil
	case uint64:
		return float64(v), nil
	case float32:
		return finite(float64(v))
	case float64:
		return finite(v)
	case []byte:
		return numberIn(string(v))
	case string:
		x, err := strconv.ParseFloat(v, 64)
		if err != nil || strings.ContainsAny(v, "xX_") {
			return 0, fmt.Errorf("%q, which is no number", excerpt([]byte(v), strings.Clone))
		}
		return finite(x)
	}
	return 0, fmt.Errorf("of a type (%s) that is no number", typeWord(cell))
}

func finite(x float64) (float64, error) {
	if math.IsNaN(x) || math.IsInf(x, 0) {
		return 0, fmt.Errorf("%v, which is no number", x)
	}
	return x, nil
}

// boundIn is the bound in a cell: a number, or +Inf as a number or text.
func boundIn(cell any) (float64, error) {
	switch v := cell.(type) {
	case []byte:
		return boundIn(string(v))
	case string:
		if x, err := strconv.ParseFloat(v, 64); err == nil && math.IsInf(x, 1) {
			return x, nil
		}
	case float64:
		if math.IsInf(v, 1) {
			return v, nil
		}
	}
	return numberIn(cell)
}

// timeForms are how databases without types write times; without a zone it is UTC.
var timeForms = []string{time.RFC3339Nano, "2006-01-02 15:04:05.999999999Z07:00", "2006-01-02 15:04:05.999999999", "2006-01-02T15:04:05.999999999"}

// timeIn is the time in a cell: a timestamp, its text, or seconds since 1970.
func timeIn(cell any) (time.Time, error) {
	switch v := cell.(type) {
	case time.Time:
		return v.UTC(), nil
	case []byte:
		return timeIn(string(v))
	case string:
		for _, form := range timeForms {
			if at, err := time.Parse(form, v); err == nil {
				return at.UTC(), nil
			}
		}
		return time.Time{}, fmt.Errorf("%q, which is no time: write it as in 2026-01-31 12:00:00", excerpt([]byte(v), strings.Clone))
	case int64, uint64, float64:
		seconds, err := numberIn(v)
		if err != nil {
			return time.Time{}, err
		}
		if math.Abs(seconds) > 1e11 {
			return time.Time{}, fmt.Errorf("%v, which are no seconds since 1970", v)
		}
		whole, part := math.Modf(seconds)
		return time.Unix(int64(whole), int64(part*1e9)).UTC(), nil
	case nil:
		return time.Time{}, errors.New("NULL")
	}
	return time.Time{}, fmt.Errorf("of a type (%s) that is no time", typeWord(cell))
}

func typeWord(cell any) string {
	switch cell.(type) {
	case bool:
		return "boolean"
	case time.Time:
		return "timestamp"
	}
	return fmt.Sprintf("%T", cell)
}
