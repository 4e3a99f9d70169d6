package main

// chart is a plot of lines, without saying how it is drawn.
type chart struct {
	file         string // beside the report
	alt          string
	title        string
	x, y         axis
	lines        []curve // the later, the further in front
	limit        float64 // a level of y worth a line of its own
	limitOnX     bool    // it is one of x
	limitCaption string  // there alone
	note         string  // below the title
}

type axis struct {
	label     string
	low, high float64
	log       bool
	ticks     []tick
}

type tick struct {
	at    float64
	label string
}

// curve is one line of a chart; its label stands at its end.
type curve struct {
	name   string
	own    bool // Seatrial's
	colour int  // of the others, a number
	steps  bool // flat between its points
	points []point
}

type point struct {
	x, y float64
	mark mark
}

// mark is how a point is shown.
type mark int

const (
	none mark = iota
	full
	hollow
	cross
)
