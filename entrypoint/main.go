// Seatrial gives every release its trial before it ships: one pipeline step
// that measures a candidate beside its baseline and says pass, fail or
// inconclusive.
package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"golang.org/x/term"

	"github.com/seatrial/seatrial/config"
	"github.com/seatrial/seatrial/k8s"
	"github.com/seatrial/seatrial/runner"
	"github.com/seatrial/seatrial/summary"
)

// version is set by the linker.
var version = "dev"

func main() { os.Exit(start()) }

func start() (code int) {
	if err := handOver(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "seatrial:", err)
		return exitInternal
	}
	p := process{
		args: os.Args[1:], environ: os.Environ(), stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr,
		now: time.Now, random: rand.Reader, readFile: os.ReadFile,
		color: term.IsTerminal(int(os.Stdout.Fd())) && os.Getenv("NO_COLOR") == "",
		live:  term.IsTerminal(int(os.Stderr.Fd())),
		width: width(os.Stdout), liveWidth: width(os.Stderr),
		network: here(), openRoute: clusterRoute,
	}
	defer func() {
		if fault := recover(); fault != nil {
			fmt.Fprintf(os.Stderr, "seatrial: internal error: %v\nThis is a defect of seatrial, not of what it tried; please report it.\n", fault)
			code = exitInternal
		}
	}()
	outliveReaders()
	ctx, stop := untilSignal()
	defer stop()
	return p.main(ctx)
}

// process is what the commands know of the world outside.
type process struct {
	args     []string
	environ  []string
	stdin    io.Reader
	stdout   io.Writer
	stderr   io.Writer
	now      func() time.Time
	random   io.Reader
	readFile func(string) ([]byte, error)
	color    bool // of what goes to stdout
	live     bool // stderr is a terminal
	width    int  // of stdout

	liveWidth int // of stderr

	network   surroundings
	openRoute func(process, config.File, *k8s.Cluster) (runner.Route, error)
}

func (p process) getenv(name string) string {
	for _, entry := range slices.Backward(p.environ) {
		if value, found := strings.CutPrefix(entry, name+"="); found {
			return value
		}
	}
	return ""
}

// tell says what is wrong. It quotes what was given, which may be anybody's.
func (p process) tell(about ...any) {
	for line := range strings.Lines(fmt.Sprintln(about...)) {
		fmt.Fprintln(p.stderr, summary.Plain(line))
	}
}

// width is a terminal's, and a generous one for what is none.
func width(f *os.File) int {
	if columns, _, err := term.GetSize(int(f.Fd())); err == nil {
		return columns
	}
	return 120
}

// signalled is why a trial was cancelled.
type signalled struct{ syscall.Signal }

func (s signalled) Error() string { return "received " + s.Signal.String() }

// untilSignal ends the context at the first SIGINT or SIGTERM; a second one
// ends the process as if nothing had caught it.
func untilSignal() (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(context.Background())
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM)
	go func() {
		select {
		case s := <-signals:
			signal.Stop(signals)
			cancel(signalled{s.(syscall.Signal)})
		case <-ctx.Done():
		}
	}()
	return ctx, func() { signal.Stop(signals); cancel(nil) }
}

// outliveReaders lets a write to a log that nobody reads any more fail, which
// changes nothing, where SIGPIPE would end the process: in the middle of a trial,
// with a route that was moved. Were the signal ignored, commands would be without
// it as well.
func outliveReaders() { signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE) }

// handOver becomes the shell that a pipeline asked the image for: GitLab
// starts the entrypoint with "sh -c …" and expects a shell.
func handOver(args []string) error {
	if len(args) == 0 || !slices.Contains([]string{"sh", "bash"}, filepath.Base(args[0])) {
		return nil
	}
	shell, err := exec.LookPath(args[0])
	if err != nil {
		return fmt.Errorf("handing over to %s: %w", args[0], err)
	}
	return syscall.Exec(shell, args, os.Environ())
}
