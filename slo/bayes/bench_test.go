package bayes

import (
	"fmt"
	"testing"
)

func BenchmarkCost(b *testing.B) {
	for _, n := range []float64{1e3, 1e6, 1e9} {
		k := n / 100
		for _, f := range []struct {
			name string
			run  func()
		}{
			{"Contrast", func() { Contrast{n, 0.01, n}.Evidence() }},
			{"Share", func() { Share(k, n, 0.01) }},
			{"ShareDifference", func() { ShareDifference(k, n, 1.1*k, n, 0.005) }},
			{"StudentInterval", func() { StudentInterval(Contrast{n, 0.01, n}, 0.9) }},
			{"BetaWithin", func() { BetaWithin(k, n, 0.01) }},
			{"BetaInterval", func() { BetaInterval(k, n, 0.9) }},
			{"OrderInterval", func() { OrderInterval(n, 0.99, 0.9) }},
			{"DifferenceWithin", func() { DifferenceWithin(k, n, 1.1*k, n, 0.001) }},
			{"DifferenceInterval", func() { DifferenceInterval(k, n, 1.1*k, n, 0.9) }},
		} {
			b.Run(fmt.Sprintf("%s/%g", f.name, n), func(b *testing.B) {
				for b.Loop() {
					f.run()
				}
			})
		}
	}
}
