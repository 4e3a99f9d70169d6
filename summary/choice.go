package summary

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/seatrial/seatrial/trial"
)

// entrant is one version in a contest, as it is shown.
type entrant struct {
	name     string // as the trial calls it
	standing standing
	figures  []figure // one for each reward
}

// figure is a version's by one reward.
type figure struct {
	trial.Place
	change   string // against the baseline; empty for the baseline and without one
	interval string // of the change
}

// standing is where a version came out, in each format's own words.
type standing struct {
	emoji string
	sign  string
	word  string
	color string
	rank  int // what matters most comes first, should not all be shown
}

// contested reports whether versions competed for a reward, and there is
// something to show of it.
func (v view) contested() bool {
	return slices.ContainsFunc(v.Choice.Rankings, func(r trial.Ranking) bool {
		return slices.ContainsFunc(r.Duels, func(d trial.Duel) bool { return d.Rounds > 0 })
	})
}

// winner is the name of the version that won a contest; empty where the
// verdict does not stand.
func (v view) winner() string {
	if !v.contested() || !v.Judged() || v.Verdict != trial.Pass {
		return ""
	}
	return v.Choice.Winner
}

func (v view) baseline() string {
	if i := trial.BaselineOf(v.Versions); i >= 0 {
		return v.Versions[i].Name
	}
	return ""
}

// mostEntrants is how many versions a table of them shows.
const mostEntrants = 20

// entrants are the versions of a contest in their order, those that matter
// most if there are very many, and how many were left out.
func (v view) entrants() (out []entrant, left int) {
	if !v.contested() {
		return nil, 0
	}
	changes := v.changes()
	places := make([]map[string]trial.Place, len(v.Choice.Rankings))
	for k, ranking := range v.Choice.Rankings {
		places[k] = map[string]trial.Place{}
		for _, p := range ranking.Places {
			places[k][p.Version] = p
		}
	}
	for _, p := range v.Choice.Rankings[0].Places {
		e := entrant{name: p.Version, standing: v.standing(p)}
		for k := range places {
			f := figure{Place: places[k][p.Version]}
			if d, compared := changes[k][p.Version]; compared {
				f.change, f.interval = d.Change.String(), span(d.Change, d.Anytime)
			}
			e.figures = append(e.figures, f)
		}
		out = append(out, e)
	}
	return foremost(out)
}

// changes are each version's duel against the baseline, of each reward.
func (v view) changes() []map[string]trial.Duel {
	baseline := v.baseline()
	out := make([]map[string]trial.Duel, len(v.Choice.Rankings))
	for k, ranking := range v.Choice.Rankings {
		out[k] = map[string]trial.Duel{}
		for _, d := range ranking.Duels {
			switch baseline {
			case "":
			case d.Rival:
				out[k][d.Version] = d
			case d.Version:
				out[k][d.Rival] = seenFrom(d, d.Rival)
			}
		}
	}
	return out
}

// foremost keeps the versions that matter most, in the order they had.
func foremost(all []entrant) (kept []entrant, left int) {
	for rank := 0; len(kept) < mostEntrants && rank <= lastRank; rank++ {
		for _, e := range all {
			if e.standing.rank == rank && len(kept) < mostEntrants {
				kept = append(kept, e)
			}
		}
	}
	if len(kept) == len(all) {
		return all, 0
	}
	return kept, len(all) - len(kept)
}

const lastRank = 4

// standing is where a version came out.
func (v view) standing(p trial.Place) standing {
	switch {
	case p.Version == v.winner():
		return standing{"🏆", "✓", "winner", "32", 0}
	case p.Version == v.baseline() && v.Judged() && v.Verdict == trial.Fail:
		return standing{"", " ", "stays", "", 1}
	case p.Out:
		return standing{"❌", "✗", v.violates(p.Version), "31", lastRank}
	case slices.Contains(v.Choice.Unbeaten, p.Version):
		return standing{"⏸️", "·", "not beaten", "33", 2}
	case p.Version == v.baseline():
		return standing{"", " ", "beaten", "", 1}
	}
	return standing{"", " ", "beaten", "", 3}
}

// violates says why a version is out of the running.
func (v view) violates(version string) string {
	for _, f := range v.Findings {
		if f.Version == version && f.Verdict == trial.Fail && !f.Inform {
			return "violates " + pretty(f.Objective)
		}
	}
	return "violates an objective"
}

// best is P(best), of a version that may be chosen.
func (f figure) best() string {
	if f.Out {
		return "–"
	}
	return probability(f.Place.Best)
}

// loss is the expected loss, of a version that may be chosen.
func (f figure) loss() string {
	if f.Out {
		return "–"
	}
	return f.Place.Loss.String()
}

// seenFrom is a duel as it looks from one of its two versions.
func seenFrom(d trial.Duel, version string) trial.Duel {
	if d.Version == version {
		return d
	}
	d.Version, d.Rival = d.Rival, d.Version
	d.Better, d.Worse = d.Worse, d.Better
	d.For, d.Against = d.Against, d.For
	d.Change = reversed(d.Change)
	d.Anytime = trial.Interval{Low: reversed(d.Anytime.High), High: reversed(d.Anytime.Low)}
	return d
}

// reversed is a change seen from the other side: what is 25 % above is what 20 %
// below is seen from. An open end stays open.
func reversed(q trial.Quantity) trial.Quantity {
	switch {
	case q.Unit != trial.Ratio || math.IsInf(q.Value, 0):
		q.Value = -q.Value
	case q.Value <= -1:
		q.Value = math.Inf(1)
	default:
		q.Value = 1/(1+q.Value) - 1
	}
	return q
}

// competitor is what people call a version, and in parentheses what the
// trial's reasons call it, or that it is the one that runs now.
func (v view) competitor(name string) (title, alias string) {
	switch title = v.title(name); {
	case title != clip(name, longestName):
		return title, " (" + clip(name, longestName) + ")"
	case name == v.baseline() && title != "baseline":
		return title, " (baseline)"
	}
	return title, ""
}

// rewardName is a reward by the team's name for it, else in canonical words.
func rewardName(r trial.Ranking) string {
	const most = 40 // it heads a column
	if r.Name != "" {
		return clip(r.Name, most)
	}
	return clip(r.Reward, most)
}

// rewardSubject is what a reward is about, in a sentence.
func rewardSubject(r trial.Ranking) string {
	if _, metric, found := strings.Cut(r.Reward, " "); found && r.Name == "" {
		return clip(metric, longestName)
	}
	return rewardName(r)
}

// rewardHead heads a column, which may have to be narrow: the figures' order
// then tells which way is better.
func rewardHead(r trial.Ranking, narrow bool) string {
	const most = 14
	if !narrow {
		return rewardName(r)
	}
	return clip(rewardSubject(r), most)
}

// rewardInFull is both.
func rewardInFull(r trial.Ranking) string {
	if r.Name != "" {
		return clip(r.Name, longestName) + " (" + clip(r.Reward, longestName) + ")"
	}
	return clip(r.Reward, longestName)
}

// advice is what to do now, as a verb and a version. It is empty where the
// verdict says it already, and where nothing was concluded.
func (v view) advice() (verb, version string) {
	switch {
	case !v.Judged() || v.Choice.Recommended == "" || !v.contested() && !v.several:
		return "", ""
	case v.Choice.Recommended == v.baseline():
		return "stay with", v.title(v.Choice.Recommended)
	}
	return "ship", v.title(v.Choice.Recommended)
}

// because is the reason of the choice, where the report's own is another.
func (v view) because() string {
	reason := Plain(v.Choice.Reason)
	if !v.Judged() || !v.contested() && !v.several || strings.Contains(Plain(v.Reason), reason) {
		return ""
	}
	return reason
}

// bout is a duel with the reward that it is about.
type bout struct {
	trial.Duel
	reward int    // index of its ranking
	series string // whose rounds they are; empty for the load's
}

// newBouts are all duels, each told from the version that is better, or from the
// candidate: first the winner's, then those between versions not beaten.
func (v view) newBouts() []bout {
	if !v.contested() {
		return nil
	}
	var out []bout
	unbeaten := map[string]bool{}
	for _, name := range v.Choice.Unbeaten {
		unbeaten[name] = true
	}
	baseline, leader := v.baseline(), v.leader()
	for k, ranking := range v.Choice.Rankings {
		for _, d := range ranking.Duels {
			if d.Worse && !d.Better || !d.Better && (d.Version == baseline || d.Rival == leader) {
				d = seenFrom(d, d.Rival)
			}
			out = append(out, bout{d, k, ranking.Series})
		}
	}
	weight := func(b bout) int {
		switch {
		case b.Version == leader || b.Rival == leader:
			return 0
		case unbeaten[b.Version] && unbeaten[b.Rival]:
			return 1
		}
		return 2
	}
	slices.SortStableFunc(out, func(a, b bout) int { return weight(a) - weight(b) })
	return out
}

// leader is the winner, else the version not beaten that is likeliest the best
// by the first reward.
func (v view) leader() string {
	if winner := v.winner(); winner != "" {
		return winner
	}
	leader, most := "", -1.0
	for _, p := range v.Choice.Rankings[0].Places {
		if !p.Out && p.Best.Value > most && slices.Contains(v.Choice.Unbeaten, p.Version) {
			leader, most = p.Version, p.Best.Value
		}
	}
	return leader
}

// undecided are the duels that the leader still has to win. Of several rewards
// a candidate need only beat the baseline.
func (v view) undecided() []bout {
	if !v.contested() || !v.Judged() || v.Verdict != trial.Inconclusive {
		return nil
	}
	out := map[string]bool{}
	for _, p := range v.Choice.Rankings[0].Places {
		out[p.Version] = p.Out
	}
	leader, baseline := v.leader(), v.baseline()
	lone := v.Choice.Pattern == "pareto" && baseline != "" && leader != baseline
	return slices.DeleteFunc(slices.Clone(v.bouts), func(b bout) bool {
		rival := b.Rival
		if rival == leader {
			rival = b.Version
		}
		return b.Better || b.Worse || b.Version != leader && b.Rival != leader || out[rival] || lone && rival != baseline
	})
}

// settles says what would settle an open duel.
func (b bout) settles() string {
	if b.Needs != nil && b.Needs.Rounds == 0 && b.Rounds > 0 {
		return "at this difference no trial of a sensible length would tell them apart; choose by something else"
	}
	return row{Finding: trial.Finding{Needs: b.Needs, Rounds: b.Rounds, Series: b.series}}.settles()
}

// split says that a version not beaten is better than the baseline by one
// reward and worse by another: no longer trial makes it win.
func (v view) split() string {
	if !v.contested() || !v.Judged() || v.Verdict != trial.Inconclusive {
		return ""
	}
	changes := v.changes()
	for _, name := range v.Choice.Unbeaten {
		var better, worse []string
		for k, ranking := range v.Choice.Rankings {
			switch d := changes[k][name]; {
			case d.Better:
				better = append(better, rewardSubject(ranking))
			case d.Worse:
				worse = append(worse, rewardSubject(ranking))
			}
		}
		if len(better) > 0 && len(worse) > 0 {
			return fmt.Sprintf("%s is better than %s by %s and worse by %s; a longer trial does not change that: weigh the two, or judge by one of them alone",
				v.title(name), v.title(v.baseline()), strings.Join(better, ", "), strings.Join(worse, ", "))
		}
	}
	return ""
}

// lack is what keeps a verdict open, and what would settle it; both are plain.
type lack struct{ who, what string }

// lacks are the open objectives, then the open duels.
func (v view) lacks() []lack {
	var out []lack
	for _, r := range v.open() {
		out = append(out, lack{v.owned(r), r.settles()})
	}
	for _, b := range v.undecided() {
		who := v.title(b.Version) + " against " + v.title(b.Rival)
		if len(v.Choice.Rankings) > 1 {
			who += " by " + rewardSubject(v.Choice.Rankings[b.reward])
		}
		out = append(out, lack{who, b.settles()})
	}
	return out
}

// rewardsFlag is the flag that judges by the same rewards, one a line.
func (v view) rewardsFlag() string {
	if !v.contested() {
		return ""
	}
	var words []string
	for _, ranking := range v.Choice.Rankings {
		words = append(words, quote(ranking.Reward))
	}
	if len(words) == 1 {
		return " --rewards " + words[0]
	}
	return ` --rewards "$(printf '%s\n' ` + strings.Join(words, " ") + `)"`
}

// contestMethod says in two sentences what decides a contest and what does not.
func (v view) contestMethod() string {
	if !v.contested() {
		return ""
	}
	rivals := len(v.Choice.Rankings[0].Places) - 1
	text := "A duel of two versions is decided by " + evidenceNeeded(v.Choice.Rankings[0]) + " evidence"
	if rivals > 1 {
		text += fmt.Sprintf(", because %d rivals share the chance of a false winner (Bonferroni)", rivals)
	}
	text += "."
	if v.Choice.Draws > 0 {
		text += fmt.Sprintf(" P(best) and expected loss are drawn from the joint posterior of all versions' rounds (%s, seed %d); they are for people and decide nothing.",
			counted(v.Choice.Draws, "draw"), v.Choice.Seed)
	}
	return text
}

// evidenceNeeded is at which a duel is decided: "40:1".
func evidenceNeeded(r trial.Ranking) string { return grouped(int(r.Needed)) + ":1" }

// held is the confidence of a duel's anytime interval: that of its share.
func held(r trial.Ranking) string {
	if !(r.Needed > 1) {
		return "anytime interval"
	}
	return percent(1-1/r.Needed) + " interval"
}
