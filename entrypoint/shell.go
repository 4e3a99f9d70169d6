package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"syscall"
	"time"

	"github.com/seatrial/seatrial/summary"
)

// shell runs command lines. Each has a process group of its own: what a
// command started ends with it.
type shell struct {
	environ []string
	grace   time.Duration // from SIGTERM to SIGKILL at a command's own limit
	hurry   time.Duration // and when the step itself is to end
}

// drainWithin is how long the output of a command that ended may still come:
// a process that left its group can hold it open for ever.
const drainWithin = time.Second

// errTooLong is why a command was stopped that no signal stopped.
var errTooLong = errors.New("it took too long")

// run returns the exit code of a command line, -1 where it has none, and why
// it failed. It stops at the first command in it that fails.
func (s shell) run(ctx context.Context, script string, limit time.Duration, out io.Writer) (int, error) {
	limited, stop := context.WithTimeoutCause(ctx, limit, errTooLong)
	defer stop()
	ended, end := context.WithCancel(context.Background())
	defer end()
	c := exec.CommandContext(limited, "sh", "-e", "-c", script)
	c.Env = s.environ
	c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	kill := func() { _ = syscall.Kill(-c.Process.Pid, syscall.SIGKILL) }
	c.Cancel = func() error {
		last := time.AfterFunc(s.patience(limited), kill)
		context.AfterFunc(ended, func() { last.Stop() })
		return syscall.Kill(-c.Process.Pid, syscall.SIGTERM)
	}
	drained, err := startInto(c, out)
	if err != nil {
		return -1, why(limited, limit, err)
	}
	err = c.Wait()
	if limited.Err() != nil {
		// The shell ends at once; what it waited for may have to clean up.
		untilGone(c.Process.Pid, s.patience(limited))
	}
	end()
	kill()
	drained()
	if err != nil {
		return c.ProcessState.ExitCode(), why(limited, limit, err)
	}
	return 0, nil
}

// patience is how long what is told to end may take.
func (s shell) patience(ctx context.Context) time.Duration {
	if errors.Is(context.Cause(ctx), errTooLong) {
		return s.grace
	}
	return s.hurry
}

// untilGone waits until a process group is empty, or for as long as is given.
func untilGone(group int, most time.Duration) {
	enough, stop := context.WithTimeout(context.Background(), most)
	defer stop()
	for again := time.Tick(10 * time.Millisecond); syscall.Kill(-group, 0) == nil; {
		select {
		case <-again:
		case <-enough.Done():
			return
		}
	}
}

// startInto starts a command whose output, of both kinds, goes to out.
func startInto(c *exec.Cmd, out io.Writer) (drained func(), err error) {
	// A pipe of our own: Wait would wait for the one that exec makes until
	// everything that the command left behind has closed it.
	from, into, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	c.Stdout, c.Stderr = into, into
	err = c.Start()
	into.Close()
	if err != nil {
		from.Close()
		return nil, err
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_, _ = io.Copy(out, from)
	}()
	return func() {
		defer from.Close()
		_ = from.SetReadDeadline(time.Now().Add(drainWithin))
		<-done
	}, nil
}

// why says what became of a command that failed.
func why(ctx context.Context, limit time.Duration, err error) error {
	var exit *exec.ExitError
	switch cause := context.Cause(ctx); {
	case errors.Is(cause, errTooLong):
		return fmt.Errorf("it did not end within %s", limit)
	case cause != nil:
		return fmt.Errorf("stopped: %w", cause)
	case !errors.As(err, &exit):
		return err
	case exit.ExitCode() >= 0:
		return fmt.Errorf("exit code %d", exit.ExitCode())
	}
	return errors.New("ended by a signal: " + exit.Sys().(syscall.WaitStatus).Signal().String())
}

// Bounds of what a command says.
const (
	longestLine = 4 << 10  // of a line, its beginning is looked at
	mostShown   = 64 << 10 // of the output in the log
	mostKept    = 64 << 10 // of the end of the output
)

// output makes lines of what a command writes. It shows the first and keeps
// the last of them.
type output struct {
	clean func(line string, cut bool) string
	show  func(line string) // nil for nobody

	line  rawLine // that is being written
	last  []rawLine
	size  int // of last
	shown int
	more  int // lines that were not shown
}

// rawLine is what a command wrote, and may hold anything.
type rawLine struct {
	text []byte
	cut  bool // its end is missing
}

func (o *output) Write(p []byte) (int, error) {
	n := len(p)
	for {
		part, rest, ended := bytes.Cut(p, []byte{'\n'})
		room := longestLine - len(o.line.text)
		o.line.cut = o.line.cut || len(part) > room
		o.line.text = append(o.line.text, part[:min(len(part), room)]...)
		if !ended {
			return n, nil
		}
		o.endLine()
		p = rest
	}
}

func (o *output) endLine() {
	line := o.line
	o.line = rawLine{}
	o.last = append(o.last, line)
	o.size += len(line.text) + 1
	for o.size > mostKept {
		o.size -= len(o.last[0].text) + 1
		o.last = o.last[1:]
	}
	switch {
	case o.show == nil:
	case o.shown > mostShown:
		o.more++
	default:
		o.shown += len(line.text) + 1
		o.show(o.clean(string(line.text), line.cut))
	}
}

// close ends the last line and tells what was not shown.
func (o *output) close() {
	if len(o.line.text) > 0 {
		o.endLine()
	}
	if o.more == 0 {
		return
	}
	const most = 20
	o.show(fmt.Sprintf("… %d more lines; the last of them:", o.more))
	for _, line := range o.tail(min(most, o.more)) {
		o.show(line)
	}
}

// tail is the last lines that say something, at most so many.
func (o *output) tail(most int) []string {
	var lines []string
	for i := len(o.last) - 1; i >= 0 && len(lines) < most; i-- {
		if line := o.clean(string(o.last[i].text), o.last[i].cut); line != "" {
			lines = append([]string{line}, lines...)
		}
	}
	return lines
}

// cleaned shows a line that anybody may have written, without what is secret.
func cleaned(hide func(text string, cut bool) string) func(line string, cut bool) string {
	return func(line string, cut bool) string { return summary.Plain(hide(line, cut)) }
}
