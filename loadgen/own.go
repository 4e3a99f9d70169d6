package loadgen

import (
	"runtime"
	"syscall"
	"time"
)

// mostOfCPU is the part of the machine's CPUs that a load may need before
// waiting for a connection is taken for the generator's own fault.
const mostOfCPU = 0.8

// overloaded reports that keeping the rate would need more CPU time than this
// process can get: the cost of a request so far, times the requests a second
// of all versions, steps of sequences among them. Then a full set of workers says nothing of the versions.
func (r *run) overloaded() bool {
	sent := r.sent.Load()
	if sent == 0 {
		return false
	}
	cost := (cpuTime() - r.spent).Seconds() / float64(sent)
	wanted := cost * r.schedule.pace.rate(time.Since(r.began).Seconds()) * float64(r.schedule.versions) * r.perTurn
	return wanted > mostOfCPU*float64(runtime.GOMAXPROCS(0))
}

// cpuTime is the CPU time that this process has used.
func cpuTime() time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		return 0
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
