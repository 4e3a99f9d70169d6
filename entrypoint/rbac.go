package main

import (
	"cmp"
	"fmt"
	"os/exec"

	"github.com/spf13/cobra"

	"github.com/seatrial/seatrial/config"
	"github.com/seatrial/seatrial/k8s"
)

func (p process) rbacCommand(code *int) *cobra.Command {
	c := &cobra.Command{
		Use: "rbac", Args: cobra.NoArgs, SilenceErrors: true, SilenceUsage: true,
		Short: "print the Role that a trial needs in the cluster",
		Long: "Print, as YAML for kubectl apply -f -, the rights in the cluster that the trial\n" +
			"file needs, and no others. Inputs are those of a trial; nothing is sent.",
	}
	addInputs(c)
	account := c.Flags().String("account", "seatrial", "name of the ServiceAccount, the Role and its binding")
	c.Run = func(c *cobra.Command, _ []string) { *code = p.rbac(changed(c), *account) }
	c.SetUsageFunc(func(c *cobra.Command) error {
		_, err := fmt.Fprintf(c.OutOrStdout(), "Usage:\n  seatrial rbac [inputs] [flags]\n\nFlags:\n      --account NAME   %s\n\nseatrial --help lists the inputs.\n", c.Flag("account").Usage)
		return err
	})
	return c
}

// rbac prints the rights that a trial file needs.
func (p process) rbac(flags map[string]string, account string) int {
	file, _, err := config.Load(config.Sources{Flags: flags, Environ: p.environ, ReadFile: p.readFile})
	if err != nil {
		p.tell(err)
		return exitBadInput
	}
	if !file.NeedsCluster() {
		p.tell("seatrial: nothing in the trial file is about the cluster, so it needs no rights there.")
		return exitPass
	}
	namespace := p.namespace(file)
	rules := k8s.Rules(namespace, file.Ready.Objects)
	if file.Traffic.Wanted() {
		routing := routingOf(file)
		routing.Namespace = cmp.Or(routing.Namespace, namespace)
		more, err := routing.Rules()
		if err != nil {
			p.tell(err)
			return exitBadInput
		}
		rules = append(rules, more...)
	}
	for _, ref := range file.SecretRefs() {
		rules = append(rules, k8s.SecretRule(cmp.Or(ref.Namespace, namespace), ref.Name))
	}
	fmt.Fprint(p.stdout, k8s.RBAC(account, namespace, rules))
	return exitPass
}

// namespace is where objects are that name none: the kubeconfig is only asked
// where nothing else says.
func (p process) namespace(file config.File) string {
	if file.Cluster.Namespace != "" {
		return file.Cluster.Namespace
	}
	cluster, err := file.Cluster.Connect(k8s.Environment{Getenv: p.getenv, ReadFile: p.readFile, LookPath: exec.LookPath})
	if err != nil {
		p.tell("warning: no kubeconfig tells the namespace, so default is meant; --namespace names another")
		return "default"
	}
	return cluster.Namespace
}
