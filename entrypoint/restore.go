package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/seatrial/seatrial/config"
	"github.com/seatrial/seatrial/k8s"
	"github.com/seatrial/seatrial/summary"
)

// addRouteInputs gives a command the inputs that name a route and its cluster.
func addRouteInputs(c *cobra.Command) {
	inputs := []string{"config", "route", "namespace", "kubeconfig", "kube-context"}
	for _, input := range config.Inputs {
		if slices.Contains(inputs, input.Name) {
			c.Flags().String(input.Name, "", input.Help)
		}
	}
}

func (p process) restoreCommand(code *int) *cobra.Command {
	c := &cobra.Command{
		Use: "restore", Args: cobra.NoArgs, SilenceErrors: true, SilenceUsage: true,
		Short: "bring back what was on a route before a trial that died",
		Long: "Bring back what was on a route before a trial that ended without doing so, as\n" +
			"its note on the route says. A route without a note stays as it is.",
	}
	addRouteInputs(c)
	force := c.Flags().Bool("force", false, "bring it back whatever another hand changed since, and though its trial lives")
	keep := c.Flags().Bool("keep", false, "leave the route as it is and take the note away")
	all := c.Flags().Bool("all", false, "every route in the namespace that carries a note")
	c.MarkFlagsMutuallyExclusive("force", "keep")
	c.MarkFlagsMutuallyExclusive("all", "route")
	c.Run = func(c *cobra.Command, _ []string) {
		means := k8s.Careful
		switch {
		case *force:
			means = k8s.Force
		case *keep:
			means = k8s.Keep
		}
		*code = p.restore(c.Context(), changed(c), means, *all)
	}
	return c
}

func (p process) restore(ctx context.Context, flags map[string]string, means k8s.Means, all bool) int {
	file, cluster, code := p.routeAndCluster(flags, all)
	if code != exitPass {
		return code
	}
	tell := func(text string) { fmt.Fprintln(p.stdout, summary.Plain(text)) }
	var err error
	if all {
		err = k8s.RestoreAll(ctx, cluster, file.Traffic.Namespace, means, p.now, tell)
	} else {
		err = k8s.Restore(ctx, cluster, file.Traffic.Name(), file.Traffic.Namespace, means, p.now, tell)
	}
	if err != nil {
		p.tell("seatrial restore:", err)
		return exitBroken
	}
	return exitPass
}

// routeAndCluster reads which route is meant. Where flags say it, the trial
// file need not be there, nor be whole.
func (p process) routeAndCluster(flags map[string]string, all bool) (config.File, *k8s.Cluster, int) {
	file, _, err := config.Load(config.Sources{Flags: flags, Environ: p.environ, ReadFile: p.readFile})
	if !file.Traffic.Wanted() && !all {
		p.tell("seatrial: no route is named: give --route httproute/shop, or a trial file with traffic.route")
		return file, nil, exitBadInput
	}
	if err != nil && flags["route"] == "" && !all {
		p.tell(err)
		return file, nil, exitBadInput
	}
	cluster, err := p.cluster(file)
	if err != nil {
		p.tell(err)
		return file, nil, exitBadInput
	}
	return file, cluster, exitPass
}

// heardWithin is how long an order's answer is waited for: trials obey within a
// round, and rounds are seconds.
const heardWithin = 30 * time.Second

func (p process) overrideCommand(code *int) *cobra.Command {
	c := &cobra.Command{
		Use: "override ORDER", Args: cobra.RangeArgs(1, 2), SilenceErrors: true, SilenceUsage: true,
		Short: "tell the trial on a route to pause, resume or end",
		Long: "Tell the trial that moves a route's traffic to keep its weights (pause), to move\n" +
			"them again (resume), or to end with a split (end 70/30 in the order of the\n" +
			"versions, or end candidate=30). It is obeyed within a round, and recorded.",
	}
	addRouteInputs(c)
	c.Run = func(c *cobra.Command, order []string) { *code = p.override(c.Context(), changed(c), order) }
	return c
}

func (p process) override(ctx context.Context, flags map[string]string, order []string) int {
	file, cluster, code := p.routeAndCluster(flags, false)
	if code != exitPass {
		return code
	}
	answer, err := k8s.Override(ctx, cluster, file.Traffic.Name(), file.Traffic.Namespace, strings.Join(order, " "), p.who(), heardWithin)
	switch {
	case err != nil:
		p.tell("seatrial override:", err)
		return exitBroken
	case answer == "":
		p.tell(fmt.Sprintf("seatrial override: %s: nobody has obeyed within %s. The order stays on the route; if its trial is dead, seatrial restore brings back what was there", file.Traffic.Name(), heardWithin))
		return exitBroken
	}
	fmt.Fprintln(p.stdout, summary.Plain(file.Traffic.Name()+": "+answer))
	return exitPass
}
