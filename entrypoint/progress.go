package main

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/seatrial/seatrial/config"
	"github.com/seatrial/seatrial/slo"
	"github.com/seatrial/seatrial/summary"
	"github.com/seatrial/seatrial/trial"
)

// progress tells people how the trial goes: on a terminal a few lines drawn
// anew with every round, elsewhere one line every few seconds.
type progress struct {
	out     io.Writer
	log     *parts
	now     func() time.Time
	live    bool
	width   int
	titles  map[string]string // of versions by name
	names   []string          // of versions, in their order
	began   time.Time
	told    time.Time
	drawn   int // lines on the terminal to draw over
	rounds  int // judged, when last told
	warm    int // requests of the warm-up
	length  time.Duration
	measure bool
	windows bool                              // no load is sent: a trial is told by its windows
	shows   func(warmup []trial.Round) string // the smallest regression that the trial shows
	recent  []trial.Round                     // of the warm-up
}

// tellEvery is how often a log that can't be redrawn gets a line.
const tellEvery = 5 * time.Second

func newProgress(p process, file config.File, log *parts) *progress {
	g := &progress{out: p.stderr, log: log, now: p.now, live: p.live, width: p.liveWidth, began: p.now(), titles: map[string]string{}, shows: shownBy(file)}
	var baseline string
	var candidates []string
	for _, v := range file.Versions() {
		g.titles[v.Name] = summary.Plain(v.Title())
		g.names = append(g.names, summary.Plain(v.Name))
		if v.Role == trial.Baseline {
			baseline = " against baseline " + g.titles[v.Name]
		} else {
			candidates = append(candidates, g.titles[v.Name])
		}
	}
	name := ""
	if file.Name != "" {
		name = " · " + summary.Plain(file.Name)
	}
	quantity := func(value float64, unit trial.Unit) string { return trial.Quantity{Value: value, Unit: unit}.String() }
	how, length := file.Load.Shape(), file.Load.For
	if g.windows = file.NoLoad(); g.windows {
		how, length = "no load, windows of "+quantity(file.Windows.Interval.Seconds(), trial.Seconds), file.Windows.For
	}
	fmt.Fprintf(g.out, "seatrial %s%s · candidate %s%s · %s, at most %s, confidence %s\n",
		version, name, strings.Join(candidates, ", "), baseline, how, quantity(length.Seconds(), trial.Seconds), quantity(float64(file.Confidence), trial.Share))
	if len(file.On.Start) == 0 {
		log.begin(g.out, "readiness", "Readiness")
	}
	return g
}

// Ready tells that everything answered.
func (g *progress) Ready() {
	fmt.Fprintf(g.out, "✓ ready      after %.1f s\n", g.now().Sub(g.began).Seconds())
	g.log.begin(g.out, "load", "Load")
	g.told = g.now()
}

// Looked tells where the trial stands.
func (g *progress) Looked(r trial.Round, l trial.Look) {
	if r.Warmup {
		g.warming(r)
		return
	}
	if !g.measure {
		g.measure = true
		g.warmed()
	}
	switch {
	case l.Rounds == g.rounds && r.Samples == nil && !(g.live && r.Settling):
	case g.live:
		g.rounds = l.Rounds
		g.redraw(r, l)
	case l.Done || g.now().Sub(g.told) >= tellEvery:
		g.told, g.rounds = g.now(), l.Rounds
		fmt.Fprintln(g.out, strings.Join(append([]string{g.headOf(r, l)}, g.standings(l, fewStandings, "%s %s: %s")...), " · "))
	}
}

func (g *progress) warming(r trial.Round) {
	if len(r.Requests) == 0 {
		return // others were asked
	}
	g.warm += len(r.Requests)
	g.length += r.End - r.Start
	g.recent = append(g.recent[max(0, len(g.recent)+1-planFrom):], r)
}

// warmed tells that the warm-up is over, and what it promises.
func (g *progress) warmed() {
	if g.warm > 0 {
		fmt.Fprintf(g.out, "✓ warm-up    %s, %d requests%s\n", g.length.Round(time.Millisecond), g.warm, g.shows(g.recent))
	}
}

// planFrom is how many rounds of the warm-up a promise is drawn from. More
// would take longer than a running trial should spend on it.
const planFrom = 20

// shownBy promises the smallest regression that a trial would show, of the
// first judged objective about latency; nothing where that can't be said.
func shownBy(file config.File) func(warmup []trial.Round) string {
	return func(warmup []trial.Round) string {
		if file.Load.Identify != nil {
			return "" // the gateway says how many requests each version gets
		}
		for _, p := range slo.Prospects(file.Policy(), file.Versions(), warmup, file.Load.Rounds(), file.Load.RoundLength()) {
			if subject, whose, ok := p.Latency(); ok {
				worse := trial.Quantity{Value: p.Smallest(), Unit: trial.Ratio}
				if !worse.Known() || worse.Value == 0 {
					return ""
				}
				return fmt.Sprintf("; a %s regression%s above %s would be shown in %s", subject, whose, worse,
					trial.Quantity{Value: file.Load.For.Seconds(), Unit: trial.Seconds})
			}
		}
		return ""
	}
}

// answerers tells who answered, where that is not for the trial to say.
func (g *progress) answerers(l trial.Look) string {
	var parts []string
	for v, n := range l.Answered {
		parts = append(parts, fmt.Sprintf("%d %s", n, g.names[v]))
	}
	if l.Unnamed > 0 {
		parts = append(parts, fmt.Sprintf("%d unknown", l.Unnamed))
	}
	if parts == nil {
		return ""
	}
	return " (" + strings.Join(parts, ", ") + ")"
}

func (g *progress) headOf(r trial.Round, l trial.Look) string {
	text := fmt.Sprintf("● round %d  %.1f s  %d requests%s  %d late", l.Rounds, l.Seconds, l.Requests, g.answerers(l), l.Late)
	if g.windows {
		text = fmt.Sprintf("● window %d  %s%s", l.Rounds, time.Duration(l.Seconds*float64(time.Second)).Round(100*time.Millisecond), missing(r))
	}
	if r.Weights == nil {
		return text
	}
	text += "  traffic " + strings.Join(strings.Fields(strings.Trim(fmt.Sprint(r.Weights), "[]")), "/")
	if r.Settling {
		text += ", settling"
	}
	return text
}

// missing tells of what a window has no samples of.
func missing(r trial.Round) string {
	var names []string
	for _, s := range r.Samples {
		if s.Missing != "" && !slices.Contains(names, s.Metric) {
			names = append(names, s.Metric)
		}
	}
	if names == nil {
		return ""
	}
	return "  without " + summary.Plain(strings.Join(names, ", "))
}

func (g *progress) redraw(r trial.Round, l trial.Look) {
	g.clear()
	lines := append([]string{g.headOf(r, l)}, g.standings(l, mostStandings, "    %-36s %12s   %s")...)
	for _, line := range lines {
		fmt.Fprintln(g.out, clipped(line, g.width))
	}
	g.drawn = len(lines)
}

// clear takes the drawn lines off the terminal (ECMA-48: cursor up, erase below).
func (g *progress) clear() {
	if g.drawn > 0 {
		fmt.Fprintf(g.out, "\x1b[%dA\x1b[J", g.drawn)
	}
	g.drawn = 0
}

// end leaves the terminal as the summary expects it.
func (g *progress) end() { g.clear() }

func clipped(line string, width int) string {
	runes := []rune(line)
	return string(runes[:min(len(runes), max(width-1, 20))])
}

// How many objectives are told of in a line of a log, and on a terminal.
const (
	fewStandings  = 3
	mostStandings = 8
)

// widestObjective is what is told of an objective's name, in characters.
const widestObjective = 48

func (g *progress) standings(l trial.Look, most int, layout string) []string {
	var lines []string
	shown, left := leading(l.Standings(), most)
	for _, s := range shown {
		name := summary.Objective(s.Objective, widestObjective)
		if len(g.titles) > 2 {
			name = s.Version + ": " + name
		}
		lines = append(lines, fmt.Sprintf(layout, name, s.Figure, way(s)))
	}
	if left != "" {
		lines = append(lines, strings.TrimRight(fmt.Sprintf(layout, left, "", ""), " :"))
	}
	if lead := l.Lead(); lead != nil {
		name := fmt.Sprintf("%s against %s: %s", lead.Version, lead.Rival, lead.Reward)
		lines = append(lines, fmt.Sprintf(layout, summary.Plain(name), lead.Change, leadWay(lead)))
	}
	return lines
}

// leading are the objectives that matter most to how the trial will end: those
// that fail or may, then those that are farthest from their verdict. What is left
// out is counted.
func leading(all []trial.Standing, most int) (shown []trial.Standing, left string) {
	if len(all) <= most {
		return all, ""
	}
	order := make([]int, len(all))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(urgency(all[b]), urgency(all[a])) })
	counts := map[trial.Verdict]int{}
	for _, i := range order[most:] {
		counts[all[i].Verdict]++
	}
	slices.Sort(order[:most])
	for _, i := range order[:most] {
		shown = append(shown, all[i])
	}
	var words []string
	for _, v := range []trial.Verdict{trial.Fail, trial.Inconclusive, trial.Pass} {
		if n := counts[v]; n > 0 {
			words = append(words, fmt.Sprintf("%d %s", n, map[trial.Verdict]string{trial.Fail: "fail", trial.Inconclusive: "open", trial.Pass: "pass"}[v]))
		}
	}
	return shown, fmt.Sprintf("and %d more: %s", len(all)-most, strings.Join(words, ", "))
}

// urgency is greater of what decides a trial sooner, or holds it up longer.
func urgency(s trial.Standing) float64 {
	switch {
	case s.Verdict == trial.Fail:
		return 3
	case s.Verdict == trial.Pass:
		return -1
	case s.Leaning == trial.Fail:
		return 1 + s.Progress
	}
	return 1 - s.Progress
}

// leadWay is how far the best candidate is from winning its hardest duel.
func leadWay(l *trial.Lead) string {
	if l.Progress >= 1 {
		return "shown better"
	}
	return summary.Bar(l.Progress, 12) + " to win"
}

// way is how far an objective is from its verdict.
func way(s trial.Standing) string {
	noun := "round"
	if s.Series != "" {
		noun = "window"
	}
	if s.Verdict != trial.Inconclusive {
		return fmt.Sprintf("%s since %s %d", s.Verdict, noun, s.Decided)
	}
	text := summary.Bar(s.Progress, 12)
	switch {
	case s.Progress > 0.8 && s.Leaning == trial.Fail:
		text += " fail likely"
	case s.Progress >= 1:
		text += " holds so far"
	}
	if s.Needs != nil && s.Needs.Rounds > 0 {
		if s.Needs.Rounds > 1 {
			noun += "s"
		}
		text += fmt.Sprintf(", about %d %s more", s.Needs.Rounds, noun)
	}
	return text
}
