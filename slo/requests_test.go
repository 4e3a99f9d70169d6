package slo

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seatrial/seatrial/trial"
)

// mixed is a load of requests with these shares: times are those of the world,
// which is asked for each request apart.
func mixed(w func(random *rand.Rand, request, version, round int) float64, seed uint64, versions, count int, shares ...float64) []trial.Round {
	random := rand.New(rand.NewPCG(seed, 2))
	turn := 0
	var out []trial.Round
	for i := range count {
		r := trial.Round{
			Series: trial.LoadSeries, Index: i, Complete: true, Start: time.Duration(i) * roundLength, End: time.Duration(i+1) * roundLength,
			Generator: trial.Generator{Planned: perRound * versions},
		}
		for range perRound {
			request, place := 0, math.Mod(float64(turn)*0.6180339887498949, 1)
			for request < len(shares)-1 && place >= shares[request] {
				place -= shares[request]
				request++
			}
			turn++
			for v := range versions {
				q := trial.Request{Version: uint8(v), Name: uint8(request), Status: trial.Answered(200, true)}
				if x := w(random, request, v, i); x < 0 {
					q.Status = trial.Answered(500, false)
				} else {
					q.Latency = trial.Ticks(time.Duration(x * float64(time.Second)))
				}
				r.Requests = append(r.Requests, q)
			}
		}
		out = append(out, r)
	}
	return out
}

// shop is a world of requests that are as fast as each other, of which the last is
// slower in the candidate by a factor.
func shop(factor float64) func(*rand.Rand, int, int, int) float64 {
	return func(random *rand.Rand, request, version, _ int) float64 {
		x := 0.05 * math.Exp(0.3*random.NormFloat64())
		if request == 2 && version > 0 {
			x *= factor
		}
		return x
	}
}

var shopShares = []float64{0.5, 0.3, 0.2}

func shopPolicy(p *Policy) { p.Requests = []string{"home", "search", "buy"} }

func findings(c Conclusion) map[string]trial.Verdict {
	out := map[string]trial.Verdict{}
	for _, f := range c.Findings {
		out[f.Version+" "+f.Objective] = f.Verdict
	}
	return out
}

func TestOnlyTheRequestThatIsSlowerIsBlamed(t *testing.T) {
	j := judgeOf(t, both, shopPolicy, "latency-p95 <= 110% of baseline", "overall/latency-p50 <= 200ms")
	look := play(j, mixed(shop(2), 1, 2, 400, shopShares...))
	c := j.Conclude(true)
	got := findings(c)
	if look.Verdict != trial.Fail || got["candidate buy/latency-p95 <= 110% of baseline"] != trial.Fail || !strings.HasPrefix(c.Reason, "p95 latency of buy is ") {
		t.Errorf("%s: %s", look.Verdict, c.Reason)
	}
	for objective, verdict := range got {
		if verdict == trial.Fail && !strings.Contains(objective, "buy/latency") {
			t.Errorf("%s is blamed", objective)
		}
	}
	// Three asked of each, one of all, and three that every trial has.
	if c.Pairs != 7 || len(got) != 7 {
		t.Errorf("%d pairs, findings %v", c.Pairs, got)
	}
}

func TestRequestsThatAreAlikePassApart(t *testing.T) {
	j := judgeOf(t, both, shopPolicy, "latency-p50 <= 130% of baseline")
	look := play(j, mixed(shop(1), 1, 2, 960, shopShares...))
	c := j.Conclude(true)
	for objective, verdict := range findings(c) {
		if verdict != trial.Pass {
			t.Errorf("%s: %s", objective, verdict)
		}
	}
	if look.Verdict != trial.Pass || !strings.Contains(c.Reason, "all 6 objectives hold, shown in "+counted(look.Rounds, "round")) || strings.Contains(c.Reason, " and ") {
		t.Error(c.Reason)
	}
}

// What one request does is judged as if it alone had been sent, at its rate.
func TestARequestIsJudgedAsATrialOfItAloneWouldBe(t *testing.T) {
	together := mixed(shop(1.4), 3, 2, 400, 0.4, 0.4, 0.2)
	var apart []trial.Round
	for _, r := range together {
		var own []trial.Request
		for _, q := range r.Requests {
			if q.Name == 2 {
				q.Name = 0
				own = append(own, q)
			}
		}
		r.Requests, r.Generator.Planned = own, len(own)
		apart = append(apart, r)
	}
	only := func(p *Policy) { p.OnlyAsked = true }
	all := func(p *Policy) { shopPolicy(p); only(p) }
	for _, text := range []string{"latency-p95 <= 110% of baseline", "latency-mean <= 110% of baseline", "error-rate <= 2%", "throughput >= 10/s"} {
		named, bare := judgeOf(t, both, all, "buy/"+text), judgeOf(t, both, only, text)
		for i := range together {
			// A round of less than five of it counts as one with the next, and none is here.
			if len(apart[i].Requests) >= 2*fewestOfRequest {
				named.Look(together[i])
				bare.Look(apart[i])
			}
		}
		a, b := named.Conclude(true).Findings[0], bare.Conclude(true).Findings[0]
		if a.Verdict != b.Verdict || a.Against != b.Against || a.For != b.For || a.Rounds != b.Rounds || a.Candidate != b.Candidate || a.Requests != b.Requests {
			t.Errorf("%s\n%+v\n%+v", text, a, b)
		}
	}
}

// 1 % of 25 turns is one request every fourth round: its throughput is 1/s, and
// not that of the rounds that it came up in.
func TestRoundsWithoutARequestAreNoZerosAndNoRounds(t *testing.T) {
	j := judgeOf(t, both, func(p *Policy) { p.Requests = []string{"home", "rare"} },
		"rare/throughput >= 0.5/s", "rare/throughput <= 2/s", "rare/latency-stddev <= 1s", "rare/latency-mean <= 110% of baseline")
	play(j, mixed(shop(1), 1, 2, 480, 0.99, 0.01))
	c := j.Conclude(true)
	for _, f := range c.Findings[:3] {
		if f.Verdict != trial.Pass {
			t.Errorf("%s: %s", f.Objective, f.Reason)
		}
	}
	if f := c.Findings[0]; math.Abs(f.Candidate.Value-1) > 0.05 || !(f.Anytime.Low.Value > 0.8) || !(f.Anytime.High.Value < 1.2) {
		t.Errorf("a throughput of %s, %+v", f.Candidate, f.Anytime)
	}
	// Five make a round of its own: 20 rounds of load.
	if f := c.Findings[3]; f.Rounds < 6 || f.Rounds > 24 || f.Requests == 0 {
		t.Errorf("%d rounds of %d", f.Rounds, c.Rounds)
	}
}

func TestTotalsAndCoursesAreOfAllAndOfEach(t *testing.T) {
	j := judgeOf(t, both, shopPolicy, "latency-p95 <= 110% of baseline")
	for _, r := range mixed(shop(1), 1, 2, 40, shopShares...) {
		r.Warmup = r.Index < 10
		j.Look(r)
	}
	c := j.Conclude(true)
	all, each := map[string]int{}, map[string]int{}
	for _, total := range c.Totals {
		if total.Request == "" {
			all[total.Version] += total.Requests
		} else {
			each[total.Version] += total.Requests
		}
	}
	if diff := cmp.Diff(all, each); diff != "" || all["candidate"] != 30*perRound {
		t.Error(all, diff)
	}
	var of []string
	for _, track := range c.Tracks {
		of = append(of, track.Version+" "+track.Request)
		if track.Warmup == 0 || len(track.At) <= track.Warmup || track.P95[len(track.At)-1] == 0 {
			t.Errorf("%+v", track)
		}
	}
	want := "baseline ,candidate ,baseline home,candidate home,baseline search,candidate search,baseline buy,candidate buy"
	if got := strings.Join(of, ","); got != want {
		t.Error(got)
	}
}

// Every request gets a rule of errors of its own, but for what the trial says of it
// or of all.
func TestErrorsAreLimitedOfEachRequest(t *testing.T) {
	for asked, want := range map[string]string{
		"latency-p99 <= 300ms":           "home/error-rate <= baseline + 2%,search/error-rate <= baseline + 2%,buy/error-rate <= baseline + 2%",
		"search/error-rate <= 5%":        "home/error-rate <= baseline + 2%,buy/error-rate <= baseline + 2%",
		"overall/error-rate <= 1%":       "",
		"error-rate <= 1%":               "",
		"search/error-rate >= 0.1%":      "home/error-rate <= baseline + 2%,search/error-rate <= baseline + 2%,buy/error-rate <= baseline + 2%",
		"error-rate <= 200% of baseline": "",
	} {
		j := judgeOf(t, both, shopPolicy, asked)
		var got []string
		for _, o := range j.policy.Objectives {
			if o.Implied {
				got = append(got, o.Text)
			}
		}
		if strings.Join(got, ",") != want {
			t.Errorf("%s: %v, want %s", asked, got, want)
		}
	}
	j := judgeOf(t, both, shopPolicy)
	if n := len(j.questions); n != 6 {
		t.Errorf("nothing asked gives %d questions, want a latency and an error rate of each", n)
	}
}

// A request that fails alone is not hidden by the others.
func TestARareRequestThatFailsIsSeen(t *testing.T) {
	fails := func(random *rand.Rand, request, version, _ int) float64 {
		if request == 2 && version > 0 && random.Float64() < 0.3 {
			return -1
		}
		return 0.05
	}
	j := judgeOf(t, both, shopPolicy, "overall/latency-p50 <= 1s")
	play(j, mixed(fails, 1, 2, 400, 0.6, 0.35, 0.05))
	if c := j.Conclude(true); c.Verdict != trial.Fail || !strings.HasPrefix(c.Reason, "error rate of buy is ") {
		t.Error(c.Reason)
	}
}

func TestWhatIsAskedByNameIsNotAskedTwice(t *testing.T) {
	j := judgeOf(t, both, func(p *Policy) { shopPolicy(p); p.OnlyAsked = true }, "latency-p99 <= 300ms", "buy/latency-p99 <= 300ms", "buy/latency-p99 <= 200ms")
	var got []string
	for _, q := range j.questions {
		got = append(got, q.objective.Text)
	}
	want := []string{"home/latency-p99 <= 300ms", "search/latency-p99 <= 300ms", "buy/latency-p99 <= 300ms", "buy/latency-p99 <= 200ms"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestRequestsAreBound(t *testing.T) {
	named := append([]Metric{{Name: "shop/latency-p95", Kind: trial.ValueKind, Unit: Unit(trial.Seconds)}}, declaredMetrics...)
	for text, want := range map[string]string{
		"chekout/latency-p95 <= 1s":  "no request is called chekout; did you mean checkout? (known: home, checkout, overall)",
		"checkout/latncy-p95 <= 1s":  "no metric of the request checkout is called latncy-p95; did you mean latency-p95?",
		"checkout/cpu <= 0.7":        "no metric of the request checkout is called cpu",
		"overall/cpu <= 0.7":         "no metric of the request overall is called cpu",
		"checkout/cpus <= 0.7":       "no metric of the request checkout",
		"other/thing <= 0.7":         "no metric is called other/thing",
		"checkout/latency-p95 <= 1%": `"1%" is not a latency`,
		"shop/latency-p95 <= 1s":     "",
		"checkout/latency-p95 <= 1s": "",
		"overall/error-rate ≤ 1%":    "",
	} {
		var o Objective
		err := o.UnmarshalText([]byte(text))
		if err == nil {
			err = o.Bind(named, "home", "checkout")
		}
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
		if want == "" && (o.metric == declared) != strings.HasPrefix(text, "shop/") {
			t.Errorf("%s is bound to %v of %q", text, o.metric, o.request)
		}
	}
}

func TestARewardSaysOfWhichRequest(t *testing.T) {
	bind := func(text string, requests ...string) (Reward, error) {
		var r Reward
		if err := r.UnmarshalText([]byte(text)); err != nil {
			t.Fatal(err)
		}
		err := r.Bind(nil, requests...)
		return r, err
	}
	if _, err := bind("minimize latency-mean", "home", "buy"); err == nil || !strings.Contains(err.Error(), "minimize overall/latency-mean") || !strings.Contains(err.Error(), "minimize home/latency-mean") {
		t.Error(err)
	}
	if r, err := bind("minimize latency-mean", "home"); err != nil || r.Text != "minimize home/latency-mean" || r.request != "home" {
		t.Errorf("%+v, %v", r, err)
	}
	slow, err := bind("minimize buy/latency-mean", shopNames...)
	if err != nil {
		t.Fatal(err)
	}
	// By buy the candidate is worse; by all requests nobody could tell so soon.
	j := judgeOf(t, both, func(p *Policy) { shopPolicy(p); p.Rewards, p.OnlyAsked = []Reward{slow}, true })
	play(j, mixed(shop(1.5), 1, 2, 240, shopShares...))
	c := j.Conclude(true)
	if d := c.Choice.Rankings[0].Duels[0]; !d.Better || d.Rounds > c.Rounds || !strings.Contains(c.Reason, "mean latency of buy") {
		t.Errorf("%s %+v", c.Reason, d)
	}
	home, _ := bind("minimize home/latency-mean", shopNames...)
	p := Policy{Rewards: []Reward{slow, home}, Requests: shopNames}
	if got := strings.Join(p.CheckPattern(1, true), "\n"); !strings.Contains(got, "load of buy, load of home") {
		t.Error(got)
	}
}

var shopNames = []string{"home", "search", "buy"}

// A gateway's failures are charged to whom they are charged in a trial of one
// request, and a pass holds though the candidate had given them all.
func TestRequestsBehindOneAddress(t *testing.T) {
	behind := func(failing float64) Conclusion {
		j := judgeOf(t, both, func(p *Policy) { shopPolicy(p); p.OneAddress = true }, "error-rate <= baseline + 5%", "buy/latency-p50 <= 130% of baseline")
		random := rand.New(rand.NewPCG(1, 1))
		for _, r := range mixed(shop(1), 1, 2, 960, shopShares...) {
			for i := range r.Requests {
				if q := &r.Requests[i]; q.Name == 2 && random.Float64() < failing {
					q.Version, q.Status = trial.Nobody, trial.Answered(502, false)
				}
			}
			j.Look(r)
		}
		return j.Conclude(true)
	}
	if c := behind(0); c.Verdict != trial.Pass {
		t.Error(c.Reason)
	}
	c := behind(0.2)
	got := findings(c)
	if got["candidate buy/error-rate <= baseline + 5%"] == trial.Pass || got["candidate home/error-rate <= baseline + 5%"] != trial.Pass {
		t.Errorf("%v", got)
	}
	for _, total := range c.Totals {
		if (total.Charged > 0) != (total.Request == "" || total.Request == "buy") {
			t.Errorf("%s of %s: %d charged", total.Request, total.Version, total.Charged)
		}
	}
}

func TestForecastsAreOfEachRequest(t *testing.T) {
	p := asked(t, "error-rate <= 2%")
	p.Requests = []string{"home", "rare"}
	got := Plan(p, alone, mixed(shop(1), 1, 1, 80, 0.9, 0.1), 2400, roundLength)
	if len(got) != 2 || got[0].Objective != "home/error-rate <= 2%" || got[1].Objective != "rare/error-rate <= 2%" {
		t.Fatalf("%+v", got)
	}
	// Without an error as many requests are needed of each, which take nine times as long.
	if home, rare := got[0], got[1]; rare.Problem != "" || math.Abs(float64(rare.Requests-home.Requests)) > 30 || math.Abs(rare.Seconds/home.Seconds-9) > 1.5 {
		t.Errorf("%+v\n%+v", home, rare)
	}
	got = Plan(p, alone, mixed(shop(1), 1, 1, 12, 0.9, 0.1), 2400, roundLength)
	if got[0].Problem != "" || !strings.Contains(got[1].Problem, "5 whole rounds of rare on record; a forecast needs 8: use warmup: 5s") {
		t.Errorf("%+v", got)
	}
}

// What a pass promises of rare stalls is a time, and a rare request gets no other.
func TestAtLeastIsTheLoadsTime(t *testing.T) {
	quick := func(*rand.Rand, int, int, int) float64 { return 0.05 }
	j := judgeOf(t, both, func(p *Policy) { p.Requests, p.OnlyAsked = []string{"home", "rare"}, true }, "rare/latency-mean <= 110% of baseline")
	if look := play(j, mixed(quick, 1, 2, 960, 0.95, 0.05)); look.Verdict != trial.Pass || look.Rounds != leastRounds {
		t.Errorf("%s after %d rounds", look.Verdict, look.Rounds)
	}
}
