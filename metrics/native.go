package metrics

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"time"
)

// promNative is [seconds, histogram]: one sample of a native histogram.
// https://prometheus.io/docs/prometheus/latest/querying/api/#native-histograms
type promNative struct {
	at      time.Time
	count   float64
	sum     float64
	buckets []nativeBucket
}

type nativeBucket struct{ lower, upper, count float64 }

// UnmarshalJSON reads a pair.
func (n *promNative) UnmarshalJSON(text []byte) error {
	var seconds float64
	var body struct {
		Count   string               `json:"count"`
		Sum     string               `json:"sum"`
		Buckets [][4]json.RawMessage `json:"buckets"` // what of the edges is in, lower, upper, count
	}
	if err := readPair(text, &seconds, &body); err != nil {
		return err
	}
	n.at = atSeconds(seconds)
	var err error
	if n.count, err = strconv.ParseFloat(body.Count, 64); err != nil {
		return fmt.Errorf("a native histogram's count %.40q is no number", body.Count)
	}
	if n.sum, err = strconv.ParseFloat(body.Sum, 64); err != nil {
		return fmt.Errorf("a native histogram's sum %.40q is no number", body.Sum)
	}
	for _, raw := range body.Buckets {
		var b nativeBucket
		for i, into := range []*float64{&b.lower, &b.upper, &b.count} {
			var number string
			if err := json.Unmarshal(raw[i+1], &number); err != nil {
				return err
			}
			if *into, err = strconv.ParseFloat(number, 64); err != nil {
				return fmt.Errorf("a native histogram's bucket has %.40q, which is no number", number)
			}
		}
		n.buckets = append(n.buckets, b)
	}
	return nil
}

// nativeSeries are the points of a native histogram as if it had been a classic
// one with these bounds.
func nativeSeries(base series, samples []promNative, bounds []float64) []series {
	var out []series
	for _, bound := range bounds {
		s := base
		s.bound, s.bucket = &bound, base.name
		s.name = fmt.Sprintf("%s le=%v", base.name, bound)
		for _, n := range samples {
			s.points = append(s.points, point{n.at, n.atMost(bound)})
		}
		out = append(out, s)
	}
	return out
}

func nativeSum(base series, samples []promNative) series {
	for _, n := range samples {
		base.points = append(base.points, point{n.at, n.sum})
	}
	return base
}

// nativeBounds are the bounds that no bucket of any sample straddles, so that
// samples and series of other resolutions lose detail and no count.
func nativeBounds(samples []promNative) []float64 {
	bounds := []float64{math.Inf(1)}
	for _, n := range samples {
		for _, b := range n.buckets {
			bounds = append(bounds, b.upper)
		}
	}
	slices.Sort(bounds)
	return slices.DeleteFunc(slices.Compact(bounds), func(bound float64) bool {
		return slices.ContainsFunc(samples, func(n promNative) bool {
			return slices.ContainsFunc(n.buckets, func(b nativeBucket) bool { return b.lower < bound && bound < b.upper })
		})
	})
}

func (n promNative) atMost(bound float64) float64 {
	if math.IsInf(bound, 1) {
		return n.count
	}
	total := 0.0
	for _, b := range n.buckets {
		if b.upper <= bound {
			total += b.count
		}
	}
	return total
}
