package summary

import (
	"strings"

	"github.com/seatrial/seatrial/trial"
)

// Replay is a stored trial, as it was judged then and as it is judged now.
type Replay struct {
	Dir       string
	Then, Now trial.Report
}

// Replays is a table over many trials, with how many verdicts changed.
func Replays(replays []Replay, style Style) string {
	dir := column{cells: []string{"evidence"}}
	candidate := column{cells: []string{"candidate"}}
	lasted := column{right: true, cells: []string{"lasted"}}
	then := column{cells: []string{"then"}, color: []string{""}}
	now := column{cells: []string{"now"}, color: []string{""}}
	why := column{cells: []string{"why"}}
	changed := 0
	for _, r := range replays {
		v := newView(r.Now)
		was, is := outcomeOf(r.Then), outcomeOf(r.Now)
		if was.word != is.word {
			changed++
		}
		dir.add(Plain(r.Dir))
		candidate.add(candidatesOf(v))
		lasted.add(duration(r.Now.Measured.Lasted))
		then.add(was.sign + " " + was.word)
		then.color = append(then.color, was.color)
		now.add(is.sign + " " + is.word)
		now.color = append(now.color, is.color)
		why.add(v.claim())
	}
	g := grid{dir, candidate, lasted, then, now, why}
	if style.Width > 0 {
		g[5].narrow(style.Width - (g.width() - g[5].width()))
	}
	return g.text(style) + "\n  " + counted(len(replays), "trial") + ", " + counted(changed, "verdict") + " changed\n"
}

// candidatesOf names who was on trial.
func candidatesOf(v view) string {
	var titles []string
	for _, version := range onTrial(v.Versions) {
		titles = append(titles, v.title(version.Name))
	}
	return clip(strings.Join(titles, ", "), 24)
}

// narrow clips the cells to a width in characters, but not below what can still
// be read.
func (c *column) narrow(width int) {
	const shortest = 16
	for i, cell := range c.cells {
		c.cells[i] = clip(cell, max(width, shortest))
	}
}
