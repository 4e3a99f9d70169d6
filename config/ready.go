package config

import (
	"time"

	"github.com/seatrial/seatrial/k8s"
	"github.com/seatrial/seatrial/loadgen"
)

// Ready is what must be true before any load is sent: the ready: part of the
// trial file, of which the rooms each do their own.
type Ready struct {
	Within  time.Duration   `yaml:"within"`
	Every   time.Duration   `yaml:"every"`
	URLs    []loadgen.Probe `yaml:"urls"`
	Objects []k8s.Object    `yaml:"objects"`
}

func defaultReady() Ready {
	http := loadgen.DefaultReady()
	return Ready{Within: http.Within, Every: http.Every}
}

// HTTP is the part of it that HTTP can answer.
func (r Ready) HTTP() loadgen.Ready {
	return loadgen.Ready{Within: r.Within, Every: r.Every, URLs: r.URLs}
}

// NeedsCluster reports whether anything in the file is about the cluster.
func (f File) NeedsCluster() bool {
	return len(f.Ready.Objects) > 0 || f.Traffic.Wanted() || len(f.SecretRefs()) > 0
}
