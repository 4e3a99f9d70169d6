package main

import (
	"context"
	"time"

	"github.com/seatrial/seatrial/config"
	"github.com/seatrial/seatrial/k8s"
	"github.com/seatrial/seatrial/platform"
)

// secretsWithin is how long the cluster may take to give all secrets.
const secretsWithin = 30 * time.Second

// fillSecrets asks the cluster for what it holds of the trial file, and masks it.
func (p process) fillSecrets(ctx context.Context, file *config.File, cluster *k8s.Cluster, where platform.Platform) error {
	if len(file.SecretRefs()) == 0 {
		return nil
	}
	ctx, done := context.WithTimeout(ctx, secretsWithin)
	defer done()
	before := len(file.Load.Secrets)
	err := file.FillSecrets(func(r config.SecretRef) (string, error) {
		return cluster.SecretValue(ctx, r.Namespace, r.Name, r.Key)
	})
	where.Mask(file.Load.Secrets[before:])
	where.Mask(file.Secrets())
	return err
}

// reachSecrets is fillSecrets of a command that needs nothing else of the cluster.
func (p process) reachSecrets(ctx context.Context, file *config.File, where platform.Platform) error {
	if len(file.SecretRefs()) == 0 {
		return nil
	}
	cluster, err := p.connect(*file, where)
	if err != nil {
		return err
	}
	return p.fillSecrets(ctx, file, cluster, where)
}
