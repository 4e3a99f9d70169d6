package k8s

import (
	"context"
	"fmt"
)

// dryTake reads what is there and shows what Take would change.
func (k *Keeper) dryTake(ctx context.Context) ([]int, error) {
	weights, err := k.look(ctx)
	if err != nil {
		return nil, k.cluster.allowing(err)
	}
	return weights, k.dryWrite(func(i int, o object) (*note, error) {
		return k.note(i), k.lay(i, o, k.opening(weights))
	})
}

// dryShow shows what a shift would change of the live objects.
func (k *Keeper) dryShow(ctx context.Context, p Plan) error {
	if _, err := k.look(ctx); err != nil {
		return err
	}
	return k.dryWrite(func(i int, o object) (*note, error) { return k.note(i), k.lay(i, o, p) })
}

// dryLeave shows what would be left: with nil nothing but what is there.
func (k *Keeper) dryLeave(ctx context.Context, weights []int) error {
	if _, err := k.look(ctx); err != nil {
		return err
	}
	return k.dryWrite(func(i int, o object) (*note, error) {
		if weights == nil {
			return nil, nil
		}
		return nil, k.lay(i, o, Plan{Weights: weights})
	})
}

// dryWrite writes the diff of each object against the live one.
func (k *Keeper) dryWrite(change func(i int, o object) (*note, error)) error {
	for i, o := range k.kept {
		live, planned := o.seen(), o.seen()
		n, err := change(i, planned)
		if err != nil {
			return err
		}
		if err := n.stamp(planned); err != nil {
			return fmt.Errorf("%s: %w", o.label, err)
		}
		diff, err := diffObjects(o, live, planned)
		if err != nil {
			return fmt.Errorf("%s: %w", o.label, err)
		}
		if _, err := fmt.Fprint(k.Dry, diff); err != nil {
			return fmt.Errorf("telling of a change: %w", err)
		}
	}
	return nil
}

func diffObjects(o *kept, live, planned object) (string, error) {
	a, err := excerpt(live, withAnnotations(o.owns))
	if err != nil {
		return "", err
	}
	b, err := excerpt(planned, withAnnotations(o.owns))
	if err != nil {
		return "", err
	}
	return unified("live/"+o.label, "trial/"+o.label, a, b), nil
}

func withAnnotations(owned [][]string) [][]string {
	return append([][]string{{"metadata", "annotations"}}, owned...)
}
