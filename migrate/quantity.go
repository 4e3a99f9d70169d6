package migrate

import (
	"math"
	"strconv"
	"strings"
	"time"
)

// figure is a number as people write it.
func figure(x float64) string { return strconv.FormatFloat(x, 'f', -1, 64) }

// rounded takes off what binary fractions add to a decimal one.
func rounded(x float64) float64 { return math.Round(x*1e9) / 1e9 }

// millis is a latency of so many milliseconds; "" where no objective can be
// about it.
func millis(x float64) string {
	if !(x >= 1e-3) || x > 7*60*1000 {
		return ""
	}
	return figure(rounded(x)) + "ms"
}

// percent is a share; "" where none can be shown by any number of requests.
func percent(x float64) string {
	if !(x > 0 && x < 1) {
		return ""
	}
	return figure(rounded(x*100)) + "%"
}

// perSecond is a rate.
func perSecond(x float64) string { return figure(math.Round(x*1e4)/1e4) + "/s" }

// length is a duration without zeros at its end: 2m, not 2m0s.
func length(d time.Duration) string {
	text := d.String()
	for _, zero := range []string{"m0s", "h0m"} {
		if strings.HasSuffix(text, zero) {
			text = text[:len(text)-2]
		}
	}
	return text
}

// shortest is less than a trial passes in.
const shortest = 30 * time.Second

// lasting sets how long the load lasts. What is too short for a verdict becomes
// a minute, which is the default.
func (d *draft) lasting(tool string, for_ time.Duration, beside ...string) {
	switch {
	case for_ > 24*time.Hour:
		d.load.set("for", bare("24h"), tool+": "+length(for_)+"; a trial has a day at most")
	case for_ < shortest:
		d.load.set("for", bare("1m"), append([]string{tool + ": " + length(for_) + ", too short for a verdict"}, beside...)...)
	default:
		d.load.set("for", bare(length(for_)), beside...)
	}
}

// A trial passes after 120 rounds at the earliest, of 25 requests to each version
// or more (TestDraftsLoadAsTheyStand holds it to that).
const leastRequests = 120 * 25

// lengthen makes a load last until it has enough requests for a verdict.
func (d *draft) lengthen() {
	if d.load.has("stages") || d.load.has("closed") {
		return
	}
	rate, lasts := d.load.text("rate"), d.load.text("for")
	perS, err := strconv.ParseFloat(strings.TrimSuffix(rate, "/s"), 64)
	long, errFor := time.ParseDuration(lasts)
	if lasts == "" {
		long, errFor = time.Minute, nil
	}
	if err != nil || errFor != nil || perS <= 0 {
		return
	}
	enough := clamped(math.Ceil(leastRequests / perS))
	if d.rest.has("metrics") {
		enough = max(enough, leastAsked)
	}
	if long >= enough {
		return
	}
	why := "of the source: " + length(long) + ", too short for a verdict"
	if lasts == "" {
		why = "a verdict takes as long at this rate"
	}
	d.load.set("for", bare(length(min(enough, 24*time.Hour))), why)
}

// text is a scalar of ours.
func (b *block) text(key string) string {
	for _, e := range b.entries {
		if text, ok := e.value.(bare); ok && e.key == key {
			return string(text)
		}
	}
	return ""
}

// rate sets how much is sent. What no trial can send becomes the nearest that
// one can.
func (d *draft) rate(perS float64, beside ...string) {
	if perS < 1.0/3600 || perS > 1e7 {
		beside = append(beside, "of the source: "+figure(perS)+"/s")
	}
	d.load.set("rate", bare(perSecond(min(max(perS, 0.001), 1e7))), beside...)
}

// closed makes the load a closed loop: the source knows no rate.
func (d *draft) closed() {
	d.load.set("closed", bare("true"), "the source sends as fast as answers come; better: rate: 100/s")
}

// endless is the length of a load that the source ends after a number of requests.
func (d *draft) endless(requests float64) {
	d.load.set("for", bare("1m"), "the source sends "+figure(requests)+" requests, however long that takes")
}

// connections sets how many there are.
func (d *draft) connections(n float64, beside ...string) {
	if n < 1 || n > 1000 {
		beside = append(beside, "of the source: "+figure(n))
	}
	d.load.set("connections", bare(figure(min(max(math.Trunc(n), 1), 1000))), beside...)
}
