// Bench measures seatrial beside its peers on this machine and prints each
// figure as a ratio, or beside what theory says. Its runs are interleaved, so
// that both sides meet the same neighbours. docs/performance.md keeps a copy.
//
//	internal/bench/peers/install
//	go run ./internal/bench [-only cpu,saturation,stalls]
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
	{"saturation", saturation},
	{"calls", calls},
	{"stalls", stalls},
	{"stalled-calls", stalledCalls},
	{"same", same},
	{"noisy", noisy},
	{"edges", edges},
	{"slower", slower},
	{"equal", equal},
	{"many", many},
}

func main() {
	log.SetFlags(0)
	only := flag.String("only", "", "names of the measurements to make, with commas between")
	generate := flag.String("generate", "", "make evidence of many requests in this directory instead; used by bench itself")
	seed := flag.Uint64("spin", 0, "be a noisy neighbour instead; used by bench itself")
	flag.Parse()
	if *seed != 0 {
		spin(*seed)
	}
	if *generate != "" {
		if err := generated(*generate); err != nil {
			log.Fatal("bench: ", err)
		}
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
	build := exec.Command("go", "build", "-trimpath", "-tags", "grpcnotrace", "-o", l.seatrial, "./entrypoint")
	build.Stderr = os.Stderr
	if err := build.Run(); err != nil {
		return fmt.Errorf("building seatrial: %w", err)
	}
	fmt.Printf("%s/%s, %d CPUs, %s\n", runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), runtime.Version())
	for _, m := range measurements {
		if only != "" && !slices.Contains(strings.Split(only, ","), m.name) {
			continue
		}
		fmt.Printf("-- %s, load average %s\n", m.name, busy())
		if err := m.run(l); err != nil {
			return fmt.Errorf("%s: %w", m.name, err)
		}
	}
	return nil
}

// busy is the load average of the last minute: who else is at work here.
func busy() string {
	text, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return "unknown"
	}
	minute, _, _ := strings.Cut(string(text), " ")
	return minute
}

// row prints one figure beside what it should be.
func row(what, figure, wanted string) {
	fmt.Printf("%-58s %-28s %s\n", what, figure, wanted)
}
