package summary

import (
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seatrial/seatrial/trial"
)

// contests are trials in which one version wins, by the name of their goldens.
func contests() map[string]trial.Report {
	return map[string]trial.Report{"winner": won(), "no-winner": undecidedContest(), "pareto": tradeOff(), "no-better": lost()}
}

func versionsOf(names ...string) []trial.Version {
	out := []trial.Version{{Name: "baseline", Role: trial.Baseline, Label: "v41", URL: "http://shop.prod.svc"}}
	for _, name := range names {
		out = append(out, trial.Version{Name: name, URL: "http://" + name + ".prod.svc"})
	}
	return out
}

func place(version string, seconds, best, loss float64) trial.Place {
	return trial.Place{
		Version: version, Value: of(trial.Seconds, seconds), Credible: from(trial.Seconds, 0.97*seconds, 1.04*seconds),
		Best: of(trial.Share, best), Loss: of(trial.Seconds, loss),
	}
}

// duelOf is decided for or against its version by that much evidence, or open.
func duelOf(version, rival string, change, for20, against20 float64) trial.Duel {
	d := trial.Duel{
		Version: version, Rival: rival, Change: of(trial.Ratio, change), Anytime: from(trial.Ratio, change-0.06, change+0.06), Rounds: 120,
		For: trial.Evidence{Log: for20, Most: for20}, Against: trial.Evidence{Log: against20, Most: against20},
		Better: for20 >= math.Log(40), Worse: against20 >= math.Log(40),
	}
	if !d.Better && !d.Worse {
		d.Needs = &trial.Needs{Rounds: 200, Seconds: 50, Requests: 5000}
	}
	return d
}

func ranked(reward string, places []trial.Place, duels ...trial.Duel) trial.Ranking {
	return trial.Ranking{Reward: reward, Places: places, Duels: duels, Needed: 40, Statistic: "contrast of each round's own figure, paired by round"}
}

func contest(pattern string, versions ...string) trial.Report {
	r := base()
	r.Versions, r.Measured.Lasted, r.Measured.Rounds, r.Measured.Requests = versionsOf(versions...), 30*time.Second, 120, 9000
	r.Choice = trial.Choice{Pattern: pattern, Recommended: "baseline", Draws: 4000, Seed: 2718281828}
	for _, version := range r.Versions {
		level := 0.03 + 0.004*float64(len(version.Name))
		r.Series = append(r.Series, wave(version.Name, level, 140, 20, 35))
	}
	return r
}

func objectiveOf(version string, verdict trial.Verdict) trial.Finding {
	f := p99()
	f.Version, f.Verdict, f.Rounds, f.Requests = version, verdict, 120, 3000
	if verdict != trial.Pass {
		f.Candidate, f.Anytime, f.Reason = of(trial.Seconds, 0.412), from(trial.Seconds, 0.38, 0.45), "p99 latency is 412 ms, 300 ms allowed"
	}
	return f
}

// won has a winner, one that was beaten, and one that violates an objective.
func won() trial.Report {
	r := contest("hybrid", "tuned", "rewritten", "cached")
	r.Name, r.Verdict = "ranking", trial.Pass
	r.Findings = []trial.Finding{objectiveOf("tuned", trial.Pass), objectiveOf("rewritten", trial.Pass), objectiveOf("cached", trial.Fail)}
	cached := place("cached", 0.0081, 0, 0)
	cached.Out = true
	r.Choice.Winner, r.Choice.Recommended, r.Choice.Unbeaten = "rewritten", "rewritten", []string{"rewritten"}
	r.Choice.Reason = "rewritten wins: its mean latency is 13 % below tuned, and it meets every objective"
	r.Choice.Rankings = []trial.Ranking{ranked("minimize latency-mean",
		[]trial.Place{place("baseline", 0.0135, 0, 0.00238), place("tuned", 0.0126, 0.002, 0.00158), place("rewritten", 0.0109, 0.998, 0.000004), cached},
		duelOf("baseline", "tuned", 0.071, 0, 3.3), duelOf("baseline", "rewritten", 0.239, 0, 9), duelOf("baseline", "cached", 0.667, 0, 20),
		duelOf("tuned", "rewritten", 0.156, 0, 6), duelOf("tuned", "cached", 0.556, 0, 20), duelOf("rewritten", "cached", 0.346, 0, 12),
	)}
	r.Choice.Rankings[0].Name, r.Choice.Rankings[0].Needed = "fast answers", 60
	r.Reason = r.Choice.Reason
	return r
}

// undecidedContest is a candidate that is not told apart from its baseline.
func undecidedContest() trial.Report {
	r := contest("ab", "candidate")
	r.Versions, r.ExitCode = slices.Clone(twoVersions), 3
	r.Measured.Planned, r.Measured.Lasted = time.Minute, time.Minute
	r.Findings = []trial.Finding{objectiveOf("candidate", trial.Pass)}
	r.Choice.Unbeaten = []string{"baseline", "candidate"}
	r.Choice.Reason = "no winner yet: baseline and candidate are not told apart by mean latency, so baseline stays"
	r.Choice.Rankings = []trial.Ranking{ranked("minimize latency-mean",
		[]trial.Place{place("baseline", 0.0111, 0.139, 0.00015), place("candidate", 0.0109, 0.861, 0.00001)},
		duelOf("baseline", "candidate", 0.018, -1, 1.4))}
	r.Choice.Rankings[0].Needed = 20
	r.Reason = r.Choice.Reason
	return open(r)
}

// open takes back the moment of the verdict.
func open(r trial.Report) trial.Report {
	for i := range r.Series {
		r.Series[i].Decided = 0
	}
	return r
}

// tradeOff is better by one reward and worse by the other.
func tradeOff() trial.Report {
	r := contest("pareto", "rewritten")
	r.ExitCode = 3
	r.Findings = []trial.Finding{objectiveOf("rewritten", trial.Pass)}
	r.Choice.Unbeaten = []string{"baseline", "rewritten"}
	r.Choice.Reason = "no winner yet: baseline and rewritten are not told apart by mean latency and throughput, so baseline stays"
	throughput := func(version string, value, best float64) trial.Place {
		return trial.Place{
			Version: version, Value: of(trial.PerSecond, value), Credible: from(trial.PerSecond, value-0.4, value+0.3),
			Best: of(trial.Share, best), Loss: of(trial.PerSecond, 1-best),
		}
	}
	r.Choice.Rankings = []trial.Ranking{
		ranked("minimize latency-mean", []trial.Place{place("baseline", 0.0135, 0, 0.0026), place("rewritten", 0.0109, 1, 0)},
			duelOf("baseline", "rewritten", 0.239, 0, 9)),
		ranked("maximize throughput", []trial.Place{throughput("baseline", 99.9, 1), throughput("rewritten", 98.2, 0)},
			duelOf("baseline", "rewritten", 0.017, 5, 0)),
	}
	for k := range r.Choice.Rankings {
		r.Choice.Rankings[k].Needed = 20
	}
	r.Choice.Dominated = []trial.Quantity{of(trial.Share, 0), of(trial.Share, 0)}
	r.Reason = r.Choice.Reason
	return open(r)
}

// lost is a contest that no candidate can win any more.
func lost() trial.Report {
	r := contest("abn", "tuned", "rewritten")
	r.Verdict, r.ExitCode = trial.Fail, 1
	r.Findings = []trial.Finding{objectiveOf("tuned", trial.Pass), objectiveOf("rewritten", trial.Fail)}
	rewritten := place("rewritten", 0.0109, 0, 0)
	rewritten.Out = true
	r.Choice.Unbeaten = []string{"baseline"}
	r.Choice.Reason = "no candidate can win: tuned is worse than baseline by mean latency; rewritten violates latency-p99 <= 300ms, so baseline stays"
	r.Choice.Rankings = []trial.Ranking{ranked("minimize latency-mean",
		[]trial.Place{place("baseline", 0.0126, 0.999, 0.000001), place("tuned", 0.0135, 0.001, 0.0009), rewritten},
		duelOf("baseline", "tuned", -0.067, 4, 0), duelOf("baseline", "rewritten", 0.156, 0, 9), duelOf("tuned", "rewritten", 0.239, 0, 12))}
	r.Reason = r.Choice.Reason
	return r
}

func TestAContestSaysWhatToRunAndWhy(t *testing.T) {
	cancelled := won()
	cancelled.Status, cancelled.Verdict = trial.Cancelled, trial.Inconclusive
	far := undecidedContest()
	far.Choice.Rankings[0].Duels[0].Needs = &trial.Needs{}
	every := threeCandidates()
	every.Choice = trial.Choice{Pattern: "canary", Recommended: "baseline", Reason: "not every objective is shown to hold, so baseline stays"}
	plain := failing()
	plain.Choice = trial.Choice{Pattern: "canary", Recommended: "baseline", Reason: "not every objective is shown to hold, so baseline stays"}
	tests := map[string]struct {
		report      trial.Report
		want, never []string
	}{
		"a winner is to be shipped": {won(), []string{"**Ship** `rewritten`.", "| 🏆 | `rewritten` | **10.9\u00a0ms** | −19\u00a0%", "| ❌ | `cached` |", "violates latency-p99 ≤ 300 ms |"},
			[]string{"What would settle it:"}},
		"only the winner's limits could hide something": {won(), []string{"rewritten latency-p99 up to 231 ms."}, []string{"tuned latency-p99 up to"}},
		"without one the baseline stays":                {undecidedContest(), []string{"**Stay with** `v41`."}, []string{"🏆"}},
		"an open duel says what would settle it": {undecidedContest(), []string{"a trial of about 1m50s (`for: 1m50s`). For 4f2c9e1 against v41: about 200 rounds more (50 s, 5,000 requests to each version)."},
			nil},
		"one out of reach says so":                {far, []string{"no trial of a sensible length would tell them apart"}, []string{"(`for:"}},
		"a trade-off is for people to weigh":      {tradeOff(), []string{"rewritten is better than v41 by latency-mean and worse by throughput; a longer trial does not change that"}, []string{"What would settle it:"}},
		"what a heading cuts off follows it":      {lost(), []string{"**Stay with** `v41`: no candidate can win: tuned is worse than baseline by mean latency; rewritten violates"}, nil},
		"a trial that did not end has no winner":  {cancelled, nil, []string{"🏆", "**Ship**", "What would settle it:"}},
		"the chance of a false winner is shared":  {won(), []string{"decided by 60:1 evidence, because 3 rivals share the chance of a false winner (Bonferroni)", "(4,000 draws, seed 2718281828); they are for people and decide nothing"}, nil},
		"rivals of one are not mentioned":         {undecidedContest(), []string{"decided by 20:1 evidence."}, []string{"Bonferroni"}},
		"candidates that must all pass":           {every, []string{"**Stay with** `v41`: not every objective is shown to hold, so baseline stays."}, []string{"P(best)"}},
		"a plain canary says nothing of a choice": {plain, nil, []string{"Stay with", "P(best)"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got := Markdown(test.report)
			for _, want := range test.want {
				if !strings.Contains(got, want) {
					t.Errorf("no %q in:\n%s", want, got)
				}
			}
			for _, never := range test.never {
				if strings.Contains(got, never) {
					t.Errorf("%q in:\n%s", never, got)
				}
			}
		})
	}
}

// Only duels of the leader against rivals that it must beat keep a verdict open.
func TestOnlyDuelsThatDecideAreOpen(t *testing.T) {
	open := won()
	open.Verdict, open.Choice.Winner, open.Choice.Unbeaten = trial.Inconclusive, "", []string{"tuned", "rewritten"}
	duels := open.Choice.Rankings[0].Duels
	for i := range duels {
		duels[i] = duelOf(duels[i].Version, duels[i].Rival, duels[i].Change.Value, 0, 1)
	}
	several := open
	several.Choice.Pattern = "pareto"
	for want, r := range map[string]trial.Report{"rewritten–baseline rewritten–tuned": open, "rewritten–baseline": several, "": won()} {
		var got []string
		for _, b := range newView(r).undecided() {
			got = append(got, b.Version+"–"+b.Rival)
		}
		if diff := cmp.Diff(want, strings.Join(got, " ")); diff != "" {
			t.Errorf("%s (-want +got):\n%s", r.Choice.Pattern, diff)
		}
	}
}

func TestADuelReadsTheSameFromBothSides(t *testing.T) {
	inf := math.Inf(1)
	ratios := trial.Duel{
		Version: "a", Rival: "b", Worse: true, Change: of(trial.Ratio, 0.25), Anytime: from(trial.Ratio, 0, 1),
		For: trial.Evidence{Log: 1}, Against: trial.Evidence{Log: 2},
	}
	want := trial.Duel{
		Version: "b", Rival: "a", Better: true, Change: of(trial.Ratio, -0.2), Anytime: from(trial.Ratio, -0.5, 0),
		For: trial.Evidence{Log: 2}, Against: trial.Evidence{Log: 1},
	}
	near := cmp.Comparer(func(a, b float64) bool { return a == b || math.Abs(a-b) < 1e-12 })
	if diff := cmp.Diff(want, seenFrom(ratios, "b"), near); diff != "" {
		t.Errorf("from the rival (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(ratios, seenFrom(ratios, "a"), near); diff != "" {
		t.Errorf("from the version (-want +got):\n%s", diff)
	}
	shares := trial.Duel{Version: "a", Rival: "b", Change: of(trial.Points, 0.01), Anytime: from(trial.Points, -0.01, inf)}
	if diff := cmp.Diff(from(trial.Points, -inf, 0.01), seenFrom(shares, "b").Anytime, near); diff != "" {
		t.Errorf("points (-want +got):\n%s", diff)
	}
	if got := reversed(of(trial.Ratio, -1)).Value; !math.IsInf(got, 1) {
		t.Errorf("nothing against something is %v the other way round", got)
	}
}

func TestLookAgainJudgesByTheSameRewards(t *testing.T) {
	violated := lost()
	tests := []struct {
		report trial.Report
		want   string
	}{
		{won(), "seatrial judge dir --rewards 'minimize latency-mean'"},
		{undecidedContest(), "seatrial judge dir --rewards 'minimize latency-mean'"},
		{tradeOff(), `seatrial judge dir --rewards "$(printf '%s\n' 'minimize latency-mean' 'maximize throughput')"`},
		{violated, "seatrial judge dir --rewards 'minimize latency-mean' --objectives 'latency-p99 <= 300ms'"},
	}
	for _, test := range tests {
		if diff := cmp.Diff(test.want, newView(test.report).again("dir")); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	}
}

// crowd is a contest of as many versions as a trial may have.
func crowd(r *trial.Report) {
	const versions = 255
	ranking := trial.Ranking{Reward: "minimize latency-mean", Needed: 5080, Statistic: "contrast"}
	r.Versions, r.Choice.Rankings, r.Choice.Winner, r.Choice.Unbeaten = nil, nil, "v200", []string{"v200"}
	names := make([]string, versions)
	for i := range names {
		names[i] = "v" + grouped(i)
		r.Versions = append(r.Versions, trial.Version{Name: names[i]})
		ranking.Places = append(ranking.Places, place(names[i], 0.01, 0.004, 0.001))
	}
	r.Versions[0].Role = trial.Baseline
	for a := range names {
		for b := a + 1; b < versions; b++ {
			ranking.Duels = append(ranking.Duels, duelOf(names[a], names[b], 0.1, 0, 1))
		}
	}
	for range 4 {
		r.Choice.Rankings = append(r.Choice.Rankings, ranking)
	}
}

func TestACrowdIsCutToThoseThatMatter(t *testing.T) {
	r := won()
	crowd(&r)
	for ending, render := range forms {
		got := render(r)
		for _, want := range []string{"v200", "v0", "235 versions more", "1 reward more"} {
			if !strings.Contains(got, want) {
				t.Errorf("%s: no %q", ending, want)
			}
		}
		if strings.Contains(got, "v199") {
			t.Errorf("%s: shows versions that matter little", ending)
		}
	}
	if got, want := Markdown(r), "and 129,490 duels more (report.json has all of them)"; !strings.Contains(got, want) {
		t.Errorf("no %q", want)
	}
}

func TestContestsFitTheirTerminal(t *testing.T) {
	long := won()
	for i := range long.Versions {
		renamed(&long, long.Versions[i].Name, strings.Repeat("rather-", 9)+long.Versions[i].Name)
	}
	for name, r := range map[string]trial.Report{"winner": won(), "pareto": tradeOff(), "long names": long} {
		for _, width := range []int{80, 100, 120} {
			v, style := newView(r), Style{Width: width}
			for line := range strings.SplitSeq(v.contestText(style)+v.grid(style).text(style), "\n") {
				if n := len([]rune(line)); n > width {
					t.Errorf("%s at %d: %d columns: %s", name, width, n, line)
				}
			}
		}
	}
	narrow := Text(tradeOff(), Style{Width: 80})
	for _, want := range []string{"latency-mean", "throughput", "−19 %", "−1.7 %"} {
		if !strings.Contains(narrow, want) {
			t.Errorf("no %q at 80 columns:\n%s", want, narrow)
		}
	}
}

// renamed gives a version another name in its places and duels.
func renamed(r *trial.Report, from, to string) {
	rename := func(name *string) {
		if *name == from {
			*name = to
		}
	}
	for i := range r.Versions {
		rename(&r.Versions[i].Name)
		r.Versions[i].Label = ""
	}
	for k := range r.Choice.Rankings {
		for i := range r.Choice.Rankings[k].Places {
			rename(&r.Choice.Rankings[k].Places[i].Version)
		}
		for i := range r.Choice.Rankings[k].Duels {
			rename(&r.Choice.Rankings[k].Duels[i].Version)
			rename(&r.Choice.Rankings[k].Duels[i].Rival)
		}
	}
	for i := range r.Findings {
		rename(&r.Findings[i].Version)
	}
	rename(&r.Choice.Winner)
	rename(&r.Choice.Recommended)
	r.Choice.Unbeaten = slices.Clone(r.Choice.Unbeaten)
	for i := range r.Choice.Unbeaten {
		rename(&r.Choice.Unbeaten[i])
	}
}
