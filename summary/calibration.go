package summary

import (
	"fmt"
	"strings"

	"github.com/seatrial/seatrial/trial"
)

// Calibration is a calibration as it stands in a terminal or a log.
func Calibration(c trial.Calibration, style Style) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s to each of two equal versions for %s · %s each · %s\n\n", style.paint("1", "CALIBRATION"),
		trial.Quantity{Value: c.Rate, Unit: trial.PerSecond}, seconds(c.Seconds), counted(c.Connections, "connection"), counted(c.CPUs, "CPU"))
	b.WriteString(sending(c).text(style) + "\n")
	b.WriteString(discerning(c).text(style) + "\n")
	for _, s := range calibrated(c) {
		b.WriteString(wrap(s.label+": ", s.text, style.Width))
	}
	return b.String()
}

// sending is the table of the generator.
func sending(c trial.Calibration) grid {
	service := column{cells: []string{"service takes"}}
	sent := column{right: true, cells: []string{"sent"}}
	late := column{right: true, cells: []string{"late"}}
	unsent := column{right: true, cells: []string{"unsent"}}
	failed := column{right: true, cells: []string{"failed"}}
	behind := column{right: true, cells: []string{"behind plan: p50, p99, worst"}}
	cpu := column{right: true, cells: []string{"CPU a request"}}
	most := column{right: true, cells: []string{"enough for"}}
	for _, s := range c.Services {
		service.add(s.Takes.String())
		sent.add(grouped(s.Sent) + " of " + grouped(s.Planned))
		late.add(grouped(s.Late))
		unsent.add(grouped(s.Unsent))
		failed.add(grouped(s.Failed))
		behind.add(fmt.Sprintf("%s, %s, %s", s.Behind.Median, s.Behind.P99, s.Behind.Worst))
		cpu.add(s.CPU.String())
		most.add(s.Most.String())
	}
	return grid{service, sent, late, unsent, failed, behind, cpu, most}
}

// discerning is the table of the statistics.
func discerning(c trial.Calibration) grid {
	service := column{cells: []string{"service takes"}}
	statistic := column{cells: []string{"latency"}}
	server := column{right: true, cells: []string{"by its own clock"}}
	client := column{right: true, cells: []string{"measured"}}
	bias := column{right: true, cells: []string{"bias"}}
	apart := column{right: true, cells: []string{"equal versions apart"}}
	floor := column{right: true, cells: []string{"can't be told below"}}
	for _, s := range c.Services {
		for i, d := range s.Statistics {
			takes := ""
			if i == 0 {
				takes = s.Takes.String()
			}
			service.add(takes)
			statistic.add(d.Statistic)
			server.add(d.Server.String())
			client.add(d.Client.String())
			bias.add(d.Bias.String())
			apart.add(d.Apart.String())
			floor.add(share(d.Floor))
		}
	}
	return grid{service, statistic, server, client, bias, apart, floor}
}

// share is a relative change without its sign.
func share(q trial.Quantity) string {
	if !q.Known() {
		return "?"
	}
	return strings.TrimPrefix(q.String(), "+")
}

func calibrated(c trial.Calibration) []saying {
	var out []saying
	for _, s := range c.Services {
		if text := told(s); text != "" {
			out = append(out, saying{"Service that takes " + s.Takes.String(), "differences under " + text + " cannot be told apart here in " + seconds(c.Seconds)})
		}
	}
	return append(out,
		saying{"How to read it", "bias is what the way there and back, and waking up, add to the service's own time; it is the same for both versions, so that it " +
			"cancels in a comparison with a baseline and counts against a fixed limit. A difference that can't be told is one that two equal versions show by " +
			"chance in one trial of twenty. Enough for is the rate to each version at which the generator alone would need four fifths of the CPUs."})
}

// told is the floors of a service, in words.
func told(s trial.Calibrated) string {
	var known []string
	for _, d := range s.Statistics {
		if d.Floor.Known() {
			known = append(known, share(d.Floor)+" at "+d.Statistic)
		}
	}
	return strings.Join(known, ", ")
}
