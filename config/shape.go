package config

import (
	"fmt"
	"time"

	"github.com/seatrial/seatrial/loadgen"
)

// shaped makes the length of the load that of its stages.
func shaped(l *ledger, file *File) {
	stages := file.Load.Stages
	if len(stages) == 0 {
		return
	}
	all := loadgen.Lasting(stages)
	if _, given := l.places["load.for"]; given && file.Load.For != all {
		l.doubt("load.for", "%s, and load.stages last %s: leave it out, each stage has its own", durationText(file.Load.For), durationText(all))
	}
	file.Load.For = all
}

// shape checks how the rate goes.
func (c checker) shape() {
	o := c.file.Load
	for i, s := range o.Stages {
		path := fmt.Sprintf("load.stages[%d]", i)
		switch {
		case s.Rate == nil && s.To == nil:
			c.doubt(path, "neither rate nor to: say which rate holds, or which is reached in a straight line, as in {to: 200/s, for: 30s}")
		case s.Rate != nil && s.To != nil:
			c.doubt(join(path, "to"), "given beside rate: a rate holds from the beginning of the stage, to is reached at its end")
		}
		for key, r := range map[string]*loadgen.Rate{"rate": s.Rate, "to": s.To} {
			if r != nil {
				c.leastRate(join(path, key), *r)
			}
		}
		c.between(join(path, "for"), s.For, 100*time.Millisecond, 24*time.Hour)
	}
	if !o.Closed {
		return
	}
	for _, key := range []string{"load.rate", "load.stages"} {
		if _, given := c.places[key]; given {
			c.doubt(key, "given with load.closed: a closed loop has no rate; each connection sends when it has its answer")
		}
	}
	if o.Identify != nil {
		c.doubt("load.closed", "given with load.identify: behind one address, a version that stalls would hold the connections of all")
	}
}

func (c checker) leastRate(path string, r loadgen.Rate) {
	if text, _ := r.MarshalText(); r.PerSecond < leastRate {
		c.doubt(path, "%s is less than a request an hour to each version", text)
	}
}
