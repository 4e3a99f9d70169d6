package summary

import (
	"encoding/xml"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/seatrial/seatrial/trial"
)

// JUnit is the report as the test results that GitLab, Jenkins and GitHub's
// viewers show: a suite for each version on trial, a case for each finding.
//
// Its colour is the trial's: a case is red (failure or error) if, and only if,
// the trial did not pass. All these viewers show a suite of passed and skipped
// cases as green, so what is open in an inconclusive trial is an error, and a
// trial that was not judged is a case of its own. What can't change the verdict
// is skipped: objectives for information, versions that are out of the running
// for a winner, and what was still open when a fail ended the trial.
func JUnit(r trial.Report) string {
	v := newView(r)
	out := junitSuites{Name: "seatrial", Time: junitTime(r.Measured.Lasted)}
	if r.Name != "" {
		out.Name += " " + clip(r.Name, longestName)
	}
	for _, f := range r.Findings {
		out.suite(v, f.Version).add(v.junitCase(f))
	}
	red := 0
	for _, s := range out.Suites {
		red += s.Failures + s.Errors
	}
	if r.Status != trial.Judged || !v.passed() && red == 0 {
		out.Suites = append([]*junitSuite{v.junitTrial()}, out.Suites...)
	}
	for _, s := range out.Suites {
		out.Tests, out.Failures, out.Errors = out.Tests+s.Tests, out.Failures+s.Failures, out.Errors+s.Errors
	}
	text, err := xml.MarshalIndent(out, "", "  ")
	if err != nil {
		panic("junit: " + err.Error()) // of types that can't be written, which these are not
	}
	return xml.Header + string(text) + "\n"
}

// The elements and attributes that the schema of Jenkins allows; the schema is
// testdata/junit-10.xsd.
type junitSuites struct {
	XMLName  xml.Name      `xml:"testsuites"`
	Name     string        `xml:"name,attr"`
	Time     string        `xml:"time,attr"`
	Tests    int           `xml:"tests,attr"`
	Failures int           `xml:"failures,attr"`
	Errors   int           `xml:"errors,attr"`
	Suites   []*junitSuite `xml:"testsuite"`
}

type junitSuite struct {
	Name      string         `xml:"name,attr"`
	Tests     int            `xml:"tests,attr"`
	Failures  int            `xml:"failures,attr"`
	Errors    int            `xml:"errors,attr"`
	Skipped   int            `xml:"skipped,attr"`
	Time      string         `xml:"time,attr"`
	Timestamp string         `xml:"timestamp,attr,omitempty"`
	Build     *junitProperty `xml:"properties>property"` // the version's label
	Cases     []junitCase    `xml:"testcase"`
	Out       string         `xml:"system-out"`

	version string
}

type junitProperty struct {
	Name  string `xml:"name,attr"`
	Value string `xml:"value,attr"`
}

type junitCase struct {
	Name    string       `xml:"name,attr"`
	Class   string       `xml:"classname,attr"`
	Time    string       `xml:"time,attr"`
	Failure *junitResult `xml:"failure"`
	Error   *junitResult `xml:"error"`
	Skipped *junitResult `xml:"skipped"`
	Out     string       `xml:"system-out,omitempty"`
}

// junitResult says all in its text: GitLab shows no message beside a text.
type junitResult struct {
	Type    string `xml:"type,attr"`
	Message string `xml:"message,attr"`
	Text    string `xml:",chardata"`
}

// suite is the one of a version.
func (s *junitSuites) suite(v view, version string) *junitSuite {
	for _, known := range s.Suites {
		if known.version == version {
			return known
		}
	}
	added := v.junitSuite(clip(version, longestName))
	added.version = version
	for _, known := range v.Versions {
		if known.Name == version && known.Label != "" {
			added.Build = &junitProperty{"version", clip(known.Label, longestName)}
		}
	}
	s.Suites = append(s.Suites, added)
	return added
}

func (v view) junitSuite(name string) *junitSuite {
	s := &junitSuite{Name: name, Time: junitTime(v.Measured.Lasted), Out: v.junitVerdict()}
	if !v.Started.IsZero() {
		s.Timestamp = v.Started.UTC().Format("2006-01-02T15:04:05")
	}
	return s
}

func (s *junitSuite) add(c junitCase) {
	s.Cases, s.Tests = append(s.Cases, c), s.Tests+1
	switch {
	case c.Failure != nil:
		s.Failures++
	case c.Error != nil:
		s.Errors++
	case c.Skipped != nil:
		s.Skipped++
	}
}

// passed is the one outcome that is green.
func (v view) passed() bool { return v.Status == trial.Judged && v.Verdict == trial.Pass }

// junitCase is named for what stays the same from run to run, so that viewers
// can tell a new failure from an old one: names, never labels or figures.
func (v view) junitCase(f trial.Finding) junitCase {
	r := v.row(f)
	c := junitCase{
		Name: clip(f.Version, longestName) + ": " + r.about, Class: "seatrial." + clip(f.Version, longestName),
		Time: junitTime(v.Measured.Lasted),
	}
	if f.Decided > 0 {
		c.Time = junitTime(time.Duration(f.Decided) * v.Measured.RoundLength)
		if r.fromElsewhere() {
			c.Time = junitTime(time.Duration(float64(f.Decided) * f.Window * float64(time.Second)))
		}
	}
	result := &junitResult{Type: f.Verdict.String(), Message: Plain(f.Reason)}
	result.Text = strings.Join(append([]string{result.Message}, r.junitFigures()...), "\n")
	why := func(said string) { result.Text = said + "\n" + result.Text }
	switch {
	case f.Inform:
		why("For information, not judged: " + f.Verdict.String())
		c.Skipped = result
	case f.Verdict == trial.Pass:
		c.Out = result.Text
	case v.passed():
		why("Not needed for the verdict: the trial passed without this version")
		c.Skipped = result
	case f.Verdict == trial.Fail:
		c.Failure = result
	case v.Status == trial.Judged && v.Verdict == trial.Inconclusive:
		why("Inconclusive: neither a pass nor a fail was shown")
		c.Error = result
	default:
		why("Open when the trial ended: " + outcomeOf(v.Report).word)
		c.Skipped = result
	}
	return c
}

// junitFigures are what is known of a finding, one a line.
func (r row) junitFigures() []string {
	var out []string
	say := func(name string, q trial.Quantity, around string) {
		if !q.Known() || r.Rounds == 0 {
			return
		}
		text := name + ": " + q.String()
		if around != "" {
			text += " (" + around + ")"
		}
		out = append(out, text)
	}
	say("baseline", r.Baseline, "")
	say("candidate", r.Candidate, r.within)
	if r.change != "" {
		say("change", r.Change, r.interval)
	}
	if r.Rounds > 0 {
		out = append(out, fmt.Sprintf("evidence: %s beyond the limit, %s within it, %s:1 needed", odds(r.Against.Most), odds(r.For.Most), grouped(int(r.Needed))))
	}
	if why := r.why(); why != "" {
		out = append(out, "without data: "+why)
	}
	return append(out, r.seen())
}

// junitTrial is the suite of the trial itself, with the one case that tells why
// it is no pass where no objective does.
func (v view) junitTrial() *junitSuite {
	s := v.junitSuite("trial")
	o := outcomeOf(v.Report)
	result := &junitResult{Type: v.Status.String(), Message: v.claim(), Text: v.junitVerdict()}
	c := junitCase{Name: "trial: verdict", Class: "seatrial.trial", Time: s.Time}
	if v.Status == trial.Judged {
		result.Type = v.Verdict.String()
	}
	if result.Message == "" {
		result.Message = o.word
	}
	if v.Status == trial.Judged && v.Verdict == trial.Fail {
		c.Failure = result // all candidates lost by the rewards alone
	} else {
		c.Error = result
	}
	s.add(c)
	return s
}

// junitVerdict is the verdict and its reason.
func (v view) junitVerdict() string {
	said := append([]string{outcomeOf(v.Report).word}, lines(v.Reason)...)
	said = append(said, nonEmpty([]string{Plain(v.Remedy)})...)
	for _, s := range v.trafficSaid() {
		said = append(said, s.label+": "+s.text)
	}
	said = append(said, v.remarks()...)
	return strings.TrimRight(strings.Join(said, "\n")+"\n"+v.unreadyText(0), "\n")
}

// junitTime is a time in seconds to the millisecond.
func junitTime(d time.Duration) string { return strconv.FormatFloat(d.Seconds(), 'f', 3, 64) }
