package k8s

import (
	"fmt"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1"
)

// What it takes until a pod's words are believed.
const (
	// steady is how long a pod must have been Ready. One that flaps never is.
	steady = 3 * time.Second
	// proven is how long a container without a readiness probe must have run: it
	// is Ready from its first instant, even if it crashes in the next.
	proven = 10 * time.Second
	// mostDoubt is the longest that a container must run after a crash; else it is
	// twice as long as it ran before.
	mostDoubt = time.Minute
	// hopeless is how many restarts show that a container keeps crashing: about a
	// minute after the first one, as the kubelet backs off 10 s, 20 s, 40 s.
	hopeless = 3
	// pulling is how long an image may be said not to exist: registries that
	// copies are pushed to may be behind, and it is about three attempts.
	pulling = 30 * time.Second
	// refusedFor is how long pods may be refused by a quota or an admission
	// webhook: a rolling update may free what it needs.
	refusedFor = 15 * time.Second
)

// readPod judges a pod that is waited for itself.
func readPod(s sight) reading {
	switch text(s.object.Object, "status", "phase") {
	case "Failed":
		r := never("failed%s", becausePod(s.object))
		r.culprits = culpritsOf(s.object)
		return r
	case "Succeeded":
		if text(s.object.Object, "spec", "restartPolicy") == "Always" {
			return notYet("has ended, and should not")
		}
		return reading{state: ready} // it ran to its end, as it was to
	}
	return readRunning(s.object, s.now, true)
}

// replaced reports whether an object is what stays of a pod that the kubelet
// ended though it was to run on and on: its controller makes another one.
func replaced(o object) bool {
	isLasting := o.GetKind() == "Pod" && text(o.Object, "spec", "restartPolicy") == "Always"
	return isLasting && text(o.Object, "status", "phase") == "Failed" && v1.GetControllerOf(o) != nil
}

func becausePod(pod object) string {
	status, _ := pod.Object["status"].(map[string]any)
	if why := because(status); why != "" {
		return why
	}
	for _, c := range containersOf(pod) {
		if code, ended := number(c.status, "state", "terminated", "exitCode"); ended && code != 0 {
			return fmt.Sprintf(" (%s ended with %s)", c.title(), ending(c.status, "state"))
		}
	}
	return ""
}

// readRunning judges a pod that is to run on and on. Lasting is false for the
// pods of Jobs: how often these may crash is for the Job to say.
func readRunning(pod object, now time.Time, lasting bool) reading {
	if pod.GetDeletionTimestamp() != nil {
		return notYet("is being deleted")
	}
	if c := scheduled(pod); c != "" {
		return notYet("%s", c)
	}
	var readings []reading
	for _, c := range containersOf(pod) {
		readings = append(readings, c.read(pod, now, lasting))
	}
	if r := worst(readings); r.state != ready || !lasting {
		return r
	}
	c, found := conditionOf(pod, "Ready")
	if !found || text(c, "status") != "True" {
		return notYet("is not ready%s", because(c))
	}
	return held(moment(c, "lastTransitionTime"), now, steady, fmt.Sprintf("is ready, but not for %s yet", steady))
}

// held asks that something has been so for a while.
func held(since, now time.Time, long time.Duration, what string) reading {
	if age := now.Sub(since); age < long {
		r := notYet("%s", what)
		r.again = min(long-age, long)
		return r
	}
	return reading{state: ready}
}

// scheduled says why a pod has no node, if so.
func scheduled(pod object) string {
	c, found := conditionOf(pod, "PodScheduled")
	if !found || text(c, "status") == "True" {
		return ""
	}
	return "can't be scheduled" + because(c)
}

// container is one container of a pod, with what is said of it.
type container struct {
	name   string
	init   bool // it runs to its end before the others start
	spec   map[string]any
	status map[string]any
}

func (c container) title() string {
	if c.init {
		return "init container " + c.name
	}
	return "container " + c.name
}

// containersOf are those of a pod that have a status, in the order of their start.
func containersOf(pod object) []container {
	var out []container
	for _, part := range []struct {
		spec, status string
		init         bool
	}{{"initContainers", "initContainerStatuses", true}, {"containers", "containerStatuses", false}} {
		specs := map[string]map[string]any{}
		for _, spec := range list(pod.Object, "spec", part.spec) {
			specs[text(spec, "name")] = spec
		}
		for _, status := range list(pod.Object, "status", part.status) {
			name := text(status, "name")
			// A sidecar is an init container that runs on (restartPolicy: Always).
			sidecar := text(specs[name], "restartPolicy") == "Always"
			out = append(out, container{name, part.init && !sidecar, specs[name], status})
		}
	}
	return out
}

func culpritsOf(pod object) []culprit {
	var out []culprit
	for _, c := range containersOf(pod) {
		if code, ended := number(c.status, "state", "terminated", "exitCode"); !ended || code != 0 {
			out = append(out, c.culprit(pod))
		}
	}
	return out
}

func (c container) culprit(pod object) culprit {
	return culprit{pod.GetName(), c.name, count(c.status, "restartCount") > 0}
}

// read judges a container.
func (c container) read(pod object, now time.Time, lasting bool) reading {
	r := c.standing(pod, now, lasting)
	if r.state != ready {
		r.sentence = c.title() + " " + r.sentence
		r.culprits = []culprit{c.culprit(pod)}
	}
	return r
}

func (c container) standing(pod object, now time.Time, lasting bool) reading {
	state, _ := c.status["state"].(map[string]any)
	switch {
	case state["waiting"] != nil:
		return c.waits(pod, now, lasting)
	case state["terminated"] != nil:
		return c.ended(lasting)
	case state["running"] == nil:
		return notYet("has not started")
	case c.init:
		return notYet("is still running")
	case !lasting:
		return reading{state: ready}
	}
	return c.runs(now)
}

// unpullable are what the kubelet and container runtimes say of an image that
// will not come by trying again.
var unpullable = []string{"not found", "manifest unknown", "does not exist", "unauthorized", "authentication required", "denied", "forbidden"}

func (c container) waits(pod object, now time.Time, lasting bool) reading {
	reason, message := text(c.status, "state", "waiting", "reason"), text(c.status, "state", "waiting", "message")
	why := inBrackets(reason, message)
	image := text(c.spec, "image")
	switch reason {
	case "ErrImageNeverPull":
		return never("needs the image %s, which is not on the node and may not be pulled (imagePullPolicy: Never)", image)
	case "InvalidImageName":
		return never("has no valid image name: %q%s", image, why)
	case "ErrImagePull", "ImagePullBackOff":
		return c.pulls(image, message, why, now.Sub(moment(pod.Object, "status", "startTime")))
	case "CrashLoopBackOff":
		return c.crashes(lasting)
	case "CreateContainerConfigError", "CreateContainerError", "RunContainerError":
		return notYet("can't be started%s", why)
	}
	return notYet("has not started%s", why)
}

func (c container) pulls(image, message, why string, since time.Duration) reading {
	gone := false
	for _, word := range unpullable {
		gone = gone || strings.Contains(strings.ToLower(message), word)
	}
	switch {
	case gone && since >= pulling:
		return never("can't get the image %s, after trying for %s%s", image, since.Truncate(time.Second), why)
	case gone:
		r := notYet("can't get the image %s%s", image, why)
		r.again = min(pulling-since, pulling)
		return r
	}
	return notYet("can't get the image %s yet%s", image, why)
}

// crashes is about a container that ended and waits to be started again.
func (c container) crashes(lasting bool) reading {
	restarts := count(c.status, "restartCount")
	text := fmt.Sprintf("keeps ending with %s; %s", ending(c.status, "lastState"), counted(restarts, "restart"))
	if lasting && restarts >= hopeless {
		return never("%s", text)
	}
	return notYet("%s", text)
}

func (c container) ended(lasting bool) reading {
	if code, has := number(c.status, "state", "terminated", "exitCode"); has && code == 0 && c.init {
		return reading{state: ready}
	}
	restarts := count(c.status, "restartCount")
	text := fmt.Sprintf("ended with %s; %s", ending(c.status, "state"), counted(restarts, "restart"))
	if lasting && restarts >= hopeless {
		return never("%s", text)
	}
	return notYet("%s", text)
}

// runs is about a container that runs now: whether it may be trusted to.
func (c container) runs(now time.Time) reading {
	if started, is := c.status["started"].(bool); is && !started && c.spec["startupProbe"] != nil {
		return notYet("has not passed its startup probe yet%s", c.after())
	}
	if !truth(c.status, "ready") {
		if c.spec["readinessProbe"] != nil {
			return notYet("does not pass its readiness probe%s", c.after())
		}
		return notYet("is not ready%s", c.after())
	}
	began := moment(c.status, "state", "running", "startedAt")
	if count(c.status, "restartCount") > 0 {
		return held(began, now, c.doubt(), fmt.Sprintf("runs again%s, but not for %s yet", c.after(), c.doubt().Round(time.Second)))
	}
	if c.spec["readinessProbe"] == nil {
		return held(began, now, proven, fmt.Sprintf("has no readiness probe and has not run for %s yet", proven))
	}
	return reading{state: ready}
}

// doubt is how long a container must run after it ended once.
func (c container) doubt() time.Duration {
	last := moment(c.status, "lastState", "terminated", "finishedAt").Sub(moment(c.status, "lastState", "terminated", "startedAt"))
	return min(max(2*last, proven), mostDoubt)
}

// after tells of an earlier end, if there was one.
func (c container) after() string {
	restarts := count(c.status, "restartCount")
	if restarts == 0 {
		return ""
	}
	return fmt.Sprintf(" after %s (it ended with %s)", counted(restarts, "restart"), ending(c.status, "lastState"))
}

// ending is how a container ended, in words.
func ending(status map[string]any, state string) string {
	code, known := number(status, state, "terminated", "exitCode")
	reason := text(status, state, "terminated", "reason")
	switch {
	case !known:
		return "an exit code that is not known"
	case reason == "OOMKilled":
		return "too little memory (OOMKilled)"
	case reason != "" && reason != "Error" && reason != "Completed":
		return fmt.Sprintf("exit code %d (%s)", code, reason)
	}
	return fmt.Sprintf("exit code %d", code)
}

func counted(n int64, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}
