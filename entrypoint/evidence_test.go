package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/seatrial/seatrial/evidence"
	"github.com/seatrial/seatrial/platform"
	"github.com/seatrial/seatrial/trial"
)

// findings are the bytes of a report's findings.
func findings(t *testing.T, report []byte) string {
	t.Helper()
	var parts struct{ Findings, Verdict, Reason json.RawMessage }
	if err := json.Unmarshal(report, &parts); err != nil {
		t.Fatalf("%v in %s", err, report)
	}
	return string(parts.Verdict) + string(parts.Reason) + string(parts.Findings)
}

func TestJudgingAgainGivesTheSameBytes(t *testing.T) {
	t.Parallel()
	slow := serve(t, always500)
	objectives := "latency-p95 <= 110% of baseline\nlatency-p99 <= 1s\nerror-rate <= 150% of baseline\nlatency-mean <= baseline + 5ms\nthroughput >= 50% of baseline"
	for name, candidate := range map[string]string{"fail": slow, "undecided": serve(t, ok)} {
		t.Run(name, func(t *testing.T) {
			r := try(t, "--candidate", candidate, "--baseline", serve(t, ok), "--objectives", objectives)
			written, err := os.ReadFile(filepath.Join(r.dir, evidence.ReportFile))
			if err != nil {
				t.Fatal(err)
			}
			again := finish(t, command(t, "judge", r.dir, "--json"))
			if diff := cmp.Diff(findings(t, written), findings(t, []byte(again.stdout))); diff != "" || again.code != r.code {
				t.Errorf("exit codes %d and %d; %s", r.code, again.code, diff)
			}
		})
	}
}

func TestJudgeWithOtherObjectives(t *testing.T) {
	t.Parallel()
	r := try(t, "--candidate", serve(t, ok), "--baseline", serve(t, ok), "--objectives", "latency-p50 <= 500ms", "--for=8s")
	r.wants(t, exitPass, "PASS")
	finish(t, command(t, "judge", r.dir, "--objectives", "latency-p50 <= 100us")).wants(t, exitFail, "latency-p50")
	finish(t, command(t, "judge", r.dir, "--objectives", "latency-p50 <= 100")).wants(t, exitBadInput, "--objectives")
}

// Golden directories hold the judge to what it once said. The last bits of
// evidence differ between processors, so figures are compared to 1e-6.
func TestGoldenEvidence(t *testing.T) {
	dirs, err := filepath.Glob("testdata/evidence/*")
	if err != nil || len(dirs) == 0 {
		t.Fatal("there is no golden evidence", err)
	}
	for _, dir := range dirs {
		path := filepath.Join(dir, evidence.ReportFile)
		absolute, err := filepath.Abs(dir)
		if err != nil {
			t.Fatal(err)
		}
		again := finish(t, command(t, "judge", absolute, "--json"))
		if *update {
			if err := os.WriteFile(path, []byte(again.stdout), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		written, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(parsed(t, written), parsed(t, []byte(again.stdout)), cmpopts.EquateApprox(1e-6, 1e-9), cmpopts.EquateNaNs()); diff != "" {
			t.Errorf("%s: %s", dir, diff)
		}
	}
}

func parsed(t *testing.T, report []byte) trial.Report {
	t.Helper()
	var r trial.Report
	if err := json.Unmarshal(report, &r); err != nil {
		t.Fatalf("%v in %s", err, report)
	}
	return r
}

func TestKilledTrialLeavesItsWholeRounds(t *testing.T) {
	t.Parallel()
	c := command(t, append(short(), "--candidate", serve(t, ok), "--baseline", serve(t, ok), "--for=20s", "--at-least=20s")...)
	dir := filepath.Join(c.Dir, "seatrial-report")
	earlier := filepath.Join(dir, platform.DotenvFile)
	if err := errors.Join(os.MkdirAll(dir, 0o755), os.WriteFile(earlier, []byte("SEATRIAL_VERDICT=pass\n"), 0o644), c.Start()); err != nil {
		t.Fatal(err)
	}
	time.Sleep(3 * time.Second)
	_ = c.Process.Kill()
	_ = c.Wait()
	if _, err := os.Stat(earlier); err == nil {
		t.Error("an earlier trial's outputs are still there")
	}
	e, err := evidence.Open(dir)
	if err != nil || len(e.Rounds) < 4 || e.Cut == "" {
		t.Fatalf("%v; want at least 4 rounds, and that it is cut short", err)
	}
	finish(t, command(t, "judge", dir)).wants(t, exitInconclusive, "cut short")
}

func TestSignalStopsWithinASecondAndReports(t *testing.T) {
	t.Parallel()
	for signal, code := range map[syscall.Signal]int{syscall.SIGINT: 130, syscall.SIGTERM: 143} {
		c := command(t, append(short(), "--candidate", serve(t, ok), "--baseline", serve(t, ok), "--for=20s", "--at-least=20s")...)
		var out bytes.Buffer
		c.Stdout = &out
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2500 * time.Millisecond)
		began := time.Now()
		_ = c.Process.Signal(signal)
		_ = c.Wait()
		if took := time.Since(began); c.ProcessState.ExitCode() != code || took > 1500*time.Millisecond {
			t.Errorf("%s: exit code %d after %s, want %d within a second", signal, c.ProcessState.ExitCode(), took, code)
		}
		r := result{dir: filepath.Join(c.Dir, "seatrial-report")}.report(t)
		if r.Status != trial.Cancelled || r.Verdict != trial.Inconclusive || r.Measured.Rounds == 0 || !strings.Contains(out.String(), "cancelled") {
			t.Errorf("%s: status %s, %d rounds\n%s", signal, r.Status, r.Measured.Rounds, out.String())
		}
	}
}
