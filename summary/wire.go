package summary

import (
	"fmt"
	"strings"

	"github.com/seatrial/seatrial/trial"
)

// timed are the versions whose phases are known, the first few of them.
func (v view) timed() []trial.Totals {
	var out []trial.Totals
	for _, t := range v.Totals {
		if t.Phases != nil && len(out) < fewest {
			out = append(out, t)
		}
	}
	return out
}

// wireLine is how many connections each version was sent requests over, and how
// soon its answers began.
func (v view) wireLine() string {
	var texts []string
	for _, t := range v.timed() {
		p := t.Phases
		text := v.title(t.Version) + ": " + grouped(p.Connections)
		if p.Connect.Known() {
			text += " (" + p.Connect.String() + " to connect"
			if p.TLS.Known() {
				text += ", TLS " + p.TLS.String()
			}
			text += ")"
		}
		texts = append(texts, fmt.Sprintf("%s, first byte p50 %s, p95 %s", text, p.FirstByteP50, p.FirstByteP95))
	}
	return strings.Join(texts, " · ")
}

// wireTable is the same for those who have room.
func (v view) wireTable() string {
	timed := v.timed()
	if len(timed) == 0 {
		return ""
	}
	var t table
	t.column("version", "---")
	for _, head := range []string{"connections made", "to connect, median", "TLS handshake, median", "first byte, p50", "first byte, p95"} {
		t.column(head, "--:")
	}
	for _, version := range timed {
		p := version.Phases
		t.row(code(v.title(version.Version)), grouped(p.Connections),
			firm(p.Connect.String()), firm(p.TLS.String()), firm(p.FirstByteP50.String()), firm(p.FirstByteP95.String()))
	}
	return t.String()
}
