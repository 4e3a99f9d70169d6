package main

import (
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/seatrial/seatrial/config"
	"github.com/seatrial/seatrial/k8s"
	"github.com/seatrial/seatrial/summary"
	"github.com/seatrial/seatrial/trial"
)

// hooks does what the trial file asks for at the turns of a trial, in the
// order in which it asks.
type hooks struct {
	process
	file  config.File
	log   *parts
	shell shell
	clean func(line string, cut bool) string
	round *roundHooks
	done  []trial.Hook
}

// How long a command may take from SIGTERM to SIGKILL, and what commands may
// take of a pipeline that has sent a signal: GitHub's sends another one after
// 7.5 s (actions/runner, ProcessInvoker), and there is publishing to do still,
// see cancelledWithin.
const (
	hookGrace       = 5 * time.Second
	hookHurry       = time.Second
	hooksAfterwards = 2 * time.Second
)

func newHooks(p process, file config.File, cluster *k8s.Cluster, log *parts) *hooks {
	secrets := slices.Concat(file.Secrets(), file.Load.Secrets, credentials(p.environ))
	if cluster != nil {
		secrets = append(secrets, cluster.Secrets()...)
	}
	h := &hooks{
		process: p, file: file, log: log,
		shell: shell{environ: withoutInputs(p.environ), grace: hookGrace, hurry: hookHurry},
		clean: cleaned(trial.NewHider(byLine(secrets)).Hide),
	}
	h.round = newRoundHooks(h)
	return h
}

// withoutInputs is an environment without what was meant for this step: its
// inputs hold tokens, and what a command starts may have inputs of these names.
func withoutInputs(environ []string) []string {
	inputs := config.Variables()
	return slices.DeleteFunc(slices.Clone(environ), func(entry string) bool {
		name, _, _ := strings.Cut(entry, "=")
		return slices.Contains(inputs, name)
	})
}

// secretName matches the variables that pipelines keep credentials in:
// GITHUB_TOKEN, CI_REGISTRY_PASSWORD, AWS_SECRET_ACCESS_KEY.
var secretName = regexp.MustCompile(`(?i)(TOKEN|SECRET|PASSWORD|PASSWD|CREDENTIALS?|API_?KEY|ACCESS_KEY|PRIVATE_KEY)$`)

// credentials are what an environment keeps by such names: commands have it,
// and may print it.
func credentials(environ []string) []string {
	const least = 8 // "true" would riddle the log
	var out []string
	for _, entry := range environ {
		if name, value, _ := strings.Cut(entry, "="); secretName.MatchString(name) && len(value) >= least {
			out = append(out, value)
		}
	}
	return out
}

// byLine adds the lines of secrets that have several: output is read by the line.
func byLine(secrets []string) []string {
	const least = 8 // brackets and the like stand alone in many lines
	out := slices.Clone(secrets)
	for _, secret := range secrets {
		for line := range strings.Lines(secret) {
			if line = strings.TrimSpace(line); len(line) >= least {
				out = append(out, line)
			}
		}
	}
	return out
}

// outlasting is a context that ends only a while after another one.
func outlasting(ctx context.Context, by time.Duration) (context.Context, context.CancelFunc) {
	lasting, stop := context.WithCancelCause(context.WithoutCancel(ctx))
	late := make(chan *time.Timer, 1)
	quiet := context.AfterFunc(ctx, func() {
		late <- time.AfterFunc(by, func() { stop(context.Cause(ctx)) })
	})
	return lasting, func() {
		if !quiet() {
			(<-late).Stop()
		}
		stop(context.Canceled)
	}
}

// start reports what failed before anything was asked.
func (h *hooks) start(ctx context.Context) error {
	s := situation{Event: config.OnStart, Status: "running", Message: summary.Opening(h.file.Name, h.file.Versions())}
	h.take(ctx, h.file.On.Start, s)
	if len(h.file.On.Start) > 0 {
		h.log.begin(h.stderr, "readiness", "Readiness")
	}
	if failed, any := (trial.Report{Hooks: h.done}).Failing(config.OnStart); any {
		return fmt.Errorf("on start %s", told(failed))
	}
	return nil
}

// conclude does what is to follow a verdict, and is the report of a trial
// after that. What was cancelled is not promoted, and may still be rolled back.
func (h *hooks) conclude(ctx context.Context, r trial.Report) trial.Report {
	lasting, stop := outlasting(ctx, hooksAfterwards)
	defer stop()
	ran := h.round.end()
	h.warn(ran)
	h.done = append(h.done, ran...)
	switch {
	case !r.Judged():
	case r.Verdict == trial.Pass:
		h.take(ctx, h.file.On.Pass, h.after(config.OnPass, r))
	case r.Verdict == trial.Fail:
		h.take(lasting, h.file.On.Fail, h.after(config.OnFail, r))
	default:
		h.take(lasting, h.file.On.Inconclusive, h.after(config.OnInconclusive, r))
	}
	r.Hooks = h.done
	for _, event := range []string{config.OnFail, config.OnInconclusive} {
		if failed, any := r.Failing(event); any {
			r.Remedy = fmt.Sprintf("What was to follow did not work: on %s %s. See to it by hand.", event, told(failed))
		}
	}
	if failed, any := r.Failing(config.OnPass); any {
		return takenBack(r, failed, ctx.Err() != nil)
	}
	return r
}

// takenBack is the report of a pass that could not be followed by what it was for.
func takenBack(r trial.Report, failed trial.Hook, cancelled bool) trial.Report {
	r = unconcluded(r, fmt.Sprintf("the candidate passed, and what was to follow failed: on pass %s", told(failed)))
	r.Remedy = "See how far that came: the candidate may be promoted in part. To try it again, run the step again."
	if left := r.Traffic.LeftWith(r.Versions); left != nil && !slices.Equal(left, r.Traffic.Before) {
		r.Remedy += fmt.Sprintf(" %s stays as the pass left it: %s.", r.Traffic.Route, split(left, r.Versions))
		if r.Traffic.Before != nil {
			r.Remedy += fmt.Sprintf(" Before the trial it had %s.", split(r.Traffic.Before, r.Versions))
		}
	}
	r.Status = trial.Broken
	if cancelled {
		r.Status = trial.Cancelled
	}
	return r
}

// told is a hook that failed, in a part of a sentence.
func told(h trial.Hook) string { return `"` + h.Name + `": ` + h.Trouble }

// finish does what is to be done at the end of any trial, and is its report
// after that.
func (h *hooks) finish(ctx context.Context, r trial.Report) trial.Report {
	lasting, stop := outlasting(ctx, hooksAfterwards)
	defer stop()
	h.take(lasting, h.file.On.Finish, h.after(config.OnFinish, r))
	r.Hooks = h.done
	return r
}

// take runs actions one after the other. Before a trial and after a pass the
// first failure ends them: who could not take a lock must not go on, nor who
// could not promote. Otherwise as much is done as can be.
func (h *hooks) take(ctx context.Context, actions config.Actions, s situation) {
	if len(actions) == 0 {
		return
	}
	h.log.begin(h.stderr, "on-"+s.Event, "On "+s.Event)
	defer h.log.end()
	strict := s.Event == config.OnStart || s.Event == config.OnPass
	for _, a := range actions {
		if !a.If.Holds(s.facts()) {
			continue
		}
		if h.file.Traffic.DryRun {
			fmt.Fprintf(h.stderr, "on %s: would run %s (dry-run)\n", s.Event, h.clean(a.Title(), false))
			continue
		}
		var done trial.Hook
		if failed, any := (trial.Report{Hooks: h.done}).Failing(s.Event); any && strict {
			done = h.hook(a, s)
			done.Trouble = fmt.Sprintf("left out after the failure of %q", failed.Name)
		} else {
			done = h.act(ctx, a, s, func(line string) { fmt.Fprintln(h.stderr, "  │ "+line) })
		}
		h.done = append(h.done, done)
		h.tell(done)
	}
}

func (h *hooks) hook(a config.Action, s situation) trial.Hook {
	return trial.Hook{Event: s.Event, Name: h.clean(a.Title(), false), Ignored: a.MayFail()}
}

// mostTail is how many lines of a command that failed are kept.
const mostTail = 10

// act takes one action.
func (h *hooks) act(ctx context.Context, a config.Action, s situation, show func(string)) trial.Hook {
	done := h.hook(a, s)
	done.Runs = 1
	out := &output{clean: h.clean, show: show}
	began := h.now()
	var err error
	if a.Run == "" {
		err = notify(ctx, a.Notify.Reveal(), a.Limit(), s.Message)
	} else {
		sh := h.shell
		sh.environ = append(slices.Clone(sh.environ), s.environ(h.file)...)
		done.Exit, err = sh.run(ctx, string(a.Run), a.Limit(), out)
	}
	out.close()
	done.Took = h.now().Sub(began).Round(time.Millisecond)
	if err != nil {
		done.Failed, done.Trouble, done.Output = 1, h.clean(err.Error(), false), out.tail(mostTail)
	}
	return done
}

// tell says what came of an action.
func (h *hooks) tell(done trial.Hook) {
	if done.Trouble == "" {
		fmt.Fprintf(h.stderr, "✓ on %s: %s  %.1f s\n", done.Event, done.Name, done.Took.Seconds())
		return
	}
	fmt.Fprintf(h.stderr, "✗ on %s: %s\n", done.Event, told(done))
}

// warn tells of what failed where nobody watched.
func (h *hooks) warn(ran []trial.Hook) {
	for _, done := range ran {
		if done.Failed > 0 {
			fmt.Fprintf(h.stderr, "warning: on round: %s failed %d of %d times: %s\n", done.Name, done.Failed, done.Runs, done.Trouble)
		}
	}
}

// situation is what a command is told, as it stands at a turn of the trial.
type situation struct {
	Event       string
	Verdict     string
	Status      string
	Passed      bool
	Winner      string
	Recommended string
	Reason      string
	ExitCode    string
	Failed      []string
	Round       int
	Elapsed     time.Duration
	Weights     []int  // percent of each version; nil where no traffic is shared
	Message     string // to a webhook
}

// after is the situation that a report describes.
func (h *hooks) after(event string, r trial.Report) situation {
	s := situation{
		Event: event, Status: r.Status.String(), Passed: r.Status == trial.Judged && r.Verdict == trial.Pass,
		Winner: r.Choice.Winner, Recommended: r.Choice.Recommended, Reason: summary.Plain(r.Reason), Failed: failed(r),
		ExitCode: strconv.Itoa(r.ExitCode), Round: r.Measured.Rounds, Elapsed: r.Measured.Lasted,
		Weights: h.round.weights, Message: summary.Message(r),
	}
	if r.Judged() {
		s.Verdict = r.Verdict.String()
	}
	if r.Traffic != nil {
		s.Weights = r.Traffic.LeftWith(r.Versions)
	}
	return s
}

// facts are what conditions ask for.
func (s situation) facts() map[string]string {
	winner := s.Winner
	if winner == "" {
		winner = config.NoWinner
	}
	return map[string]string{"verdict": s.Verdict, "status": s.Status, "winner": winner}
}

// environ is the situation as variables. Each holds a text as it is, which is
// for the command to quote: nothing of it was ever a part of a command line.
func (s situation) environ(file config.File) []string {
	versions := file.Versions()
	vars := [][2]string{
		{"EVENT", s.Event}, {"VERDICT", s.Verdict}, {"STATUS", s.Status}, {"PASSED", strconv.FormatBool(s.Passed)},
		{"WINNER", s.Winner}, {"WINNER_VERSION", labelOf(versions, s.Winner)},
		{"RECOMMENDED", s.Recommended}, {"RECOMMENDED_VERSION", labelOf(versions, s.Recommended)},
		{"REASON", s.Reason}, {"EXIT_CODE", s.ExitCode}, {"FAILED_OBJECTIVES", strings.Join(s.Failed, "\n")},
		{"ROUND", strconv.Itoa(s.Round)}, {"ELAPSED", strconv.FormatFloat(s.Elapsed.Seconds(), 'f', -1, 64)},
		{"WEIGHTS", weightsText(versions, s.Weights)}, {"VERSIONS", jsonText(versions)}, {"REPORT_DIR", file.ReportDir},
	}
	var out []string
	for _, v := range vars {
		// No variable can hold a NUL, and Linux takes none of 128 KiB
		// (MAX_ARG_STRLEN): what can't be told must not stop the command.
		value := strings.ReplaceAll(v[1], "\x00", "")
		out = append(out, "SEATRIAL_"+v[0]+"="+value[:min(len(value), 100_000)])
	}
	return out
}

// labelOf is what people call the build of a version: empty where they don't.
func labelOf(versions []trial.Version, name string) string {
	for _, v := range versions {
		if v.Name == name {
			return v.Label
		}
	}
	return ""
}

func jsonText(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		panic("a value that can't be told: " + err.Error()) // texts and numbers always can
	}
	return string(text)
}
