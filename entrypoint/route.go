package main

import (
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"time"

	"github.com/seatrial/seatrial/config"
	"github.com/seatrial/seatrial/k8s"
	"github.com/seatrial/seatrial/runner"
)

// clusterRoute is the route in the cluster that the file names.
func clusterRoute(p process, file config.File, cluster *k8s.Cluster) (runner.Route, error) {
	routing := routingOf(file)
	routing.Where, routing.Now, routing.Tell = p.who(), p.now, func(text string) { p.tell(text) }
	holder, err := p.holder()
	if err != nil {
		return nil, err
	}
	routing.Holder = holder
	if file.Traffic.DryRun {
		routing.Dry = p.stdout
	}
	keeper, err := k8s.NewKeeper(cluster, routing)
	if err != nil {
		return nil, err
	}
	return keeper, nil
}

// liveWithin is how long a route's controller may take a change to heart.
const liveWithin = 15 * time.Second

// routingOf is what the file says of the route.
func routingOf(file config.File) k8s.Routing {
	plan := file.Plan()
	r := k8s.Routing{
		Route: file.Traffic.Route, Namespace: file.Traffic.Namespace, Backends: file.Backends(),
		Opening: plan.Weights, Match: plan.Match, Mirror: plan.Mirror, Sticky: plan.Sticky,
		Wait: file.Ready.Within, Settle: liveWithin,
	}
	for _, w := range file.Traffic.Weights {
		r.Weights = append(r.Weights, k8s.Weight{Object: w.Object, Path: w.JSONPath, Version: w.Version})
	}
	return r
}

// cluster prepares to speak to the cluster that the inputs name.
func (p process) cluster(file config.File) (*k8s.Cluster, error) {
	return file.Cluster.Connect(k8s.Environment{Getenv: p.getenv, ReadFile: p.readFile, LookPath: exec.LookPath})
}

// holder tells this trial from all others.
func (p process) holder() (string, error) {
	random := make([]byte, 4)
	if _, err := io.ReadFull(p.random, random); err != nil {
		return "", fmt.Errorf("drawing a name for the trial: %w", err)
	}
	return hostname() + "/" + strconv.Itoa(os.Getpid()) + "/" + hex.EncodeToString(random), nil
}

// who is the person or the job that runs this process.
func (p process) who() string {
	for _, name := range []string{"GITHUB_ACTOR", "GITLAB_USER_LOGIN", "USER", "LOGNAME"} {
		if user := p.getenv(name); user != "" {
			return user + "@" + hostname()
		}
	}
	return hostname()
}

// hostname is this machine's; one that has none is still a place.
func hostname() string {
	if name, err := os.Hostname(); err == nil {
		return name
	}
	return "unknown-host"
}
