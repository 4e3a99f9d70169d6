package summary

import (
	"fmt"
	"strings"

	"github.com/seatrial/seatrial/trial"
)

// advised is the advice in Markdown, with its reason where the heading does not
// say all of it.
func (v view) advised() string {
	why := v.because()
	if said := Plain(v.Reason); v.contested() && v.Judged() && why == "" && v.claim() != said {
		why = said
	}
	parts := nonEmpty([]string{escapeMarkdown(strings.TrimRight(why, "."))})
	if verb, version := v.advice(); verb != "" {
		parts = append([]string{"**" + strings.ToUpper(verb[:1]) + verb[1:] + "** " + code(version)}, parts...)
	}
	if len(parts) == 0 {
		return ""
	}
	return strings.Join(parts, ": ") + "."
}

// mostRewards is how many rewards one table has columns for.
const mostRewards = 3

// ranking is the table of versions and rewards.
func (v view) ranking() string {
	entrants, left := v.entrants()
	if len(entrants) == 0 {
		return ""
	}
	rankings := v.Choice.Rankings[:min(len(v.Choice.Rankings), mostRewards)]
	single := len(rankings) == 1
	var t table
	t.column("", "---")
	t.column("version", "---")
	for _, ranking := range rankings {
		t.column(escapeMarkdown(rewardName(ranking)), "--:")
		if single {
			t.column(v.changeHead(ranking), "--:")
		}
		t.column("P(best)", "--:")
	}
	if single {
		t.column("expected loss", "--:")
	}
	t.column("", "---")
	for _, e := range entrants {
		cells := []string{e.standing.emoji, v.named(e.name)}
		for _, f := range e.figures[:len(rankings)] {
			if single {
				cells = append(cells, e.strong(f.Value.String()), around(f.change, f.interval), firm(f.best()), firm(f.loss()))
			} else {
				cells = append(cells, around(e.strong(f.Value.String()), f.change), firm(f.best()))
			}
		}
		t.row(append(cells, escapeMarkdown(e.standing.word))...)
	}
	text := t.String()
	if left > 0 {
		text += "\n\nand " + counted(left, "version") + " more (report.json has all of them)"
	}
	if left := len(v.Choice.Rankings) - mostRewards; left > 0 {
		text += "\n\nand " + counted(left, "reward") + " more, folded below"
	}
	return text
}

func (v view) changeHead(r trial.Ranking) string {
	if v.baseline() == "" {
		return "change"
	}
	return "change (" + firm(held(r)) + ")"
}

func (e entrant) strong(figure string) string {
	if e.standing.rank == 0 {
		return "**" + firm(figure) + "**"
	}
	return firm(figure)
}

// named is a version in Markdown.
func (v view) named(name string) string {
	title, alias := v.competitor(name)
	return code(title) + escapeMarkdown(alias)
}

// mostBouts is how many duels a table of them shows.
const mostBouts = 50

func (v view) duelsTitle() string {
	if !v.contested() {
		return ""
	}
	return "Duels: " + grouped(len(v.bouts)) + ", each decided by " + evidenceNeeded(v.Choice.Rankings[0]) + " evidence"
}

// duels are all that is known of who was shown to be better than whom.
func (v view) duels() string {
	if !v.contested() {
		return ""
	}
	var t table
	t.column("version", "---")
	t.column("against", "---")
	several := len(v.Choice.Rankings) > 1
	if several {
		t.column("reward", "---")
	}
	for _, head := range []string{"change (" + firm(held(v.Choice.Rankings[0])) + ")", "for better", "for worse", "rounds"} {
		t.column(head, "--:")
	}
	t.column("", "---")
	for _, b := range v.bouts[:min(len(v.bouts), mostBouts)] {
		cells := []string{v.named(b.Version), v.named(b.Rival)}
		if several {
			cells = append(cells, escapeMarkdown(rewardSubject(v.Choice.Rankings[b.reward])))
		}
		t.row(append(cells, around(b.Change.String(), span(b.Change, b.Anytime)), firm(odds(b.For.Most)), firm(odds(b.Against.Most)),
			grouped(b.Rounds), firm(b.emoji()+" ")+v.settled(b))...)
	}
	text := t.String()
	if left := len(v.bouts) - mostBouts; left > 0 {
		text += "\n\nand " + counted(left, "duel") + " more (report.json has all of them)"
	}
	return text + "\n\n" + v.judgedRewards()
}

func (b bout) emoji() string {
	switch {
	case b.Better:
		return "✅"
	case b.Worse:
		return "❌"
	}
	return "⏸️"
}

func (v view) settled(b bout) string {
	switch {
	case b.Better && b.Worse:
		return "shown both ways: it changed during the trial"
	case b.Better:
		return "shown better"
	case b.Worse:
		return "shown worse"
	case !v.Judged():
		return "undecided"
	}
	return b.settles()
}

// judgedRewards names each reward in full, with how it was judged.
func (v view) judgedRewards() string {
	var items []string
	for _, ranking := range v.Choice.Rankings[:min(len(v.Choice.Rankings), mostEntrants)] {
		items = append(items, "- "+escapeMarkdown(rewardInFull(ranking))+": "+mark(ranking.Statistic))
	}
	return strings.Join(items, "\n")
}

// places are the posterior's figures of every reward.
func (v view) places() string {
	entrants, _ := v.entrants()
	if len(entrants) == 0 {
		return ""
	}
	several := len(v.Choice.Rankings) > 1
	var t table
	t.column("reward", "---")
	t.column("version", "---")
	for _, head := range []string{"value", "90 % credible interval", "P(best)", "expected loss"} {
		t.column(head, "--:")
	}
	for k, ranking := range v.Choice.Rankings[:min(len(v.Choice.Rankings), mostEntrants)] {
		for _, e := range entrants {
			f := e.figures[k]
			t.row(escapeMarkdown(rewardName(ranking)), v.named(e.name), firm(f.Value.String()),
				firm(span(trial.Quantity{}, f.Credible)), firm(f.best()), firm(f.loss()))
		}
	}
	text := t.String()
	if several {
		text += "\n\n" + v.dominated()
	}
	return text
}

// dominated says of each version how likely another is better by every reward.
func (v view) dominated() string {
	var items []string
	for i, p := range v.Choice.Dominated[:min(len(v.Choice.Dominated), len(v.Choice.Rankings[0].Places), mostEntrants)] {
		items = append(items, fmt.Sprintf("%s %s", v.named(v.Choice.Rankings[0].Places[i].Version), probability(p)))
	}
	if len(items) == 0 {
		return ""
	}
	return "P(another version is better by every reward): " + strings.Join(items, ", ") + "."
}
