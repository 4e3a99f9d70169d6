package main

import (
	"bytes"
	"cmp"
	"image/color"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	canvas "gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgsvg"
)

// Sizes in points.
const (
	chartWidth, chartHeight = 800, 440
	chartMargin             = 14
	namesWidth              = 175 // right of the lines
	lineHeight              = 15

	bold = 3 // golang.org/x/image/font.WeightBold
)

var (
	ink   = color.Gray{Y: 0x24}
	muted = color.Gray{Y: 0x70}
	faint = color.Gray{Y: 0xe4}

	// Seatrial is blue; the others can be told apart by people who see few
	// colours (Okabe & Ito 2008), darkened where they would be thin on white.
	ownColours = []color.Color{rgb(0x003f88), rgb(0x0072b2)}
	colours    = []color.Color{rgb(0xd55e00), rgb(0xa87b00), rgb(0x008a66), rgb(0xb8508f), rgb(0x4a9fd0), rgb(0x6b6b6b), rgb(0x7a4a21)}
)

func rgb(hex uint32) color.Color {
	return color.RGBA{R: uint8(hex >> 16), G: uint8(hex >> 8), B: uint8(hex), A: 0xff}
}

// svg draws the chart on white, so that it can be read on any page. The same
// chart gives the same bytes.
func (c *chart) svg() ([]byte, error) {
	p := plot.New()
	c.x.apply(&p.X)
	c.y.apply(&p.Y)

	grid := plotter.NewGrid()
	grid.Vertical.Color, grid.Horizontal.Color = faint, faint
	p.Add(grid, heading{c}, level{c})
	var paints []color.Color
	own := 0
	for _, l := range c.lines {
		style := canvas.LineStyle{Width: 1.4}
		if l.own {
			style.Color, style.Width = ownColours[own%len(ownColours)], 3
			own++
		} else {
			style.Color = colours[l.colour%len(colours)]
		}
		if err := l.add(p, style); err != nil {
			return nil, err
		}
		paints = append(paints, style.Color)
	}
	p.Add(nameColumn{c, paints})
	// Adding widens the axes to the data.
	p.X.Min, p.X.Max, p.Y.Min, p.Y.Max = c.x.low, c.x.high, c.y.low, c.y.high
	return render(p)
}

func (a axis) apply(to *plot.Axis) {
	to.Label.Text = a.label
	to.Label.TextStyle.Font, to.Label.TextStyle.Color = sans(muted, 11).Font, muted
	to.Tick.Label.Font, to.Tick.Label.Color = sans(ink, 11).Font, ink
	to.Color, to.Tick.Color = muted, muted
	to.Padding = 0
	if a.log {
		to.Scale = plot.LogScale{}
	}
	var ticks plot.ConstantTicks
	for _, t := range a.ticks {
		ticks = append(ticks, plot.Tick{Value: t.at, Label: t.label})
	}
	to.Tick.Marker = ticks
}

func sans(c color.Color, size vg.Length) text.Style {
	style := text.Style{Color: c, Handler: plot.DefaultTextHandler, YAlign: text.YCenter}
	style.Font = plot.DefaultFont
	style.Font.Variant, style.Font.Size = "Sans", size
	return style
}

func (l curve) add(p *plot.Plot, style canvas.LineStyle) error {
	var at plotter.XYs
	for _, q := range l.points {
		at = append(at, plotter.XY{X: q.x, Y: q.y})
	}
	line, err := plotter.NewLine(at)
	if err != nil {
		return err
	}
	line.LineStyle = style
	if l.steps {
		line.StepStyle = plotter.PostStep
	}
	p.Add(line, marked{l.points, style})
	return nil
}

// marked draws the marks of a line's points.
type marked struct {
	points []point
	style  canvas.LineStyle
}

func (m marked) Plot(c canvas.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	glyph := func(shape canvas.GlyphDrawer, colour color.Color, radius vg.Length, at vg.Point) {
		c.DrawGlyphNoClip(canvas.GlyphStyle{Color: colour, Radius: radius, Shape: shape}, at)
	}
	radius := 2.4 + m.style.Width/2
	for _, q := range m.points {
		at := vg.Point{X: x(q.x), Y: y(q.y)}
		switch q.mark {
		case full:
			glyph(canvas.CircleGlyph{}, m.style.Color, radius, at)
		case hollow:
			glyph(canvas.CircleGlyph{}, color.White, radius, at)
			glyph(canvas.RingGlyph{}, m.style.Color, radius, at)
		case cross:
			glyph(canvas.CrossGlyph{}, m.style.Color, radius+1, at)
		}
	}
}

// level is the chart's limit, with its caption.
type level struct{ *chart }

func (l level) Plot(c canvas.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	style := canvas.LineStyle{Color: muted, Width: 1, Dashes: []vg.Length{4, 3}}
	if l.limitOnX {
		c.StrokeLine2(style, x(l.limit), c.Min.Y, x(l.limit), c.Max.Y)
		c.FillText(sans(muted, 10), vg.Point{X: x(l.limit) + 4, Y: c.Min.Y + lineHeight/2}, l.limitCaption)
	} else {
		c.StrokeLine2(style, c.Min.X, y(l.limit), c.Max.X, y(l.limit))
	}
}

// heading is the title and the note below it.
type heading struct{ *chart }

func (h heading) Plot(c canvas.Canvas, _ *plot.Plot) {
	title := sans(ink, 14)
	title.Font.Weight = bold
	c.FillText(title, vg.Point{X: c.Min.X, Y: c.Max.Y + 2.6*lineHeight}, h.title)
	c.FillText(sans(muted, 11), vg.Point{X: c.Min.X, Y: c.Max.Y + 1.3*lineHeight}, h.note)
}

// nameColumn writes each line's name right of its end, as near as the others
// leave room, and leads to it.
type nameColumn struct {
	*chart
	paints []color.Color // of the lines
}

func (n nameColumn) Plot(c canvas.Canvas, p *plot.Plot) {
	_, y := p.Transforms(&c)
	ends := make([]float64, len(n.lines))
	for i, l := range n.lines {
		ends[i] = float64(y(l.points[len(l.points)-1].y))
	}
	for i, place := range apart(ends, lineHeight, float64(c.Min.Y)-lineHeight/2) {
		at := vg.Length(place)
		c.StrokeLine2(canvas.LineStyle{Color: n.paints[i], Width: 0.6}, c.Max.X+5, vg.Length(ends[i]), c.Max.X+16, at)
		style := sans(n.paints[i], 11)
		if n.lines[i].own {
			style.Font.Weight = bold
		}
		c.FillText(style, vg.Point{X: c.Max.X + 20, Y: at + 1}, n.lines[i].name)
	}
}

// apart moves places up until they are so far from each other, in their order,
// and none is below the floor. Of two at the same place the later stays lower.
func apart(places []float64, distance, floor float64) []float64 {
	order := make([]int, len(places))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(i, j int) int { return cmp.Or(cmp.Compare(places[i], places[j]), cmp.Compare(j, i)) })
	moved := slices.Clone(places)
	for k, i := range order {
		if k > 0 {
			floor = moved[order[k-1]] + distance
		}
		moved[i] = max(moved[i], floor)
	}
	return moved
}

// render writes the plot on white, with room for the names at its right.
func render(p *plot.Plot) ([]byte, error) {
	out := vgsvg.New(chartWidth, chartHeight)
	page := canvas.New(out)
	page.FillPolygon(color.White, []vg.Point{{}, {X: chartWidth}, {X: chartWidth, Y: chartHeight}, {Y: chartHeight}})
	p.Draw(canvas.Crop(page, chartMargin, -chartMargin-namesWidth, chartMargin, -chartMargin-3*lineHeight))
	var b bytes.Buffer
	if _, err := out.WriteTo(&b); err != nil {
		return nil, err
	}
	// Machines without the Liberation fonts have others of the same widths.
	fonts := []byte("font-family:Liberation Sans,Arial,Helvetica,sans-serif")
	return bytes.ReplaceAll(b.Bytes(), []byte("font-family:Liberation Sans"), fonts), nil
}
