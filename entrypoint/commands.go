package main

import (
	"context"
	"fmt"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"

	"github.com/seatrial/seatrial/config"
	"github.com/seatrial/seatrial/summary"
	"github.com/seatrial/seatrial/trial"
)

// main runs the command that the arguments name and returns its exit code.
func (p process) main(ctx context.Context) int {
	code := exitBadInput
	root := p.rootCommand(&code)
	root.AddCommand(p.calibrateCommand(&code), p.capacityCommand(&code), p.demoCommand(&code), p.importCommand(&code), p.judgeCommand(&code), p.metricsCommand(&code), p.overrideCommand(&code), p.planCommand(&code), p.publishCommand(&code), p.rbacCommand(&code), p.restoreCommand(&code), p.sampleCommand(&code), p.schemaCommand(&code), p.versionCommand(&code))
	root.SetArgs(p.args)
	root.SetOut(p.stdout)
	root.SetErr(p.stderr)
	if err := root.ExecuteContext(ctx); err != nil {
		p.tell(fmt.Sprintf("seatrial: %v\nsee seatrial --help; nothing was sent.", err))
		return exitBadInput
	}
	return code
}

func (p process) rootCommand(code *int) *cobra.Command {
	c := &cobra.Command{
		Use: "seatrial", Args: objectivesAfterDash, SilenceErrors: true, SilenceUsage: true,
		CompletionOptions: cobra.CompletionOptions{HiddenDefaultCmd: true},
	}
	asked := c.Flags().Bool("version", false, "print the version")
	c.Run = func(c *cobra.Command, objectives []string) {
		if *asked {
			*code = p.printVersion()
			return
		}
		*code = p.run(c.Context(), withObjectives(changed(c), objectives))
	}
	addInputs(c)
	c.SetHelpFunc(func(c *cobra.Command, _ []string) {
		*code = exitPass
		if c.HasParent() {
			fmt.Fprint(p.stdout, c.Long+"\n\n"+c.UsageString())
			return
		}
		fmt.Fprint(p.stdout, config.Help()+"\nCommands\n")
		for _, command := range c.Commands() {
			if command.IsAvailableCommand() {
				fmt.Fprintf(p.stdout, "  seatrial %-10s  %s\n", command.Use, command.Short)
			}
		}
	})
	return c
}

// objectivesAfterDash takes what follows "--" as objectives, one an argument:
// pipelines that expand lists into arguments have no other place for them.
func objectivesAfterDash(c *cobra.Command, args []string) error {
	if dash := c.ArgsLenAtDash(); dash >= 0 {
		args = args[:dash]
	}
	return cobra.NoArgs(c, args)
}

// withObjectives adds those after the dash to those of the flag.
func withObjectives(flags map[string]string, objectives []string) map[string]string {
	if len(objectives) > 0 {
		flags["objectives"] += "\n" + strings.Join(objectives, "\n")
	}
	return flags
}

func (p process) printVersion() int {
	fmt.Fprintln(p.stdout, "seatrial", version)
	return exitPass
}

// addInputs gives the command a flag for every input of the table.
func addInputs(c *cobra.Command) {
	for _, input := range config.Inputs {
		if input.Name == "" {
			continue
		}
		c.Flags().String(input.Name, "", input.Help)
		if input.Bool {
			c.Flags().Lookup(input.Name).NoOptDefVal = "true"
		}
	}
}

// changed are the flags that were given.
func changed(c *cobra.Command) map[string]string {
	flags := map[string]string{}
	for _, input := range config.Inputs {
		if f := c.Flags().Lookup(input.Name); input.Name != "" && f != nil && f.Changed {
			flags[input.Name] = f.Value.String()
		}
	}
	return flags
}

func (p process) schemaCommand(code *int) *cobra.Command {
	return &cobra.Command{
		Use: "schema", Args: cobra.NoArgs, Long: "Print the JSON schema of the trial file.",
		Short: "print the JSON schema of the trial file",
		Run: func(*cobra.Command, []string) {
			fmt.Fprintln(p.stdout, strings.TrimSpace(string(config.Schema())))
			*code = exitPass
		},
	}
}

func (p process) versionCommand(code *int) *cobra.Command {
	c := &cobra.Command{Use: "version", Args: cobra.NoArgs, Long: "Print the version of seatrial.", Short: "print the version"}
	sbom := c.Flags().Bool("sbom", false, "print what it is built of, as CycloneDX JSON")
	c.Run = func(*cobra.Command, []string) {
		if *sbom {
			*code = p.printSBOM()
			return
		}
		*code = p.printVersion()
	}
	return c
}

func (p process) printSBOM() int {
	info, known := debug.ReadBuildInfo()
	if !known {
		fmt.Fprintln(p.stderr, "seatrial: this program was built without module information")
		return exitInternal
	}
	if err := writeSBOM(p.stdout, info); err != nil {
		fmt.Fprintln(p.stderr, "seatrial:", err)
		return exitInternal
	}
	return exitPass
}

// text is the report for a terminal.
func (p process) text(r trial.Report, dir string) string {
	return summary.Text(r, summary.Style{Color: p.color, Width: p.width, ReportDir: dir})
}
