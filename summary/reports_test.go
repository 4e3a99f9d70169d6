package summary

import (
	"maps"
	"math"
	"time"

	"github.com/seatrial/seatrial/trial"
)

// reports are trials as they happen, by the name of their goldens.
func reports() map[string]trial.Report {
	out := map[string]trial.Report{
		"fail": failing(), "pass": passing(), "inconclusive": undecided(),
		"not-ready": notReady(), "broken": broken(), "candidates": threeCandidates(), "conformance": conformance(),
		"rolled-back": rolledBack(), "not-promoted": notPromoted(),
		"beside": besideLoad(), "elsewhere": elsewhere(), "requests": threeRequests(),
	}
	maps.Copy(out, contests())
	maps.Copy(out, reroutes())
	return out
}

var unknown = math.NaN()

func of(unit trial.Unit, value float64) trial.Quantity {
	return trial.Quantity{Value: value, Unit: unit}
}

func from(unit trial.Unit, low, high float64) trial.Interval {
	return trial.Interval{Low: of(unit, low), High: of(unit, high)}
}

var twoVersions = []trial.Version{
	{Name: "baseline", Role: trial.Baseline, Label: "v41", URL: "http://shop.prod.svc"},
	{Name: "candidate", Label: "4f2c9e1", URL: "http://shop-canary.prod.svc"},
}

func base() trial.Report {
	return trial.Report{
		Schema: trial.ReportSchema, Tool: "v0.1.0", Started: time.Date(2026, 3, 14, 9, 26, 53, 0, time.UTC),
		Status: trial.Judged, Mode: "enforce", Versions: twoVersions, Pairs: 3,
		Measured: trial.Measured{
			Seed: 2718281828, Rate: 100, Planned: time.Minute, Warmup: 5 * time.Second, AtLeast: 30 * time.Second,
			Lasted: 6750 * time.Millisecond, RoundLength: 250 * time.Millisecond, Rounds: 27, Requests: 1350,
			Confidence: 0.95, Connections: 8,
		},
		Notes: []string{
			"A fail is corrected for 3 objective × candidate pairs (Holm 1979); a pass needs all of them and no correction.",
			"No pass before 30s: stalls rarer than that could still hide.",
		},
	}
}

// wave is a course of rounds around a level, the same each time.
func wave(version string, level float64, points, warmup int, decided float64) trial.Tracks {
	t := trial.Tracks{Version: version, Warmup: warmup, Decided: decided}
	for i := range points {
		x := float64(i)
		p95 := level * (1 + 0.08*math.Sin(x*1.7) + 0.05*math.Sin(x*0.41+level*100))
		t.At = append(t.At, x/4)
		t.P50, t.P95, t.Failed = append(t.P50, p95/2), append(t.P95, p95), append(t.Failed, 0.002)
	}
	return t
}

func p95(verdict trial.Verdict) trial.Finding {
	return trial.Finding{
		Objective: "latency-p95 <= 110% of baseline", Version: "candidate", Verdict: verdict, Decided: 27,
		Source:   &trial.Source{File: "seatrial.yaml", Line: 14},
		Reason:   "p95 latency is 27 % above baseline (78 ms against 61.2 ms), 10 % allowed: shown with 24:1 evidence after 27 rounds",
		Baseline: of(trial.Seconds, 0.0612), Candidate: of(trial.Seconds, 0.078), Change: of(trial.Ratio, 0.2745),
		Anytime: from(trial.Ratio, 0.19, 0.36), Credible: from(trial.Ratio, 0.22, 0.33), Within: of(trial.Share, 0.0004),
		Against: trial.Evidence{Log: 3.1, Most: 3.18}, For: trial.Evidence{Log: -4.2, Most: 0.1}, Needed: 20, Confidence: 0.95,
		Statistic: "contrast of exceedances: requests above the limit drawn from the baseline's earlier quantile, paired by round",
		Rounds:    27, Requests: 1350,
	}
}

func p99() trial.Finding {
	return trial.Finding{
		Objective: "latency-p99 <= 300ms", Version: "candidate", Verdict: trial.Pass, Decided: 11,
		Reason:   "p99 latency is 212 ms, 300 ms allowed: shown after 11 rounds; anything above 231 ms would have been seen",
		Baseline: of(trial.Seconds, unknown), Candidate: of(trial.Seconds, 0.212), Change: of(trial.Ratio, unknown),
		Anytime: from(trial.Seconds, 0.198, 0.231), Credible: from(trial.Seconds, 0.204, 0.221), Within: of(trial.Share, 0.99998),
		Against: trial.Evidence{Log: -14, Most: 0}, For: trial.Evidence{Log: 14.2, Most: 14.2}, Needed: 20, Confidence: 0.95,
		Statistic: "share of requests slower than the limit", Rounds: 27, Effective: 27, Requests: 675,
	}
}

func errorRate(verdict trial.Verdict) trial.Finding {
	f := trial.Finding{
		Objective: "error-rate <= baseline + 0.5%", Version: "candidate", Verdict: verdict, Implied: true,
		Reason:   "error rate is 0.15 points above baseline (0.3 % against 0.15 %), 0.5 points allowed: undecided after 27 rounds; about 80 rounds (20 s, 2,000 requests to each version) more would settle it",
		Baseline: of(trial.Share, 0.0015), Candidate: of(trial.Share, 0.003), Change: of(trial.Points, 0.0015),
		Anytime: from(trial.Points, -0.004, 0.007), Credible: from(trial.Points, -0.002, 0.0048), Within: of(trial.Share, 0.931),
		Against: trial.Evidence{Log: -1.2, Most: 0.3}, For: trial.Evidence{Log: 1.1, Most: 1.4}, Needed: 20, Confidence: 0.95,
		Statistic: "Beta mixtures of both shares (fewer than 10 errors in all)", Rounds: 27, Effective: 27, Requests: 1350,
	}
	if verdict == trial.Inconclusive {
		f.Needs = &trial.Needs{Rounds: 80, Seconds: 20, Requests: 2000}
	}
	return f
}

func failing() trial.Report {
	r := base()
	r.Verdict, r.ExitCode = trial.Fail, 1
	r.Reason = "p95 latency is 27 % above baseline (78 ms against 61.2 ms), 10 % allowed"
	r.Findings = []trial.Finding{p95(trial.Fail), p99(), errorRate(trial.Inconclusive)}
	r.Series = []trial.Tracks{wave("baseline", 0.0612, 47, 20, 11.75), wave("candidate", 0.078, 47, 20, 11.75)}
	r.Examples = []trial.Example{
		{Version: "candidate", Status: "503", Count: 2, Text: `{"error":"upstream connect error or disconnect/reset before headers"}`},
		{Version: "baseline", Status: "timed out", Count: 1},
	}
	r.Totals = []trial.Totals{
		{Version: "baseline", Phases: phasesOf(8, 0.00021, unknown, 0.031)},
		{Version: "candidate", Phases: phasesOf(1350, 0.00034, 0.0012, 0.038)},
	}
	return r
}

func phasesOf(connections int, connect, tls, firstByte float64) *trial.PhaseTotals {
	return &trial.PhaseTotals{
		Connections: connections, Connect: of(trial.Seconds, connect), TLS: of(trial.Seconds, tls),
		FirstByteP50: of(trial.Seconds, firstByte), FirstByteP95: of(trial.Seconds, 2*firstByte),
	}
}

func passing() trial.Report {
	r := base()
	r.Verdict, r.Name = trial.Pass, "shop"
	r.Reason = "all 3 objectives hold, shown in 120 rounds"
	r.Measured.Lasted, r.Measured.Rounds, r.Measured.Requests = 30*time.Second, 120, 6000
	first := p95(trial.Pass)
	first.Candidate, first.Change, first.Decided = of(trial.Seconds, 0.0618), of(trial.Ratio, 0.0098), 84
	first.Anytime, first.Credible, first.Within = from(trial.Ratio, -0.02, 0.04), from(trial.Ratio, -0.01, 0.03), of(trial.Share, 0.9997)
	first.Against, first.For = trial.Evidence{Log: -5, Most: 0.4}, trial.Evidence{Log: 7.5, Most: 7.7}
	first.Reason = "p95 latency is 1 % above baseline (61.8 ms against 61.2 ms), 10 % allowed: shown after 84 rounds; a change above +4 % would have been seen"
	first.Rounds, first.Requests = 120, 6000
	last := errorRate(trial.Pass)
	last.Decided, last.Rounds, last.Requests = 97, 120, 6000
	last.Anytime = from(trial.Points, -0.0021, 0.0042)
	last.Reason = "error rate is 0.15 points above baseline (0.3 % against 0.15 %), 0.5 points allowed: shown after 97 rounds; a change above +0.42 points would have been seen"
	rate := trial.Finding{
		Objective: "throughput >= 95/s", Version: "candidate", Verdict: trial.Inconclusive, Inform: true, Name: "keeps up",
		Reason:   "throughput is 99.7/s, at least 95/s asked for: undecided after 120 rounds",
		Baseline: of(trial.PerSecond, 99.9), Candidate: of(trial.PerSecond, 99.7), Change: of(trial.Ratio, -0.002),
		Anytime: from(trial.PerSecond, 94.1, math.Inf(1)), Credible: from(trial.PerSecond, 99.1, 100.3), Within: of(trial.Share, 0.97),
		Needed: 20, Confidence: 0.95, Statistic: "each round's own figure", Rounds: 120, Effective: 120, Requests: 3000,
	}
	r.Findings = []trial.Finding{first, p99(), last, rate}
	r.Series = []trial.Tracks{wave("baseline", 0.0612, 140, 20, 35), wave("candidate", 0.0618, 140, 20, 35)}
	return r
}

func undecided() trial.Report {
	r := base()
	r.Reason = "p95 latency is 8 % above baseline (66 ms against 61.2 ms), 10 % allowed: undecided after 240 rounds; at this noise it is too close to the limit to be settled by a longer trial"
	r.ExitCode = 3
	r.Measured.Lasted, r.Measured.Rounds, r.Measured.Requests, r.Measured.Late = time.Minute, 240, 12000, 3
	first := p95(trial.Inconclusive)
	first.Candidate, first.Change, first.Decided, first.Reason = of(trial.Seconds, 0.066), of(trial.Ratio, 0.078), 0, r.Reason
	first.Anytime, first.Rounds, first.Requests = from(trial.Ratio, -0.01, 0.17), 240, 12000
	first.Needs = &trial.Needs{Rounds: 310, Seconds: 77.5, Requests: 7750}
	first.Against, first.For, first.Within = trial.Evidence{Log: -1, Most: 0.9}, trial.Evidence{Log: 1.3, Most: 1.9}, of(trial.Share, 0.78)
	r.Reason = "p95 latency is 8 % above baseline (66 ms against 61.2 ms), 10 % allowed: undecided after 240 rounds; about 310 rounds (77.5 s, 7,750 requests to each version) more would settle it"
	first.Reason = r.Reason
	last := errorRate(trial.Inconclusive)
	last.Rounds, last.Requests = 240, 12000
	r.Findings = []trial.Finding{first, p99(), last}
	r.Series = []trial.Tracks{wave("baseline", 0.0612, 240, 20, 0), wave("candidate", 0.066, 240, 20, 0)}
	return r
}

func notReady() trial.Report {
	r := base()
	r.Status, r.ExitCode, r.Notes, r.Pairs = trial.NotReady, 4, nil, 3
	r.Measured.Lasted, r.Measured.Rounds, r.Measured.Requests = 0, 0, 0
	sentence := "pod shop-canary-7d9f-x2k: container web keeps ending with exit code 2; 3 restarts"
	r.Reason = "can't become ready: deployment/shop-canary: " + sentence
	r.Remedy = "Waiting longer would not help: mend what is named here; exit 4."
	r.Unready = []trial.Unready{{
		Object: "deployment/shop-canary", Sentence: sentence, Hopeless: true,
		Logs: []trial.PodLog{
			{Pod: "shop-canary-7d9f-x2k", Container: "web", Lines: []string{"starting shop 4f2c9e1"}},
			{Pod: "shop-canary-7d9f-x2k", Container: "web", Previous: true, Lines: []string{"starting shop 4f2c9e1", "panic: missing DATABASE_URL", "\tmain.go:12"}},
		},
		Events: []string{"pod shop-canary-7d9f-x2k: BackOff: Back-off restarting failed container web (4 times)"},
	}}
	nothing := trial.Finding{
		Objective: "latency-p95 <= 110% of baseline", Version: "candidate", Reason: "no data for p95 latency in 0 rounds",
		Baseline: of(trial.Seconds, unknown), Candidate: of(trial.Seconds, unknown), Change: of(trial.Ratio, unknown),
		Anytime: from(trial.Ratio, unknown, unknown), Credible: from(trial.Ratio, unknown, unknown), Within: of(trial.Share, unknown),
	}
	r.Findings = []trial.Finding{nothing}
	return r
}

func broken() trial.Report {
	r := base()
	r.Status, r.ExitCode = trial.Broken, 5
	r.Measured.Lasted, r.Measured.Rounds, r.Measured.Requests, r.Measured.Dropped = 2*time.Second, 8, 400, 1
	r.Reason = "baseline: no request was answered in the first 8 rounds (connection refused)"
	r.Remedy = "Nothing was concluded about the candidate. What was measured until then is in the evidence directory."
	first := p95(trial.Inconclusive)
	first.Decided, first.Rounds, first.Requests = 0, 8, 400
	first.Baseline, first.Change = of(trial.Seconds, math.Inf(1)), of(trial.Ratio, unknown)
	first.Anytime, first.Credible, first.Within = from(trial.Ratio, unknown, unknown), from(trial.Ratio, unknown, unknown), of(trial.Share, unknown)
	first.Against, first.For, first.Needs = trial.Evidence{}, trial.Evidence{}, &trial.Needs{}
	first.Reason = "100 % of the requests failed, which counts as slower than any limit on p95 latency"
	r.Findings = []trial.Finding{first}
	quiet := wave("baseline", 0.0612, 28, 20, 0)
	clear(quiet.P95[14:])
	r.Series = []trial.Tracks{quiet, wave("candidate", 0.0618, 28, 20, 0)}
	r.Examples = []trial.Example{{Version: "baseline", Status: "connection refused", Count: 200}}
	return r
}

func threeCandidates() trial.Report {
	r := base()
	r.Verdict, r.ExitCode, r.Pairs = trial.Fail, 1, 6
	r.Reason = "cache-lru: p95 latency is 27 % above baseline (78 ms against 61.2 ms), 10 % allowed"
	r.Versions = []trial.Version{
		{Name: "baseline", Role: trial.Baseline, Label: "v41", URL: "http://shop.prod.svc"},
		{Name: "cache-lru", Label: "4f2c9e1", URL: "http://lru.prod.svc"},
		{Name: "cache-arc", Label: "77ab012", URL: "http://arc.prod.svc"},
		{Name: "no-cache", URL: "http://plain.prod.svc"},
	}
	r.Measured.Requests = 2700
	for i, name := range []string{"cache-lru", "cache-arc", "no-cache"} {
		latency, errors := p95(trial.Fail), errorRate(trial.Inconclusive)
		if i > 0 {
			latency = passing().Findings[0]
		}
		latency.Version, errors.Version = name, name
		r.Findings = append(r.Findings, latency, errors)
		r.Series = append(r.Series, wave(name, 0.05+0.01*float64(i), 47, 20, 11.75))
	}
	r.Series = append([]trial.Tracks{wave("baseline", 0.0612, 47, 20, 11.75)}, r.Series...)
	return r
}

// rolledBack is a fail whose roll back worked, and whose message did not arrive.
func rolledBack() trial.Report {
	r := failing()
	r.Hooks = []trial.Hook{
		{Event: "start", Name: "kubectl get deployment/shop", Runs: 1, Took: 310 * time.Millisecond},
		{Event: "round", Name: "push figures", Runs: 21, Failed: 2, Exit: 7, Took: 4 * time.Second, Trouble: "exit code 7", Output: []string{"curl: (7) Failed to connect"}},
		{Event: "fail", Name: "roll back", Runs: 1, Took: 8200 * time.Millisecond},
		{Event: "fail", Name: "notify", Runs: 1, Failed: 1, Ignored: true, Took: 10 * time.Second, Trouble: "it did not end within 10s"},
	}
	return r
}

// notPromoted is a pass that was taken back.
func notPromoted() trial.Report {
	r := passing()
	r.Status, r.Verdict, r.ExitCode = trial.Broken, trial.Inconclusive, 5
	r.Choice.Winner = ""
	r.Reason = `the candidate passed, and what was to follow failed: on pass "promote": exit code 1`
	r.Remedy = "See how far that came: the candidate may be promoted in part. To try it again, run the step again."
	r.Hooks = []trial.Hook{
		{Event: "pass", Name: "promote", Runs: 1, Failed: 1, Exit: 1, Took: 2100 * time.Millisecond, Trouble: "exit code 1",
			Output: []string{"Error: UPGRADE FAILED: another operation (install/upgrade/rollback) is in progress"}},
		{Event: "pass", Name: "tell the team", Trouble: `left out after the failure of "promote"`},
	}
	return r
}

func conformance() trial.Report {
	r := base()
	r.Verdict, r.Versions, r.Pairs, r.Notes = trial.Pass, []trial.Version{{Name: "candidate", Label: "4f2c9e1", URL: "http://shop.prod.svc"}}, 1, nil
	r.Reason = "the objective holds, shown in 120 rounds"
	r.Measured.Lasted, r.Measured.Rounds, r.Measured.Requests = 30*time.Second, 120, 3000
	r.Findings = []trial.Finding{p99()}
	r.Series = []trial.Tracks{wave("candidate", 0.0612, 140, 20, 35)}
	return r
}

// windowed is what all findings on metrics from elsewhere have.
func windowed(f trial.Finding) trial.Finding {
	f.Version, f.Series, f.Window, f.Needed, f.Confidence = "candidate", trial.MetricsSeries, 15, 20, 0.95
	return f
}

func conversions() trial.Finding {
	return windowed(trial.Finding{
		Objective: "conversions >= 98% of baseline", Verdict: trial.Fail, Decided: 33, Name: "nobody buys less",
		Reason:   "conversions is 8.1 % below baseline (18.4 % against 20 %), at most 2 % below baseline allowed; shown with 24:1 evidence after 33 windows",
		Baseline: of(trial.Share, 0.2), Candidate: of(trial.Share, 0.184), Change: of(trial.Ratio, -0.081), Limit: of(trial.Share, 0.196),
		Anytime: from(trial.Ratio, -0.12, -0.04), Credible: from(trial.Ratio, -0.11, -0.05), Within: of(trial.Share, 0.001),
		Against: trial.Evidence{Log: 3.1, Most: 3.2}, For: trial.Evidence{Log: -3, Most: 0}, Statistic: "the candidate's part of all hits", Rounds: 33, Effective: 33,
	})
}

func memory() trial.Finding {
	return windowed(trial.Finding{
		Objective: "memory <= 512MiB", Verdict: trial.Inconclusive,
		Reason:   "memory is 498 MiB, 512 MiB allowed; undecided after 24 windows; 9 more had no data (candidate: HTTP 500); about 12 windows (3 min) more would settle it",
		Baseline: of(trial.Bytes, unknown), Candidate: of(trial.Bytes, 498<<20), Change: of(trial.Ratio, unknown), Limit: of(trial.Bytes, 512<<20),
		Anytime: from(trial.Bytes, 470<<20, 530<<20), Credible: from(trial.Bytes, 480<<20, 515<<20), Within: of(trial.Share, 0.9),
		Statistic: "a figure per window from elsewhere against the limit; unpaired, so shared drift stays in it", Rounds: 24, Effective: 24,
		Needs: &trial.Needs{Rounds: 12, Seconds: 180}, Missing: 9,
		Gaps: []trial.Gap{{Reason: "candidate: HTTP 500", Rounds: 7}, {Reason: "candidate: two series", Rounds: 1}, {Reason: "candidate: NaN", Rounds: 1}},
	})
}

func absent() trial.Finding {
	return windowed(trial.Finding{
		Objective: "queue-mean <= 12", Verdict: trial.Inconclusive, Reason: "no data for mean of queue in 33 windows (candidate: the series is absent)",
		Baseline: of(trial.Plain, unknown), Candidate: of(trial.Plain, unknown), Change: of(trial.Ratio, unknown), Limit: of(trial.Plain, 12),
		Anytime: from(trial.Plain, unknown, unknown), Credible: from(trial.Plain, unknown, unknown), Within: of(trial.Share, unknown),
		Statistic: "each window's own figure against the limit; unpaired, so shared drift stays in it",
		Missing:   33, Gaps: []trial.Gap{{Reason: "candidate: the series is absent", Rounds: 33}},
	})
}

func courseOf(metric, version string, unit trial.Unit, level float64) trial.Course {
	c := trial.Course{Metric: metric, Version: version, Unit: unit}
	for i := range 33 {
		c.At, c.Values = append(c.At, 15*float64(i)), append(c.Values, level*(1+0.05*math.Sin(float64(i))))
	}
	return c
}

// besideLoad is a trial of load and of metrics from elsewhere.
func besideLoad() trial.Report {
	r := failing()
	r.Findings = append(r.Findings, conversions(), memory(), absent())
	r.Pairs, r.Reason = 6, "conversions is 8.1 % below baseline (18.4 % against 20 %), at most 2 % below baseline allowed"
	r.Measured.Windows = []trial.Windows{{Series: trial.MetricsSeries, Rounds: 33, Seconds: 495}}
	r.Courses = []trial.Course{
		courseOf("conversions", "baseline", trial.Share, 0.2), courseOf("conversions", "candidate", trial.Share, 0.184), courseOf("memory", "candidate", trial.Bytes, 498<<20),
	}
	return r
}

// elsewhere is a trial that sent nothing.
func elsewhere() trial.Report {
	r := base()
	r.Verdict, r.ExitCode, r.Pairs = trial.Inconclusive, 3, 2
	r.Findings = []trial.Finding{memory(), absent()}
	r.Reason = absent().Reason
	r.Measured = trial.Measured{
		Seed: 7, Lasted: 495 * time.Second, Rounds: 33, Confidence: 0.95,
		Windows: []trial.Windows{{Series: trial.MetricsSeries, Rounds: 33, Seconds: 495}},
	}
	r.Courses = []trial.Course{courseOf("memory", "candidate", trial.Bytes, 498<<20)}
	return r
}
