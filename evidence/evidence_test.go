package evidence

import (
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seatrial/seatrial/trial"
)

var header = Header{
	Tool: "test", Started: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), Seed: 7,
	Versions: []trial.Version{{Name: "baseline", Role: trial.Baseline}, {Name: "candidate"}},
}

func round(index int) trial.Round {
	r := trial.Round{
		Series: trial.LoadSeries, Index: index, Complete: true, Warmup: index == 0,
		Start: time.Duration(index) * 250 * time.Millisecond, End: time.Duration(index+1) * 250 * time.Millisecond,
		Requests: []trial.Request{
			{Slot: 0, Start: 3, Latency: 51_230, Status: trial.Answered(200, true), Version: 0},
			{Slot: 1, Start: 1 << 31, Latency: 1<<32 - 1, Status: trial.Failed(trial.TimedOut), Version: 1},
			{Slot: 2, Latency: 60_000, Status: trial.Answered(503, false), Version: 1},
		},
		Generator: trial.Generator{Planned: 3, Late: 1, Lateness: time.Millisecond},
		Examples:  []trial.Example{{Version: "candidate", Status: "503", Text: "away"}},
	}
	if index < 2 { // nobody need take them
		r.Phases = []trial.Phases{{Connect: uint32(index), TLS: 2, FirstByte: 1<<32 - 1}, {}, {FirstByte: 59_000}}
	}
	if index > 0 {
		r.Weights, r.Settling = []int{80, 20}, index == 1
	}
	return r
}

func write(t *testing.T, rounds int) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "report")
	w, err := Create(dir, header, []byte("name: test\n"))
	if err != nil {
		t.Fatal(err)
	}
	for i := range rounds {
		if err := w.Append(round(i)); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(w.WriteFile(ReportFile, []byte("{}")), w.Close()); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestWhatIsWrittenIsRead(t *testing.T) {
	e, err := Open(write(t, 3))
	if err != nil {
		t.Fatal(err)
	}
	want := header
	want.Schema = Schema
	if diff := cmp.Diff(want, e.Header); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]trial.Round{round(0), round(1), round(2)}, e.Rounds); diff != "" {
		t.Error(diff)
	}
	if e.Cut != "" || string(e.TrialFile) != "name: test\n" {
		t.Errorf("cut %q, trial file %q", e.Cut, e.TrialFile)
	}
}

// Evidence of before phases were taken has no file of them.
func TestEvidenceWithoutPhasesIsRead(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "report")
	w, err := Create(dir, header, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(w.Append(round(2)), w.Close(), os.Remove(filepath.Join(dir, PhasesFile))); err != nil {
		t.Fatal(err)
	}
	e, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]trial.Round{round(2)}, e.Rounds); diff != "" {
		t.Error(diff)
	}
	if w, err = Resume(dir, e); err != nil {
		t.Fatal(err)
	}
	next := round(1) // which has phases
	next.Index = 3
	if err := errors.Join(w.Append(next), w.Close()); err != nil {
		t.Fatal(err)
	}
	if e, err = Open(dir); err != nil || len(e.Rounds) != 2 || len(e.Rounds[1].Phases) != 3 {
		t.Errorf("gone on with, %d rounds are read: %v", len(e.Rounds), err)
	}
}

// A line whose phases are not there can't be read as one without.
func TestPhasesThatAreLostCutTheEvidence(t *testing.T) {
	for name, lose := range map[string]func(string) error{
		"cut off": func(path string) error { return os.Truncate(path, 40) },
		"removed": os.Remove,
	} {
		dir := write(t, 2)
		if err := lose(filepath.Join(dir, PhasesFile)); err != nil {
			t.Fatal(err)
		}
		if e, err := Open(dir); err == nil && e.Cut == "" {
			t.Errorf("%s: %d rounds, and nothing is said", name, len(e.Rounds))
		}
	}
}

// A killed process may leave any part of its last writes: every cut of both
// files must read as the whole rounds before it.
func TestEveryCutReadsToTheLastWholeRound(t *testing.T) {
	dir := write(t, 3)
	if err := os.Remove(filepath.Join(dir, ReportFile)); err != nil {
		t.Fatal(err)
	}
	whole := map[string][]byte{}
	for _, name := range []string{RoundsFile, RequestsFile} {
		data, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		whole[name] = data
	}
	lines := strings.SplitAfter(string(whole[RoundsFile]), "\n")
	first := len(lines[0])
	for cut := first; cut <= len(whole[RoundsFile]); cut++ {
		rewrite(t, dir, RoundsFile, whole[RoundsFile][:cut])
		e, err := Open(dir)
		if err != nil {
			t.Fatalf("rounds cut at byte %d: %v", cut, err)
		}
		if want := strings.Count(string(whole[RoundsFile][:cut]), "\n") - 1; len(e.Rounds) != want || e.Cut == "" {
			t.Fatalf("rounds cut at byte %d: %d rounds, cut %q; want %d", cut, len(e.Rounds), e.Cut, want)
		}
	}
	for cut := first - 1; cut >= 0; cut -= 7 {
		rewrite(t, dir, RoundsFile, whole[RoundsFile][:cut])
		if _, err := Open(dir); err == nil {
			t.Fatalf("a header cut at byte %d was read", cut)
		}
	}
	rewrite(t, dir, RoundsFile, whole[RoundsFile])
	rewrite(t, dir, RequestsFile, whole[RequestsFile][:len(whole[RequestsFile])-1])
	if e, err := Open(dir); err != nil || len(e.Rounds) != 2 || e.Cut == "" {
		t.Errorf("requests cut by one byte: %v", err)
	}
}

func rewrite(t *testing.T, dir, name string, data []byte) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), data, 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestBrokenMiddleIsRefused(t *testing.T) {
	dir := write(t, 3)
	data, _ := os.ReadFile(filepath.Join(dir, RoundsFile))
	lines := strings.SplitAfter(string(data), "\n")
	lines[2] = "{broken\n"
	rewrite(t, dir, RoundsFile, []byte(strings.Join(lines, "")))
	if _, err := Open(dir); err == nil || !strings.Contains(err.Error(), "line 3") {
		t.Errorf("error %v, want one that names line 3", err)
	}
}

func TestStatisticsOfARound(t *testing.T) {
	dir := write(t, 1)
	data, _ := os.ReadFile(filepath.Join(dir, RoundsFile))
	want := `"versions":[` +
		`{"version":"baseline","requests":1,"failed":0,"statuses":{"200":1},"sum":0.005123,"sum_squares":0.000026245129,"buckets":[[5151,1]]},` +
		`{"version":"candidate","requests":2,"failed":2,"statuses":{"503":1,"timed out":1},"sum":0,"sum_squares":0,"buckets":[]}]`
	if !strings.Contains(string(data), want) {
		t.Errorf("rounds.jsonl:\n%s\nwant in it:\n%s", data, want)
	}
}

// The bytes that docs/evidence.md works through.
func TestWorkedExample(t *testing.T) {
	page, err := os.ReadFile("../docs/evidence.md")
	if err != nil {
		t.Fatal(err)
	}
	const shown = "02 00 00 00  0a 00 00 00  1e c8 00 00  c8 00  01 00"
	if !strings.Contains(string(page), "`"+shown+"`") {
		t.Fatal("docs/evidence.md shows other bytes")
	}
	raw, err := hex.DecodeString(strings.ReplaceAll(shown, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	want := trial.Request{Slot: 2, Start: 10, Latency: 51_230, Status: trial.Answered(200, true), Version: 1}
	if got, err := decode(raw); err != nil || len(got) != 1 || got[0] != want {
		t.Errorf("%+v, %v; want %+v", got, err, want)
	}
	raw[12], raw[13] = 0xe8, 0x83
	if got, _ := decode(raw); !got[0].Status.Is(trial.TimedOut) {
		t.Errorf("status %s, want a time-out", got[0].Status)
	}
}

func TestDirectoryThatCantBeMade(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	rewrite(t, filepath.Dir(file), "file", nil)
	if _, err := Create(filepath.Join(file, "report"), header, nil); err == nil {
		t.Error("an evidence directory was made inside a file")
	}
}

func TestNewTrialRemovesTheOldReport(t *testing.T) {
	dir := write(t, 1)
	w, err := Create(dir, header, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	if _, err := os.Stat(filepath.Join(dir, ReportFile)); !errors.Is(err, os.ErrNotExist) {
		t.Error("the report of an earlier trial is still there")
	}
}

// What nobody is known to have answered is kept as it was measured.
func TestUnnamedRequestsAreKept(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "report")
	w, err := Create(dir, header, []byte("name: test\n"))
	if err != nil {
		t.Fatal(err)
	}
	r := round(1)
	r.Requests[1].Version = trial.Nobody
	if err := errors.Join(w.Append(r), w.WriteFile(ReportFile, []byte("{}")), w.Close()); err != nil {
		t.Fatal(err)
	}
	e, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]trial.Round{r}, e.Rounds); diff != "" {
		t.Error(diff)
	}
	text, err := os.ReadFile(filepath.Join(dir, RoundsFile))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(text), `"unnamed":{"version":"","requests":1,"failed":1,"statuses":{"timed out":1}`) {
		t.Errorf("the counts of nobody's requests are missing in %s", text)
	}
}

// windowRound has every kind of sample, and one that is missing.
func windowRound(index int) trial.Round {
	sum, value, total := 0.1+0.2, 1e-17, 12345678.9
	return trial.Round{
		Series: trial.MetricsSeries, Index: index, Start: 15 * time.Second, End: 30 * time.Second, Complete: true, Weights: []int{90, 10},
		Samples: []trial.Sample{
			{Version: 0, Metric: "conversions", Counts: &trial.Counts{Hits: 0, Trials: 100.25}, Reset: true},
			{Version: 1, Metric: "db-latency", Histogram: &trial.Histogram{Bounds: []float64{0.1, 0.3}, Counts: []float64{1, 0, 2}, Sum: &sum}},
			{Version: 0, Metric: "queue", Moments: &trial.Moments{N: 3, Sum: -1, SumSquares: 5}},
			{Version: 0, Metric: "cpu", Value: &value},
			{Version: 1, Metric: "sales", Total: &total},
			trial.Missed(1, "cpu", "HTTP 500\n<b>"),
		},
	}
}

func TestSamplesAreReadAsTheyWereWritten(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "report")
	w, err := Create(dir, header, []byte("candidate: http://x\n"))
	if err != nil {
		t.Fatal(err)
	}
	want := []trial.Round{round(0), windowRound(0), round(1), windowRound(1)}
	for _, r := range want {
		if err := w.Append(r); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	e, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, e.Rounds); diff != "" {
		t.Error(diff)
	}
	text, _ := os.ReadFile(filepath.Join(dir, RoundsFile))
	line := strings.Split(string(text), "\n")[2]
	for _, absent := range []string{"generator", `"versions"`, "requests", "null"} {
		if strings.Contains(line, absent) {
			t.Errorf("a round of metrics has %s: %s", absent, line)
		}
	}
}

func TestSamplesThatCantBeAreRefused(t *testing.T) {
	for _, spoil := range [][2]string{
		{`"trials":100.25`, `"trials":-1`}, {`"version":0`, `"version":2`}, {`"missing":"HTTP`, `"value":1,"missing":"HTTP`},
	} {
		dir := filepath.Join(t.TempDir(), "report")
		w, err := Create(dir, header, nil)
		if err != nil {
			t.Fatal(err)
		}
		for i := range 2 {
			if err := w.Append(windowRound(i)); err != nil {
				t.Fatal(err)
			}
		}
		w.Close()
		text, _ := os.ReadFile(filepath.Join(dir, RoundsFile))
		rewrite(t, dir, RoundsFile, []byte(strings.Replace(string(text), spoil[0], spoil[1], 1)))
		if _, err := Open(dir); err == nil || !strings.Contains(err.Error(), "line 2: its sample of") {
			t.Errorf("%v: %v", spoil, err)
		}
	}
}

// The window that docs/evidence.md shows.
func TestWindowOfThePageIsRead(t *testing.T) {
	page, err := os.ReadFile("../docs/evidence.md")
	if err != nil {
		t.Fatal(err)
	}
	_, shown, found := strings.Cut(string(page), "```json\n{\"series\":\"metrics\"")
	shown, _, _ = strings.Cut(shown, "\n")
	if !found {
		t.Fatal("docs/evidence.md shows no window")
	}
	r, _, err := readRound([]byte(`{"series":"metrics"`+shown), header, &records{})
	if err != nil || len(r.Samples) != 2 || *r.Samples[0].Value != 0.52 || r.Samples[1].Missing == "" || r.Requests != nil {
		t.Errorf("%+v, %v", r, err)
	}
}

func TestStatisticsAreOfEachRequestWhereThereAreSeveral(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "report")
	h := header
	h.Requests = []string{"home", "buy"}
	w, err := Create(dir, h, nil)
	if err != nil {
		t.Fatal(err)
	}
	r := round(0)
	r.Requests[2].Name = 1
	if err := errors.Join(w.Append(r), w.Close()); err != nil {
		t.Fatal(err)
	}
	e, err := Open(dir)
	if err != nil || len(e.Rounds) != 1 {
		t.Fatal(err, e)
	}
	if diff := cmp.Diff(h.Requests, e.Requests); diff != "" || e.Rounds[0].Requests[2].Name != 1 {
		t.Error(diff)
	}
	text, _ := os.ReadFile(filepath.Join(dir, RoundsFile))
	for _, want := range []string{
		`"buckets":[[5151,1]],"by_request":[{"request":"home","requests":1,"failed":0,"statuses":{"200":1},"sum":0.005123,`,
		`"by_request":[{"request":"home","requests":1,"failed":1,"statuses":{"timed out":1},"sum":0,"sum_squares":0,"buckets":[]},{"request":"buy","requests":1,"failed":1,"statuses":{"503":1}`,
	} {
		if !strings.Contains(string(text), want) {
			t.Errorf("%s\nwant %s", text, want)
		}
	}
	// Records of a request that the header does not name are none of this trial.
	rewrite(t, dir, RoundsFile, []byte(strings.Replace(string(text), `"requests":["home","buy"]`, `"requests":["home"]`, 1)))
	if e, err := Open(dir); err == nil && len(e.Rounds) > 0 {
		t.Error("a request without a name was read")
	}
}
