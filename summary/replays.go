package summary

import (
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/seatrial/seatrial/trial"
)

// Replay is a stored trial, as it was judged then and as it is judged now.
type Replay struct {
	Dir       string
	Then, Now trial.Report
}

// Replays is a table over many trials, with how many verdicts changed.
func Replays(replays []Replay, style Style) string {
	changed := 0
	for _, r := range replays {
		if r.changed() {
			changed++
		}
	}
	return replayGrid(replays, style.Width).text(style) +
		"\n  " + counted(len(replays), "trial") + ", " + counted(changed, "verdict") + " changed\n"
}

func (r Replay) changed() bool { return outcomeOf(r.Then).word != outcomeOf(r.Now).word }

// replayGrid has a line for each trial.
func replayGrid(replays []Replay, width int) grid {
	dir := column{cells: []string{"evidence"}}
	candidate := column{cells: []string{"candidate"}}
	lasted := column{right: true, cells: []string{"lasted"}}
	verdict := column{cells: []string{"then → now"}, color: []string{""}}
	why := column{cells: []string{"why"}}
	for _, r := range replays {
		v := newView(r.Now)
		is := outcomeOf(r.Now)
		dir.add(Plain(r.Dir))
		candidate.add(candidatesOf(v))
		lasted.add(duration(r.Now.Measured.Lasted))
		verdict.add(r.course())
		verdict.color = append(verdict.color, is.color)
		why.add(v.claim())
	}
	return fitted(dir, candidate, lasted, verdict, why, width)
}

// course is the verdict, with the one before where that was another.
func (r Replay) course() string {
	was, is := outcomeOf(r.Then), outcomeOf(r.Now)
	if !r.changed() {
		return is.sign + " " + is.word
	}
	return was.sign + " " + was.word + " → " + is.sign + " " + is.word
}

// fitted narrows the table until it fits: first the reasons' ends go, then the
// directories' beginnings, which are mostly the same, the times, and at last
// the reasons.
func fitted(dir, candidate, lasted, verdict, why column, width int) grid {
	const readable = 30 // of a reason, in characters
	g := grid{dir, candidate, lasted, verdict, why}
	over := func() int { return max(g.width()-width, 0) }
	if width <= 0 || over() == 0 {
		return g
	}
	g[4].narrow(max(g[4].width()-over(), readable))
	g[0].narrowLeft(g[0].width() - over())
	if over() > 0 {
		g = grid{g[0], candidate, verdict, why}
		g[3].narrow(max(g[3].width()-over(), shortest))
		g[1].narrow(g[1].width() - over())
	}
	if over() > 0 {
		g = grid{dir, candidate, verdict}
		g[0].narrowLeft(g[0].width() - over())
		g[1].narrow(g[1].width() - over())
	}
	return g
}

// longestCandidate is the most of candidates' names in a table of trials.
const longestCandidate = 24

// candidatesOf names who was on trial.
func candidatesOf(v view) string {
	var titles []string
	for _, version := range onTrial(v.Versions) {
		titles = append(titles, v.title(version.Name))
	}
	return clip(strings.Join(titles, ", "), longestCandidate)
}

// shortest is what can still be read of a cell, in characters.
const shortest = 16

// narrow clips the cells to a width in characters, but not below what can still
// be read.
func (c *column) narrow(width int) { c.narrowBy(width, clip) }

func (c *column) narrowBy(width int, clip func(string, int) string) {
	c.cells = slices.Clone(c.cells)
	for i, cell := range c.cells {
		c.cells[i] = clip(cell, max(width, shortest))
	}
}

// narrowLeft clips them at their beginnings.
func (c *column) narrowLeft(width int) {
	c.cells = slices.Clone(c.cells)
	for i, cell := range c.cells {
		if left := utf8.RuneCountInString(cell) - max(width, shortest); left > 0 {
			c.cells[i] = "…" + string([]rune(cell)[left+1:])
		}
	}
}
