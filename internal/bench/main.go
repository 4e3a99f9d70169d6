// Bench measures seatrial beside its peers on this machine and prints each
// figure as a ratio, or beside what theory says. Its runs are interleaved, so
// that both sides meet the same neighbours. docs/performance.md keeps a copy.
//
//	go run ./internal/bench [-only cpu,memory,stall,equal,slower,edges]
package main

import (
	"flag"
	"fmt"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
)

var measurements = []struct {
	name string
	run  func(lab) error
}{
	{"cpu", cpu},
	{"memory", memory},
	{"stall", stall},
	{"edges", edges},
	{"slower", slower},
	{"equal", equal},
}

func main() {
	log.SetFlags(0)
	only := flag.String("only", "", "names of the measurements to make, with commas between")
	var p peer
	flag.StringVar(&p.url, "peer", "", "run plain fortio against this URL instead; used by bench itself")
	flag.Float64Var(&p.rate, "peer-rate", peerRate, "")
	flag.IntVar(&p.threads, "peer-threads", peerThreads, "")
	flag.DurationVar(&p.duration, "peer-time", peerTime, "")
	flag.BoolVar(&p.even, "peer-even", false, "")
	flag.Parse()
	if p.url != "" {
		p.run()
		return
	}
	if err := bench(*only); err != nil {
		log.Fatal("bench: ", err)
	}
}

func bench(only string) error {
	dir, err := os.MkdirTemp("", "seatrial-bench")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	l := lab{dir: dir, seatrial: filepath.Join(dir, "seatrial")}
	build := exec.Command("go", "build", "-trimpath", "-o", l.seatrial, "./entrypoint")
	build.Stderr = os.Stderr
	if err := build.Run(); err != nil {
		return fmt.Errorf("building seatrial: %w", err)
	}
	fmt.Printf("%s/%s, %d CPUs, %s\n", runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), runtime.Version())
	for _, m := range measurements {
		if only != "" && !slices.Contains(strings.Split(only, ","), m.name) {
			continue
		}
		if err := m.run(l); err != nil {
			return fmt.Errorf("%s: %w", m.name, err)
		}
	}
	return nil
}

// row prints one figure beside what it should be.
func row(what, figure, wanted string) {
	fmt.Printf("%-58s %-28s %s\n", what, figure, wanted)
}
