package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/seatrial/seatrial/config"
	"github.com/seatrial/seatrial/migrate"
)

// importOptions is what an import is asked.
type importOptions struct {
	from   string // kind of the source; empty: found out
	output string // file; empty: stdout
}

func (p process) importCommand(code *int) *cobra.Command {
	var o importOptions
	c := &cobra.Command{
		Use: "import", SilenceErrors: true, SilenceUsage: true, Args: cobra.ArbitraryArgs,
		Short: "draw up a trial file from another tool's load test",
		Long: "Draw up a trial file from what there is: k6's options, a command line of fortio,\n" +
			"ghz, curl or iter8, a HAR file, an OpenAPI document, iter8's experiments and\n" +
			"metrics. What has no equal stands in it as a comment; secrets become references\n" +
			"to the environment.",
	}
	c.Run = func(c *cobra.Command, args []string) { *code = p.importFrom(args, c.ArgsLenAtDash(), o) }
	c.Flags().StringVar(&o.from, "from", "", "what it is: "+strings.Join(migrate.Kinds(), ", "))
	c.Flags().StringVar(&o.output, "output", "", "write to this file, which must not be there yet")
	c.SetUsageFunc(func(c *cobra.Command) error {
		_, err := fmt.Fprintf(c.OutOrStdout(), "Usage:\n  seatrial import [flags] FILE... | - | -- COMMAND...\n\nFlags:\n%s", c.LocalFlags().FlagUsages())
		return err
	})
	return c
}

// importFrom draws up a trial file of the arguments: files, or a command line
// behind the dash.
func (p process) importFrom(args []string, dash int, o importOptions) int {
	source, err := p.source(args, dash, o)
	if err != nil {
		p.tell("seatrial:", err)
		return exitBadInput
	}
	draft, err := migrate.Draft(source)
	var mistakes *migrate.Mistakes
	switch {
	case errors.As(err, &mistakes):
		p.tell(err)
		return exitBadInput
	case err != nil:
		p.tell("seatrial:", err)
		return exitInternal
	}
	if o.output == "" {
		_, err = p.stdout.Write(draft)
	} else {
		err = writeNew(o.output, draft)
	}
	if errors.Is(err, fs.ErrExist) {
		p.tell(fmt.Sprintf("seatrial: %s is there already: name another --output, or take it away; nothing was written.", o.output))
		return exitBadInput
	}
	if err != nil {
		p.tell("seatrial: writing the trial file:", err)
		return exitBroken
	}
	p.tellRest(draft)
	return exitPass
}

// source reads what the arguments name.
func (p process) source(args []string, dash int, o importOptions) (migrate.Source, error) {
	s := migrate.Source{Kind: o.from, ReadFile: p.readFile}
	if dash >= 0 {
		args, s.Words = args[:dash], args[dash:]
		if len(args) > 0 {
			return s, fmt.Errorf("files and a command line: give one or the other; nothing was written")
		}
	}
	for _, name := range args {
		data, err := p.importedFile(name)
		if err != nil {
			return s, fmt.Errorf("%w; nothing was written", err)
		}
		s.Files = append(s.Files, data)
	}
	return s, nil
}

func (p process) importedFile(name string) (migrate.File, error) {
	if name == "-" {
		data, err := io.ReadAll(p.stdin)
		return migrate.File{Name: "stdin", Data: data}, err
	}
	data, err := p.readFile(name)
	return migrate.File{Name: name, Data: data}, err
}

// writeNew writes a file that is not there yet. Only its owner may read it: who
// made it of a recording may have overlooked something.
func writeNew(name string, data []byte) error {
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	return errors.Join(err, f.Close())
}

// tellRest says what has to be filled in, and what else only the trial file's
// own rules tell, such as a file that is not there.
func (p process) tellRest(draft []byte) {
	environ := p.environ
	var unset []string
	for name, value := range migrate.StandIns(draft) {
		if p.getenv(name) == "" {
			unset, environ = append(unset, name), append(environ[:len(environ):len(environ)], name+"="+value)
		}
	}
	if slices.Sort(unset); len(unset) > 0 {
		p.tell("before the first run: fill in " + strings.Join(unset, ", "))
	}
	read := func(name string) ([]byte, error) {
		if name == draftName {
			return draft, nil
		}
		return p.readFile(name)
	}
	_, _, err := config.Load(config.Sources{Flags: map[string]string{"config": draftName}, Environ: environ, ReadFile: read})
	var mistakes *config.Mistakes
	if errors.As(err, &mistakes) {
		for _, m := range mistakes.All {
			p.tell("before the first run: " + m.String())
		}
	}
}

// draftName is what messages call the draft.
const draftName = "the draft"
