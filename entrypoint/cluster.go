package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"sync"

	"github.com/seatrial/seatrial/config"
	"github.com/seatrial/seatrial/k8s"
	"github.com/seatrial/seatrial/loadgen"
	"github.com/seatrial/seatrial/platform"
	"github.com/seatrial/seatrial/runner"
	"github.com/seatrial/seatrial/summary"
	"github.com/seatrial/seatrial/trial"
)

// connect prepares to speak to the cluster, where anything in the file needs
// it; nil elsewhere. What a log must not show is masked.
func (p process) connect(file config.File, where platform.Platform) (*k8s.Cluster, error) {
	if !file.NeedsCluster() {
		return nil, nil
	}
	cluster, err := file.Cluster.Connect(k8s.Environment{Getenv: p.getenv, ReadFile: p.readFile, LookPath: exec.LookPath})
	if err != nil {
		return nil, err
	}
	where.Mask(cluster.Secrets())
	if err := file.Elsewhere(cmp.Or(file.Traffic.Namespace, cluster.Namespace)); err != nil {
		return nil, err
	}
	return cluster, p.network.unreachableCluster(p.getenv, cluster.Server())
}

// waiter waits for all that the file wants to be ready.
func (p process) waiter(file config.File, cluster *k8s.Cluster) (runner.Waiter, error) {
	targets := file.Targets()
	if file.NoLoad() {
		targets = nil // they are asked nothing
	}
	http, err := loadgen.NewWaiter(file.Ready.HTTP(), file.Load, file.Sent(), targets)
	if err != nil || len(file.Ready.Objects) == 0 {
		return http, err
	}
	tell := func(object, sentence string) {
		fmt.Fprintf(p.stderr, "… %s: %s\n", summary.Plain(object), summary.Plain(sentence))
	}
	objects, err := k8s.NewWaiter(cluster, file.Ready.Objects, file.Ready.Within, file.Load.Secrets, tell)
	if err != nil {
		return nil, err
	}
	return waiters{http, objects}, nil
}

// waiters wait at the same time.
type waiters []runner.Waiter

// Wait returns nil when all have returned nil, else one *trial.NotReadyError
// with all reasons, or the first error of another kind. What can't become
// ready ends the wait of all.
func (w waiters) Wait(ctx context.Context) error {
	waiting, stop := context.WithCancel(ctx)
	defer stop()
	errs := make([]error, len(w))
	var all sync.WaitGroup
	for i, one := range w {
		all.Go(func() {
			errs[i] = one.Wait(waiting)
			var missing *trial.NotReadyError
			if errs[i] != nil && (!errors.As(errs[i], &missing) || missing.Hopeless) {
				stop()
			}
		})
	}
	all.Wait()
	if err := ctx.Err(); err != nil {
		return err
	}
	return joined(errs)
}

func joined(errs []error) error {
	var out *trial.NotReadyError
	for _, err := range errs {
		var missing *trial.NotReadyError
		switch {
		case errors.As(err, &missing) && out == nil:
			copied := *missing
			out = &copied
		case errors.As(err, &missing):
			out.Hopeless = out.Hopeless || missing.Hopeless
			out.Reasons = append(out.Reasons, missing.Reasons...)
			out.Unready = append(out.Unready, missing.Unready...)
		case err != nil && !errors.Is(err, context.Canceled):
			return err
		}
	}
	if out == nil {
		return nil
	}
	return out
}
