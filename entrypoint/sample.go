package main

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/seatrial/seatrial/examples/sample"
)

// sampleCommand serves the sample service. It is hidden: demos and benchmarks
// start it, people need not know of it.
func (p process) sampleCommand(code *int) *cobra.Command {
	o := sample.Default()
	c := &cobra.Command{
		Use: "sample", Args: cobra.NoArgs, Hidden: true, SilenceErrors: true, SilenceUsage: true,
		Short: "serve the sample service",
		Long:  "Serve the sample service and print its URL. It ends with SIGTERM.",
		Run: func(c *cobra.Command, _ []string) {
			scheme := "http"
			if o.GRPC {
				scheme = "grpc"
			}
			err := sample.Serve(c.Context(), o, func(address string) { fmt.Fprintf(p.stdout, "%s://%s\n", scheme, address) })
			if *code = exitPass; err != nil {
				fmt.Fprintln(p.stderr, "seatrial: sample:", err)
				*code = exitBroken
			}
		},
	}
	f := c.Flags()
	f.StringVar(&o.Listen, "listen", o.Listen, "address and port; port 0 takes a free one")
	f.DurationVar(&o.Latency, "latency", o.Latency, "median time to an answer")
	f.Float64Var(&o.Spread, "spread", o.Spread, "σ of the lognormal around it")
	f.Float64Var(&o.Scale, "scale", o.Scale, "multiplies every latency")
	f.Uint64Var(&o.Seed, "seed", o.Seed, "draws latencies, errors and conversions")
	f.IntVar(&o.Body, "body", o.Body, "least length of the body in bytes")
	f.StringToStringVar(&o.Headers, "header", nil, "header of every answer, as in X-Version=v42")
	f.Var((*percentage)(&o.Errors), "errors", "share of requests answered 500")
	f.Var((*percentage)(&o.Conversions), "conversions", "share of good answers that count as converted")
	f.BoolVar(&o.GRPC, "grpc", o.GRPC, "speak gRPC instead of HTTP")
	f.StringVar(&o.Metrics, "metrics", o.Metrics, "path of its metrics, as in /metrics")
	f.StringVar(&o.Version, "version-label", o.Version, "label of its metrics")
	f.StringVar(&o.Times, "times", o.Times, "path at which it tells how long its answers took, as in /times")
	f.IntVar(&o.ErrorsAfter, "errors-after", o.ErrorsAfter, "requests that are answered before the errors begin")
	f.DurationVar(&o.StallEvery, "stall-every", o.StallEvery, "how often the service stands still")
	f.DurationVar(&o.StallFor, "stall-for", o.StallFor, "for how long")
	f.DurationVar(&o.HangAfter, "hang-after", o.HangAfter, "from then on never answer")
	f.DurationVar(&o.DieAfter, "die-after", o.DieAfter, "then close every connection")
	return c
}

// percentage is a share given as "6%" or "0.06".
type percentage float64

func (v *percentage) String() string { return strconv.FormatFloat(100*float64(*v), 'g', -1, 64) + "%" }
func (v *percentage) Type() string   { return "percentage" }

// Set reads the share; the service itself refuses one that is none.
func (v *percentage) Set(text string) error {
	number, isPercent := strings.CutSuffix(text, "%")
	value, err := strconv.ParseFloat(number, 64)
	if isPercent {
		value /= 100
	}
	*v = percentage(value)
	return err
}
