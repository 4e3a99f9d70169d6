package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/seatrial/seatrial/trial"
)

// sh runs a command line with what commands need, and gives its output.
func sh(t *testing.T, ctx context.Context, script string, limit time.Duration) (int, error, string) {
	t.Helper()
	var out bytes.Buffer
	code, err := shell{environ: []string{"PATH=" + os.Getenv("PATH")}, grace: time.Second, hurry: 100 * time.Millisecond}.run(ctx, script, limit, &out)
	return code, err, out.String()
}

func TestACommandEndsAsItSays(t *testing.T) {
	for script, want := range map[string]struct {
		code    int
		trouble string
		said    string
	}{
		"echo a; echo b >&2":       {0, "", "a\nb\n"},
		"echo a; exit 3":           {3, "exit code 3", "a\n"},
		"false; echo goes on":      {1, "exit code 1", ""},
		"kill -9 $$":               {-1, "ended by a signal: killed", ""},
		"no-such-program-anywhere": {127, "exit code 127", "no-such-program-anywhere"},
		"read line; echo never":    {1, "exit code 1", ""}, // nothing to read, and nothing to wait for
	} {
		code, err, said := sh(t, t.Context(), script, time.Minute)
		if trouble := fmt.Sprint(err); code != want.code || (err != nil || want.trouble != "") && trouble != want.trouble || !strings.Contains(said, want.said) {
			t.Errorf("%s: %d, %v, %q", script, code, err, said)
		}
	}
}

// gone waits until a process is no more; a zombie is none.
func gone(t *testing.T, pid string) {
	t.Helper()
	for deadline := time.Now().Add(5 * time.Second); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		stat, err := os.ReadFile("/proc/" + strings.TrimSpace(pid) + "/stat")
		if err != nil || bytes.Contains(stat, []byte(") Z ")) {
			return
		}
	}
	t.Errorf("process %s still runs", pid)
	if n, err := strconv.Atoi(strings.TrimSpace(pid)); err == nil {
		_ = syscall.Kill(n, syscall.SIGKILL)
	}
}

func TestALimitEndsWhatACommandStarted(t *testing.T) {
	for name, script := range map[string]string{
		"that obeys":            "sh -c 'echo $$; sleep 100' & wait",
		"that ignores SIGTERM":  "trap '' TERM; sh -c 'trap \"\" TERM; echo $$; while :; do sleep 1; done'",
		"whose shell has ended": "trap 'exit 0' TERM; sh -c 'trap \"\" TERM; echo $$; while :; do sleep 1; done' & wait",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			began := time.Now()
			_, err, said := sh(t, t.Context(), script, 300*time.Millisecond)
			if err == nil || err.Error() != "it did not end within 300ms" || time.Since(began) > 5*time.Second {
				t.Errorf("%v after %s", err, time.Since(began))
			}
			gone(t, said)
		})
	}
}

// helm marks a release that it was kept from finishing; killed, it leaves a lock.
func TestWhatTheShellWaitedForMayCleanUp(t *testing.T) {
	const tidy = `sh -c 'trap "sleep 0.2; echo cleaned up; exit" TERM; echo ready; while :; do sleep 0.05; done'; true`
	_, err, said := sh(t, t.Context(), tidy, 500*time.Millisecond)
	if err == nil || !strings.HasSuffix(said, "cleaned up\n") {
		t.Errorf("%v, %q", err, said)
	}
}

func TestWhatACommandLeavesBehindEndsWithIt(t *testing.T) {
	code, err, said := sh(t, t.Context(), "sh -c 'echo $$; exec sleep 100' & sleep 0.2", time.Minute)
	if code != 0 || err != nil {
		t.Errorf("%d, %v", code, err)
	}
	gone(t, said)
}

// A process that leaves the group keeps the output open; nobody waits for it.
func TestAProcessThatLeavesItsGroupHoldsNothingUp(t *testing.T) {
	t.Parallel()
	began := time.Now()
	code, err, said := sh(t, t.Context(), "setsid sh -c 'echo $$; exec sleep 100' & sleep 0.3", time.Minute)
	if code != 0 || err != nil || time.Since(began) > 10*time.Second {
		t.Errorf("%d, %v after %s", code, err, time.Since(began))
	}
	if pid, err := strconv.Atoi(strings.TrimSpace(said)); err == nil {
		_ = syscall.Kill(pid, syscall.SIGKILL)
	}
}

func TestACancelledCommandIsStoppedOrNeverBegun(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	marker := filepath.Join(t.TempDir(), "ready")
	go func() {
		for _, err := os.Stat(marker); err != nil; _, err = os.Stat(marker) {
			time.Sleep(time.Millisecond)
		}
		cancel(signalled{syscall.SIGINT})
	}()
	if _, err, _ := sh(t, ctx, "touch "+marker+"; sleep 100", time.Minute); fmt.Sprint(err) != "stopped: received interrupt" {
		t.Error(err)
	}
	if _, err, said := sh(t, ctx, "echo begun", time.Minute); fmt.Sprint(err) != "stopped: received interrupt" || said != "" {
		t.Error(err, said)
	}
}

// hideless shows lines as they are.
func hideless(line string, _ bool) string { return line }

func TestOutputWithoutEndTakesNoMemoryAndNoLog(t *testing.T) {
	var shown int
	out := &output{clean: hideless, show: func(line string) { shown += len(line) + 1 }}
	code, err := shell{environ: os.Environ(), grace: time.Second, hurry: time.Second}.run(t.Context(), "yes 0123456789 | head -c 100000000; echo; head -c 3000000 /dev/zero | tr '\\0' x; echo the end", time.Minute, out)
	out.close()
	if code != 0 || err != nil {
		t.Fatal(code, err)
	}
	kept := 0
	for _, line := range out.last {
		kept += len(line.text)
	}
	if shown > 2*mostShown || shown < mostShown || kept > mostKept || kept < mostKept/2 {
		t.Errorf("%d bytes shown, %d kept", shown, kept)
	}
	// The last line has no end of its own: it is 3 MB of x and what follows.
	if tail := out.tail(3); len(tail) != 3 || tail[0] != "0123456789" || len(tail[2]) != longestLine {
		t.Errorf("the end is %.50q", tail)
	}
}

func TestTheBeginningIsShownAndTheEndIsKept(t *testing.T) {
	var shown []string
	out := &output{clean: hideless, show: func(line string) { shown = append(shown, line) }}
	lines := 3 * mostShown / 100
	for i := range lines {
		fmt.Fprintf(out, "%0*d\n", 99, i)
	}
	_, _ = out.Write([]byte("no newline"))
	out.close()
	if first := fmt.Sprintf("%0*d", 99, 0); shown[0] != first {
		t.Error("first", shown[0])
	}
	if shown[len(shown)-1] != "no newline" || !strings.HasPrefix(shown[len(shown)-21], "… ") {
		t.Error("last", shown[len(shown)-21:])
	}
	if left := fmt.Sprintf("… %d more lines; the last of them:", lines+1-(len(shown)-21)); shown[len(shown)-21] != left {
		t.Errorf("%q, want %q", shown[len(shown)-21], left)
	}
}

func TestWhatACommandSaysIsCleaned(t *testing.T) {
	const secret = "s3cr3t-token/with+signs"
	var shown []string
	clean := cleaned(trial.NewHider(byLine([]string{secret, "first line of a key\n}\nsecond line of a key\n"})).Hide)
	out := &output{clean: clean, show: func(line string) { shown = append(shown, line) }}
	fmt.Fprintf(out, "token %s\n::set-output name=a::b\n\x1b[31mred\r\n%s%s\nsecond line of a key\n}\n",
		secret, strings.Repeat("x", longestLine-8), secret)
	want := []string{"token ***", ": : set-output name=a: :b", "red", "", "***", "}"}
	if len(shown) != len(want) {
		t.Fatalf("%q", shown)
	}
	for i, line := range shown {
		if i != 3 && line != want[i] && !(i == 1 && strings.HasPrefix(line, ": : set-output")) {
			t.Errorf("%q, want %q", line, want[i])
		}
	}
	for _, line := range append(shown, out.tail(20)...) {
		if strings.Contains(line, "s3cr3t") || strings.ContainsAny(line, "\x1b\r") {
			t.Errorf("%q is shown", line)
		}
	}
	if cut := clean(strings.Repeat("x", 20)+secret[:8], true); strings.Contains(cut, "s3cr") {
		t.Errorf("the beginning of a secret is shown: %s", cut)
	}
}

func TestAContextOutlastsAnotherByAWhile(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	lasting, stop := outlasting(ctx, 50*time.Millisecond)
	defer stop()
	cancel(signalled{syscall.SIGTERM})
	if lasting.Err() != nil {
		t.Error("it ended with the other")
	}
	<-lasting.Done()
	if cause := context.Cause(lasting); !errors.Is(cause, signalled{syscall.SIGTERM}) {
		t.Error(cause)
	}
	quiet, done := outlasting(t.Context(), time.Hour)
	done()
	if quiet.Err() == nil {
		t.Error("it was stopped, and goes on")
	}
}
