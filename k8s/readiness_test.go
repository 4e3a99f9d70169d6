package k8s

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/yaml"
)

// noon is when all of these objects are looked at.
var noon = time.Date(2026, 3, 14, 12, 0, 0, 0, time.UTC)

func parse(t *testing.T, text string) object {
	t.Helper()
	o := &unstructured.Unstructured{}
	if err := yaml.Unmarshal([]byte(text), &o.Object); err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	if o.GetKind() == "" {
		o.SetKind("Any") // what is read for itself alone needs none
	}
	// As the dynamic client has numbers.
	data, err := o.MarshalJSON()
	if err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	if err := o.UnmarshalJSON(data); err != nil {
		t.Fatal(err)
	}
	return o
}

func parseAll(t *testing.T, texts ...string) []object {
	var out []object
	for _, text := range texts {
		out = append(out, parse(t, text))
	}
	return out
}

const healthy = "observedGeneration: 2, replicas: 2, updatedReplicas: 2, readyReplicas: 2, availableReplicas: 2"

const progressed = "{type: Progressing, status: 'True', reason: NewReplicaSetAvailable}, {type: Available, status: 'True'}"

func deployment(status, conditions string) string {
	return `
apiVersion: apps/v1
kind: Deployment
metadata: {name: shop, namespace: prod, uid: d, generation: 2, annotations: {deployment.kubernetes.io/revision: "7"}}
spec: {replicas: 2, selector: {matchLabels: {app: shop}}}
status: {` + status + `, conditions: [` + conditions + `]}`
}

func replicaSet(uid, revision string) string {
	return `
apiVersion: apps/v1
kind: ReplicaSet
metadata: {name: shop-` + uid + `, uid: ` + uid + `, annotations: {deployment.kubernetes.io/revision: "` + revision + `"}, ownerReferences: [{uid: d, controller: true}]}`
}

// Container statuses, to be put into pods.
const (
	serving     = "{name: web, ready: true, started: true, restartCount: 0, state: {running: {startedAt: '2026-03-14T11:00:00Z'}}}"
	justStarted = "{name: web, ready: true, started: true, restartCount: 0, state: {running: {startedAt: '2026-03-14T11:59:58Z'}}}"
	unready     = "{name: web, ready: false, started: true, restartCount: 0, state: {running: {startedAt: '2026-03-14T11:59:58Z'}}}"
)

func waits(reason, message string, restarts int) string {
	return fmt.Sprintf("{name: web, ready: false, restartCount: %d, state: {waiting: {reason: %s, message: %q}}, lastState: {terminated: {exitCode: 137, reason: OOMKilled}}}", restarts, reason, message)
}

// pod has one container, web, and is owned by a ReplicaSet, if that is named.
func pod(name, owner, status string) string {
	return podWith(name, owner, status, "True", "11:00:00", "{name: web, image: shop:2, readinessProbe: {httpGet: {port: 80}}}")
}

func podWith(name, owner, status, isReady, since, spec string) string {
	if strings.Contains(status, "ready: false") {
		isReady = "False"
	}
	return `
apiVersion: v1
kind: Pod
metadata: {name: ` + name + `, uid: ` + name + `, ownerReferences: [{uid: ` + owner + `, controller: true}]}
spec: {restartPolicy: Always, containers: [` + spec + `]}
status:
  phase: Running
  startTime: '2026-03-14T11:59:50Z'
  containerStatuses: [` + status + `]
  conditions: [{type: Ready, status: '` + isReady + `', lastTransitionTime: '2026-03-14T` + since + `Z'}]`
}

// evicted is what stays of a pod that the kubelet ended: its controller has made
// another one, and nobody deletes it for long.
func evicted(name, owner string) string {
	return strings.Replace(strings.Replace(pod(name, owner, ""), "phase: Running", "phase: Failed\n  reason: Evicted", 1), "status: 'True'", "status: 'False'", 1)
}

// check reads an object and holds the outcome against "state: part of the sentence".
func check(t *testing.T, asked string, s sight, want string) reading {
	t.Helper()
	target, err := Object{Object: asked}.target("prod")
	if err != nil {
		t.Fatal(err)
	}
	s.now = noon
	got := target.readOne(s)
	text := [...]string{"waiting", "ready", "failed"}[got.state] + ": " + got.sentence
	state, sentence, _ := strings.Cut(want, ": ")
	if !strings.HasPrefix(text, state+": ") || !strings.Contains(text, sentence) {
		t.Errorf("%s: got %q, want %q", t.Name(), text, want)
	}
	if got.state == ready && got.sentence != "" {
		t.Errorf("ready, and %q", got.sentence)
	}
	return got
}

func TestADeploymentIsReadyByItsNewPods(t *testing.T) {
	const probeless = "{name: web, image: shop:2}"
	restarted := func(ran, since string) string {
		return "{name: web, ready: true, started: true, restartCount: 1, state: {running: {startedAt: '2026-03-14T" + since + "Z'}}, " +
			"lastState: {terminated: {exitCode: 1, startedAt: '2026-03-14T11:00:00Z', finishedAt: '2026-03-14T11:00:" + ran + "Z'}}}"
	}
	for name, c := range map[string]struct {
		status, conditions string
		pods               []string
		want               string
	}{
		"all as it should be":                  {healthy, progressed, []string{pod("a", "new", serving), pod("b", "new", serving)}, "ready: "},
		"not observed":                         {strings.Replace(healthy, "observedGeneration: 2", "observedGeneration: 1", 1), progressed, []string{pod("a", "new", serving), pod("b", "new", serving)}, "waiting: newest change"},
		"never observed":                       {strings.Replace(healthy, "observedGeneration: 2, ", "", 1), progressed, []string{pod("a", "new", serving), pod("b", "new", serving)}, "waiting: newest change"},
		"one new pod, the status behind":       {healthy, progressed, []string{pod("a", "new", serving)}, "waiting: 1 of 2 new pods are ready"},
		"old pods in best health":              {healthy, progressed, []string{pod("a", "old", serving), pod("b", "old", serving), pod("c", "new", unready)}, "waiting: 0 of 2 new pods are ready; pod c: container web does not pass its readiness probe"},
		"evicted, and replaced":                {healthy, progressed, []string{pod("a", "new", serving), evicted("x", "new"), pod("b", "new", serving)}, "ready: "},
		"evicted, and not replaced yet":        {healthy, progressed, []string{pod("a", "new", serving), evicted("x", "new")}, "waiting: 1 of 2 new pods are ready"},
		"old pods that crash are no matter":    {healthy, progressed, []string{pod("a", "new", serving), pod("b", "new", serving), pod("c", "old", waits("CrashLoopBackOff", "", 9))}, "ready: "},
		"more replicas than wanted":            {strings.Replace(healthy, " replicas: 2", " replicas: 3", 1), progressed, []string{pod("a", "new", serving), pod("b", "new", serving)}, "waiting: 1 old pod is still there"},
		"not all available":                    {strings.Replace(healthy, "availableReplicas: 2", "availableReplicas: 1, unavailableReplicas: 1", 1), progressed, []string{pod("a", "new", serving), pod("b", "new", serving)}, "waiting: 1 of 2 pods are available"},
		"crashes, Progressing content":         {healthy, progressed, []string{podWith("a", "new", waits("CrashLoopBackOff", "", 1), "False", "11:00:00", probeless)}, "waiting: too little memory (OOMKilled); 1 restart"},
		"keeps crashing":                       {healthy, progressed, []string{podWith("a", "new", waits("CrashLoopBackOff", "", 3), "False", "11:00:00", probeless)}, "failed: too little memory (OOMKilled); 3 restarts"},
		"Ready in the instant before it ends":  {healthy, progressed, []string{podWith("a", "new", justStarted, "True", "11:59:57", probeless), pod("b", "new", serving)}, "waiting: has no readiness probe and has not run for 10s yet"},
		"no probe, but runs for long":          {healthy, progressed, []string{podWith("a", "new", serving, "True", "11:00:00", probeless), pod("b", "new", serving)}, "ready: "},
		"readiness that flaps":                 {healthy, progressed, []string{podWith("a", "new", serving, "True", "11:59:58", "{name: web, readinessProbe: {}}"), pod("b", "new", serving)}, "waiting: is ready, but not for 3s yet"},
		"runs again, shorter than before":      {healthy, progressed, []string{pod("a", "new", restarted("15", "11:59:40")), pod("b", "new", serving)}, "waiting: runs again after 1 restart (it ended with exit code 1), but not for 30s yet"},
		"runs again, and for long":             {healthy, progressed, []string{pod("a", "new", restarted("15", "11:59:20")), pod("b", "new", serving)}, "ready: "},
		"image that may not be pulled":         {healthy, progressed, []string{pod("a", "new", waits("ErrImageNeverPull", "", 0))}, "failed: shop:2"},
		"no image name":                        {healthy, progressed, []string{pod("a", "new", waits("InvalidImageName", "", 0))}, "failed: no valid image name"},
		"image not found, tried for 10 s":      {healthy, progressed, []string{pod("a", "new", waits("ErrImagePull", "manifest unknown", 0))}, "waiting: can't get the image shop:2 (ErrImagePull: manifest unknown)"},
		"image not found, tried for 40 s":      {healthy, progressed, []string{strings.Replace(pod("a", "new", waits("ImagePullBackOff", "x: not found", 0)), "11:59:50", "11:59:20", 1)}, "failed: after trying for 40s"},
		"registry does not answer":             {healthy, progressed, []string{strings.Replace(pod("a", "new", waits("ImagePullBackOff", "i/o timeout", 0)), "11:59:50", "11:00:00", 1)}, "waiting: can't get the image shop:2 yet"},
		"missing configuration":                {healthy, progressed, []string{pod("a", "new", waits("CreateContainerConfigError", `secret "db" not found`, 0))}, `waiting: can't be started (CreateContainerConfigError: secret "db" not found)`},
		"no node takes it":                     {healthy, progressed, []string{strings.Replace(pod("a", "new", unready), "conditions: [", "conditions: [{type: PodScheduled, status: 'False', reason: Unschedulable, message: 0/1 nodes}, ", 1)}, "waiting: can't be scheduled (Unschedulable: 0/1 nodes)"},
		"deadline exceeded":                    {healthy, "{type: Progressing, status: 'False', reason: ProgressDeadlineExceeded}", []string{pod("a", "new", unready)}, "failed: progressDeadlineSeconds; pod a: container web does not pass"},
		"refused for a moment":                 {healthy, progressed + ", {type: ReplicaFailure, status: 'True', reason: FailedCreate, message: exceeded quota, lastTransitionTime: '2026-03-14T11:59:50Z'}", []string{pod("a", "new", serving)}, "waiting: refused (FailedCreate: exceeded quota)"},
		"refused by a quota":                   {healthy, progressed + ", {type: ReplicaFailure, status: 'True', reason: FailedCreate, message: exceeded quota, lastTransitionTime: '2026-03-14T11:59:40Z'}", []string{pod("a", "new", serving)}, "failed: refused (FailedCreate: exceeded quota)"},
		"half a pod available":                 {strings.Replace(healthy, "availableReplicas: 2", "availableReplicas: 2.5", 1), progressed, []string{pod("a", "new", serving), pod("b", "new", serving)}, "waiting: 0 of 2 pods are available"},
		"kstatus does not agree":               {healthy, "{type: Progressing, status: 'True', reason: NewReplicaSetAvailable}, {type: Available, status: 'False'}", []string{pod("a", "new", serving), pod("b", "new", serving)}, "waiting: Deployment not Available"},
		"status of other types than they have": {"observedGeneration: 2, replicas: two, updatedReplicas: '2', availableReplicas: [2]", "a, {type: [x]}, {type: Progressing, reason: {}}", []string{pod("a", "new", serving), pod("b", "new", serving)}, "waiting: "},
		"pods without any status":              {healthy, progressed, []string{pod("a", "new", ""), strings.Split(pod("b", "new", ""), "status:")[0]}, "waiting: "},
	} {
		t.Run(name, func(t *testing.T) {
			check(t, "deployment/shop", sight{object: parse(t, deployment(c.status, c.conditions)), parts: map[role][]object{
				itsReplicaSets: parseAll(t, replicaSet("old", "6"), replicaSet("new", "7")), itsPods: parseAll(t, c.pods...),
			}}, c.want)
		})
	}
}

func TestADeploymentThatRunsNothingIsNotReady(t *testing.T) {
	zero := strings.Replace(deployment("observedGeneration: 2", progressed), "replicas: 2,", "replicas: 0,", 1)
	check(t, "deploy/shop", sight{object: parse(t, zero)}, "waiting: scaled to 0")
	paused := strings.Replace(deployment(healthy, progressed), "replicas: 2,", "replicas: 2, paused: true,", 1)
	check(t, "deploy/shop", sight{object: parse(t, paused)}, "waiting: paused")
	check(t, "deploy/shop", sight{object: parse(t, deployment(healthy, progressed))}, "waiting: newest ReplicaSet is not there")
	check(t, "deploy/shop", sight{}, "waiting: is not there")
	going := strings.Replace(deployment(healthy, progressed), "generation: 2", "generation: 2, deletionTimestamp: '2026-03-14T11:00:00Z'", 1)
	check(t, "deploy/shop", sight{object: parse(t, going)}, "waiting: being deleted")
}

// What stands in a reading may be told again only after time has passed.
func TestTimeAloneMayMakeReady(t *testing.T) {
	flapping := podWith("a", "x", serving, "True", "11:59:58", "{name: web, readinessProbe: {}}")
	if got := check(t, "pod/a", sight{object: parse(t, flapping)}, "waiting: not for 3s"); got.again != time.Second {
		t.Errorf("to be looked at again after %s", got.again)
	}
	late := podWith("a", "x", serving, "True", "12:05:00", "{name: web, readinessProbe: {}}")
	if got := check(t, "pod/a", sight{object: parse(t, late)}, "waiting: not for 3s"); got.again != steady {
		t.Errorf("a clock that is ahead: again after %s", got.again)
	}
}

func TestAPodIsReadyOrRanToItsEnd(t *testing.T) {
	ended := func(phase, policy string) string {
		return "{metadata: {name: a}, spec: {restartPolicy: " + policy + "}, status: {phase: " + phase + ", reason: Evicted, message: disk}}"
	}
	for want, text := range map[string]string{
		"waiting: has ended":                                             ended("Succeeded", "Always"),
		"failed: failed (Evicted: disk)":                                 ended("Failed", "Never"),
		"waiting: startup probe":                                         podWith("a", "x", "{name: web, started: false, ready: false, state: {running: {}}}", "False", "11:00:00", "{name: web, startupProbe: {}}"),
		"waiting: init container prep has":                               strings.Replace(pod("a", "x", unready), "  containerStatuses", "  initContainerStatuses: [{name: prep, state: {waiting: {reason: PodInitializing}}}]\n  containerStatuses", 1),
		"failed: init container prep ended with exit code 3; 4 restarts": strings.Replace(pod("a", "x", unready), "  containerStatuses", "  initContainerStatuses: [{name: prep, restartCount: 4, state: {terminated: {exitCode: 3}}}]\n  containerStatuses", 1),
		"waiting: is not ready (ReadinessGatesNotReady: lb)":             strings.Replace(pod("a", "x", serving), "{type: Ready, status: 'True'", "{type: Ready, status: 'False', reason: ReadinessGatesNotReady, message: lb", 1),
	} {
		check(t, "pod/a", sight{object: parse(t, text)}, want)
	}
	check(t, "pod/a", sight{object: parse(t, pod("a", "x", serving))}, "ready: ")
	check(t, "pod/a", sight{object: parse(t, ended("Succeeded", "Never"))}, "ready: ")
}

func TestAJobIsReadyWhenItIsComplete(t *testing.T) {
	job := func(status string) object {
		return parse(t, "{apiVersion: batch/v1, kind: Job, metadata: {name: m, uid: j, generation: 1}, spec: {}, status: {"+status+"}}")
	}
	failed := strings.Replace(pod("m-1", "j", "{name: web, ready: false, state: {terminated: {exitCode: 1}}}"), "Running", "Failed", 1)
	check(t, "job/m", sight{object: job("conditions: [{type: Complete, status: 'True'}]")}, "ready: ")
	check(t, "job/m", sight{object: job("active: 1")}, "waiting: has not ended: 1 running")
	check(t, "job/m", sight{object: job("conditions: [{type: Complete, status: 'False'}]")}, "waiting: has not ended")
	check(t, "job/m", sight{object: job("active: 1"), parts: map[role][]object{itsPods: parseAll(t, pod("m-1", "j", waits("CrashLoopBackOff", "", 9)))}}, "waiting: keeps ending")
	check(t, "job/m", sight{object: job("active: 1"), parts: map[role][]object{itsPods: parseAll(t, pod("m-1", "j", waits("ErrImageNeverPull", "", 0)))}}, "failed: image")
	r := check(t, "job/m", sight{object: job("conditions: [{type: Failed, status: 'True', reason: BackoffLimitExceeded, message: m}]"), parts: map[role][]object{itsPods: parseAll(t, failed)}}, "failed: failed (BackoffLimitExceeded: m)")
	if len(r.culprits) != 1 || r.culprits[0].pod != "m-1" {
		t.Errorf("whose log: %v", r.culprits)
	}
	refusal := "{metadata: {creationTimestamp: '2026-03-14T11:59:00Z'}, reason: FailedCreate, message: exceeded quota, firstTimestamp: '2026-03-14T11:59:30Z', lastTimestamp: '2026-03-14T11:59:55Z'}"
	check(t, "job/m", sight{object: job("active: 0"), parts: map[role][]object{itsEvents: parseAll(t, refusal)}}, "failed: refused (FailedCreate: exceeded quota)")
	newer := strings.Replace(pod("m-1", "j", serving), "{name: m-1", "{creationTimestamp: '2026-03-14T11:59:58Z', name: m-1", 1)
	check(t, "job/m", sight{object: job("active: 1"), parts: map[role][]object{itsEvents: parseAll(t, refusal), itsPods: parseAll(t, newer)}}, "waiting: has not ended")
}

func TestAServiceIsReadyWithAReadyEndpoint(t *testing.T) {
	service := func(spec string) object { return parse(t, "{metadata: {name: s}, spec: {"+spec+"}}") }
	slice := func(endpoint string) []object {
		return parseAll(t, "{metadata: {name: s-1}, endpoints: [{addresses: [10.0.0.1], conditions: {"+endpoint+"}}]}")
	}
	for endpoint, want := range map[string]string{
		"ready: true":                     "ready: ",
		"":                                "ready: ",
		"ready: null":                     "ready: ",
		"ready: false":                    "waiting: none of its endpoints is ready",
		"ready: true, terminating: true":  "waiting: none of its endpoints is ready",
		"ready: 'yes'":                    "waiting: none",
		"ready: true, serving: false":     "waiting: none", // publishNotReadyAddresses
		"ready: true, serving: true":      "ready: ",
		"ready: false, publishing: every": "waiting: none",
	} {
		check(t, "svc/s", sight{object: service("selector: {app: shop}"), parts: map[role][]object{itsSlices: slice(endpoint)}}, want)
	}
	check(t, "svc/s", sight{object: service("selector: {app: shop}")}, "waiting: no pod matches its selector")
	check(t, "svc/s", sight{object: service("ports: [{port: 80}]")}, "waiting: it has no selector")
	check(t, "svc/s", sight{object: service("type: ExternalName, externalName: shop.example")}, "failed: ExternalName")
	troubled := map[role][]object{itsPods: parseAll(t, pod("a", "x", waits("ErrImageNeverPull", "", 0)))}
	check(t, "svc/s", sight{object: service("selector: {app: shop}"), parts: troubled}, "waiting: has no endpoints; pod a: container web needs the image")
}

func TestAServiceIsReadyAtEachOfItsPorts(t *testing.T) {
	service := parse(t, "{metadata: {name: s}, spec: {selector: {app: shop}, ports: [{name: http, port: 80}, {name: grpc, port: 90}]}}")
	slice := func(ports, ready string) string {
		return "{metadata: {name: s-1}, ports: [" + ports + "], endpoints: [{addresses: [10.0.0.1], conditions: {ready: " + ready + "}}]}"
	}
	const http, grpc = "{name: http, port: 8080}", "{name: grpc, port: 9090}"
	for _, c := range []struct {
		slices []string
		want   string
	}{
		{[]string{slice(http+", "+grpc, "true")}, "ready: "},
		{[]string{slice(http, "true"), slice(grpc, "true")}, "ready: "},
		{[]string{slice(http, "true"), slice(grpc, "false")}, "waiting: none of its endpoints is ready at port grpc"},
		{[]string{slice(http, "true")}, "waiting: none of its endpoints is ready at port grpc"},
		{[]string{slice("", "true")}, "waiting: none of its endpoints is ready at port http"}, // no container has a port of targetPort's name
	} {
		check(t, "svc/s", sight{object: service, parts: map[role][]object{itsSlices: parseAll(t, c.slices...)}}, c.want)
	}
	unnamed := parse(t, "{metadata: {name: s}, spec: {selector: {app: shop}, ports: [{port: 80}]}}")
	check(t, "svc/s", sight{object: unnamed, parts: map[role][]object{itsSlices: parseAll(t, slice("{name: '', port: 8080}", "true"))}}, "ready: ")
	check(t, "svc/s", sight{object: unnamed, parts: map[role][]object{itsSlices: parseAll(t, slice("{port: 8080}", "true"))}}, "ready: ")
	check(t, "svc/s", sight{object: unnamed, parts: map[role][]object{itsSlices: parseAll(t, slice("", "true"))}}, "waiting: none of its endpoints is ready at port 80")
	named := map[role][]object{itsPods: parseAll(t, pod("a", "x", serving)), itsSlices: parseAll(t, slice("", "true"))}
	check(t, "svc/s", sight{object: unnamed, parts: named}, "waiting: does a container have a port of its targetPort's name?")
}

func TestASetIsReadyByItsNewRevision(t *testing.T) {
	set := func(status, strategy string) object {
		return parse(t, "{apiVersion: apps/v1, kind: StatefulSet, metadata: {name: db, uid: s, generation: 1}, spec: {replicas: 2, updateStrategy: {"+strategy+"}}, status: {"+status+"}}")
	}
	rev := func(name, hash string) string {
		return strings.Replace(pod(name, "s", serving), "{name: "+name, "{labels: {controller-revision-hash: "+hash+"}, name: "+name, 1)
	}
	const current = "observedGeneration: 1, replicas: 2, readyReplicas: 2, updatedReplicas: 2, currentReplicas: 2, availableReplicas: 2, updateRevision: new, currentRevision: new"
	check(t, "sts/db", sight{object: set(current, "type: RollingUpdate"), parts: map[role][]object{itsPods: parseAll(t, rev("a", "new"), rev("b", "new"))}}, "ready: ")
	check(t, "sts/db", sight{object: set(current, "type: RollingUpdate"), parts: map[role][]object{itsPods: parseAll(t, rev("a", "old"), rev("b", "new"))}}, "waiting: 1 of 2 pods are of the newest revision")
	check(t, "sts/db", sight{object: set(current, "type: OnDelete"), parts: map[role][]object{itsPods: parseAll(t, rev("a", "old"), rev("b", "old"))}}, "waiting: OnDelete")
	check(t, "sts/db", sight{object: set(current, "type: RollingUpdate, rollingUpdate: {partition: 1}"), parts: map[role][]object{itsPods: parseAll(t, rev("a", "old"), rev("b", "new"))}}, "ready: ")
	daemons := parse(t, "{apiVersion: apps/v1, kind: DaemonSet, metadata: {name: db, uid: s, generation: 1}, status: {observedGeneration: 1, desiredNumberScheduled: 1, currentNumberScheduled: 1, updatedNumberScheduled: 1, numberAvailable: 1, numberReady: 1}}")
	check(t, "ds/db", sight{object: daemons, parts: map[role][]object{itsPods: parseAll(t, pod("a", "s", serving))}}, "ready: ")
	check(t, "ds/db", sight{object: daemons, parts: map[role][]object{itsPods: parseAll(t, pod("a", "s", waits("CrashLoopBackOff", "", 5)))}}, "failed: 5 restarts")
	check(t, "ds/db", sight{object: parse(t, "{apiVersion: apps/v1, kind: DaemonSet, metadata: {generation: 1}, status: {observedGeneration: 1}}")}, "waiting: no node")
	replicas := parse(t, "{apiVersion: apps/v1, kind: ReplicaSet, metadata: {name: db, uid: s, generation: 1}, spec: {replicas: 1}, status: {observedGeneration: 1, replicas: 1, readyReplicas: 1, availableReplicas: 1, fullyLabeledReplicas: 1}}")
	check(t, "rs/db", sight{object: replicas, parts: map[role][]object{itsPods: parseAll(t, pod("a", "s", serving))}}, "ready: ")
	check(t, "rs/db", sight{object: replicas, parts: map[role][]object{itsPods: parseAll(t, evicted("z", "s"), pod("a", "s", serving))}}, "ready: ")
	check(t, "rs/db", sight{object: replicas}, "waiting: 0 of 1 pod is ready")
}

func TestOtherKindsAreReadyByWhatIsStated(t *testing.T) {
	custom := func(status string) object {
		return parse(t, "{apiVersion: x/v1, kind: Foo, metadata: {name: f, generation: 3}, status: {"+status+"}}")
	}
	for _, c := range []struct{ asked, status, want string }{
		{"foos.x.io/f condition=Ready", "conditions: [{type: Ready, status: 'True'}]", "ready: "},
		{"foos.x.io/f condition=Ready", "conditions: [{type: Ready, status: 'False', reason: NoCert, message: m}]", "waiting: its condition Ready is False, not True (NoCert: m)"},
		{"foos.x.io/f condition=Ready", "observedGeneration: 2, conditions: [{type: Ready, status: 'True'}]", "waiting: newest change"},
		{"foos.x.io/f condition=Ready", "conditions: [{type: Ready, status: 'True', observedGeneration: 2}]", "waiting: not about the newest change"},
		{"foos.x.io/f condition=Ready", "phase: Running", "waiting: has no condition Ready"},
		{"foos.x.io/f condition=Stalled=false", "conditions: [{type: Stalled, status: 'False'}]", "ready: "},
		{"foos.x.io/f jsonpath={.status.phase}=Running", "phase: Running", "ready: "},
		{"foos.x.io/f jsonpath=.status.phase=Running", "phase: Pending", "waiting: its {.status.phase} is Pending, not Running"},
		{"foos.x.io/f jsonpath={.status.url}", "phase: Pending", "waiting: has nothing at {.status.url} yet"},
		{"foos.x.io/f jsonpath={.status.url}", "url: http://x", "ready: "},
		{"foos.x.io/f jsonpath={.status.count}=2", "count: 2", "ready: "},
		{"foos.x.io/f jsonpath={.status.all[*].ok}=true", "all: [{ok: true}, {ok: false}]", "waiting: is false, not true"},
		{"ksvc/f", "conditions: [{type: Ready, status: Unknown, reason: Deploying}]", "waiting: Unknown"},
		{"isvc/f", "observedGeneration: 3, conditions: [{type: Ready, status: 'True'}]", "ready: "},
		{"rollout/f", "observedGeneration: '3', phase: Healthy", "ready: "},
		{"rollout/f", "observedGeneration: '2', phase: Healthy", "waiting: newest change"},
		{"rollout/f", "observedGeneration: 3, phase: Degraded, message: aborted", "failed: is degraded (aborted)"},
		{"rollout/f", "observedGeneration: '3', phase: Paused, message: CanaryPauseStep", "waiting: is paused (CanaryPauseStep)"},
		{"rollout/f", "observedGeneration: '3'", "waiting: is empty"},
	} {
		check(t, c.asked, sight{object: custom(c.status)}, c.want)
	}
}

func TestASelectorNeedsAllThatMatchAndOneAtLeast(t *testing.T) {
	target, err := Object{Object: "pod", Selector: "app=shop"}.target("prod")
	if err != nil {
		t.Fatal(err)
	}
	going := strings.Replace(pod("z", "x", unready), "{name: z", "{deletionTimestamp: '2026-03-14T11:00:00Z', name: z", 1)
	for _, c := range []struct {
		pods []string
		want string
	}{
		{nil, "nothing matches"},
		{[]string{going}, "nothing matches"},
		{[]string{pod("a", "x", serving), going}, ""},
		{[]string{pod("a", "x", serving), pod("b", "x", unready)}, "b: container web does not pass"},
		{[]string{pod("a", "x", serving), evicted("b", "x")}, ""},
		{[]string{evicted("b", "x")}, "nothing matches"},
		{[]string{pod("a", "x", serving), strings.Replace(evicted("b", "x"), "restartPolicy: Always", "restartPolicy: Never", 1)}, "b: failed (Evicted)"},
		{[]string{pod("a", "x", serving), strings.Replace(evicted("b", "x"), "controller: true", "controller: false", 1)}, "b: failed (Evicted)"},
	} {
		got := target.readAll(parseAll(t, c.pods...), noon)
		if (got.state == ready) != (c.want == "") || !strings.Contains(got.sentence, c.want) {
			t.Errorf("%d pods: %v %q, want %q", len(c.pods), got.state, got.sentence, c.want)
		}
	}
}
