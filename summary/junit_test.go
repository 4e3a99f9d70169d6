package summary

import (
	"encoding/xml"
	"errors"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/seatrial/seatrial/trial"
)

// schemaElement is what junit-10.xsd says of one element.
type schemaElement struct {
	attributes map[string]string // type by name
	required   []string
	children   []string
	hasText    bool
}

// xsd is the part of XML Schema that junit-10.xsd is written in, from
// https://github.com/jenkinsci/xunit-plugin
// (src/main/resources/org/jenkinsci/plugins/xunit/types/model/xsd/junit-10.xsd).
type xsd struct {
	Simple []struct {
		Name    string `xml:"name,attr"`
		Pattern struct {
			Value string `xml:"value,attr"`
		} `xml:"restriction>pattern"`
	} `xml:"simpleType"`
	Elements []struct {
		Name    string `xml:"name,attr"`
		Type    string `xml:"type,attr"`
		Complex struct {
			Mixed      bool     `xml:"mixed,attr"`
			Sequence   []xsdRef `xml:"sequence>element"`
			Nested     []xsdRef `xml:"sequence>choice>element"`
			Choice     []xsdRef `xml:"choice>element"`
			Attributes []struct {
				Name string `xml:"name,attr"`
				Type string `xml:"type,attr"`
				Use  string `xml:"use,attr"`
			} `xml:"attribute"`
		} `xml:"complexType"`
	} `xml:"element"`
}

type xsdRef struct {
	Ref string `xml:"ref,attr"`
}

func readSchema(t *testing.T) (elements map[string]schemaElement, patterns map[string]*regexp.Regexp) {
	t.Helper()
	var schema xsd
	if err := xml.Unmarshal(testdata(t, "junit-10.xsd"), &schema); err != nil {
		t.Fatal(err)
	}
	elements, patterns = map[string]schemaElement{}, map[string]*regexp.Regexp{}
	for _, s := range schema.Simple {
		patterns[s.Name] = regexp.MustCompile("^(" + s.Pattern.Value + ")$")
	}
	for _, e := range schema.Elements {
		known := schemaElement{attributes: map[string]string{}, hasText: e.Complex.Mixed || e.Type == "xs:string"}
		for _, a := range e.Complex.Attributes {
			known.attributes[a.Name] = a.Type
			if a.Use == "required" {
				known.required = append(known.required, a.Name)
			}
		}
		for _, r := range slices.Concat(e.Complex.Sequence, e.Complex.Nested, e.Complex.Choice) {
			known.children = append(known.children, r.Ref)
		}
		elements[e.Name] = known
	}
	if len(elements) != 14 || len(patterns) != 1 || len(elements["testcase"].children) < 5 || len(elements["testsuite"].required) != 4 {
		t.Fatalf("the schema was not understood: %v", elements)
	}
	return elements, patterns
}

// invalid is what a document does that the schema does not allow.
func invalid(t *testing.T, document string) (mistakes []string) {
	t.Helper()
	elements, patterns := readSchema(t)
	var open []string
	for d := xml.NewDecoder(strings.NewReader(document)); ; {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return mistakes
		}
		if err != nil {
			return append(mistakes, err.Error())
		}
		switch token := token.(type) {
		case xml.StartElement:
			name := token.Name.Local
			known, found := elements[name]
			if !found || len(open) > 0 && !slices.Contains(elements[open[len(open)-1]].children, name) {
				mistakes = append(mistakes, name+" may not stand in "+strings.Join(open, " "))
			}
			mistakes = append(mistakes, invalidAttributes(token, known, patterns)...)
			open = append(open, name)
		case xml.EndElement:
			open = open[:len(open)-1]
		case xml.CharData:
			if strings.TrimSpace(string(token)) != "" && !elements[open[len(open)-1]].hasText {
				mistakes = append(mistakes, "text in "+open[len(open)-1])
			}
		}
	}
}

func invalidAttributes(e xml.StartElement, known schemaElement, patterns map[string]*regexp.Regexp) (mistakes []string) {
	var given []string
	for _, a := range e.Attr {
		given = append(given, a.Name.Local)
		kind, allowed := known.attributes[a.Name.Local]
		if pattern := patterns[kind]; !allowed || pattern != nil && !pattern.MatchString(a.Value) {
			mistakes = append(mistakes, e.Name.Local+" may not have "+a.Name.Local+"="+a.Value)
		}
	}
	for _, name := range known.required {
		if !slices.Contains(given, name) {
			mistakes = append(mistakes, e.Name.Local+" lacks "+name)
		}
	}
	return mistakes
}

func TestJUnitKeepsToTheSchemaOfJenkins(t *testing.T) {
	for name, r := range measuredReports() {
		if mistakes := invalid(t, JUnit(r)); mistakes != nil {
			t.Errorf("%s: %q", name, mistakes)
		}
	}
	for name, s := range hostile {
		for _, r := range poisonedReports(s + "\x00\ufffe ]]> &amp; \"'") {
			if mistakes := invalid(t, JUnit(r)); mistakes != nil {
				t.Errorf("hostile %s: %q", name, mistakes)
			}
		}
	}
	if len(invalid(t, `<testsuites><testsuite tests="1" time="x"><testcase status="ok"/>text</testsuite></testsuites>`)) != 7 {
		t.Error("the check lets mistakes pass")
	}
}

// counts are the cases of a document as a viewer counts them, and as its suites
// claim them.
type counts struct{ tests, failures, errors, skipped int }

func countsOf(t *testing.T, document string) (found, claimed counts, texts []string) {
	t.Helper()
	var read struct {
		Tests    int `xml:"tests,attr"`
		Failures int `xml:"failures,attr"`
		Errors   int `xml:"errors,attr"`
		Suites   []struct {
			Skipped int `xml:"skipped,attr"`
			Cases   []struct {
				Failure []string `xml:"failure"`
				Error   []string `xml:"error"`
				Skipped []string `xml:"skipped"`
			} `xml:"testcase"`
		} `xml:"testsuite"`
	}
	if err := xml.Unmarshal([]byte(document), &read); err != nil {
		t.Fatal(err)
	}
	claimed = counts{tests: read.Tests, failures: read.Failures, errors: read.Errors}
	for _, s := range read.Suites {
		claimed.skipped += s.Skipped
		for _, c := range s.Cases {
			found.tests++
			found.failures += len(c.Failure)
			found.errors += len(c.Error)
			found.skipped += len(c.Skipped)
			texts = append(texts, slices.Concat(c.Failure, c.Error, c.Skipped)...)
		}
	}
	return found, claimed, texts
}

// Nobody looks twice at a green suite.
func TestJUnitIsGreenIfAndOnlyIfTheTrialPassed(t *testing.T) {
	all := measuredReports()
	all["empty"] = trial.Report{}
	undecidedContest := wonByOne()
	undecidedContest.Verdict = trial.Inconclusive
	for i := range undecidedContest.Findings {
		undecidedContest.Findings[i].Verdict = trial.Pass
	}
	all["undecided contest"] = undecidedContest
	for name, r := range all {
		found, claimed, _ := countsOf(t, JUnit(r))
		green := found.failures+found.errors == 0
		if passed := r.Status == trial.Judged && r.Verdict == trial.Pass; green != passed || found.tests == 0 {
			t.Errorf("%s: green %v, passed %v, %d cases", name, green, passed, found.tests)
		}
		if found != claimed {
			t.Errorf("%s: claims %+v, has %+v", name, claimed, found)
		}
	}
}

func TestJUnitSaysWhatBecameOfEachFinding(t *testing.T) {
	all := measuredReports()
	lostByRewards := undecidedContest()
	lostByRewards.Verdict = trial.Fail
	all["lost by rewards"] = lostByRewards
	for name, want := range map[string]counts{
		"pass": {4, 0, 0, 1}, "fail": {3, 1, 0, 1}, "inconclusive": {3, 0, 2, 0}, "not-ready": {2, 0, 1, 1}, "broken": {2, 0, 1, 1},
		"lost by rewards": {2, 1, 0, 0},
		"cancelled":       {4, 0, 1, 2}, "bad-input": {1, 0, 1, 0}, "standing": {4, 1, 1, 1}, "rivals": {6, 0, 0, 4},
	} {
		if found, _, _ := countsOf(t, JUnit(all[name])); found != want {
			t.Errorf("%s: %+v, want %+v", name, found, want)
		}
	}
	for name, want := range map[string]string{
		"fail":         "p95 latency is 27 % above baseline",
		"inconclusive": "Inconclusive: neither a pass nor a fail was shown\np95 latency is 8 % above baseline",
		"pass":         "For information, not judged: inconclusive\nthroughput is 99.7/s",
		"not-ready":    "can't become ready: deployment/shop-canary",
		"rivals":       "Not needed for the verdict",
		"bad-input":    "no metric is called latncy-p95",
	} {
		if _, _, texts := countsOf(t, JUnit(all[name])); !strings.Contains(strings.Join(texts, "\n"), want) {
			t.Errorf("%s: no %q in %q", name, want, texts)
		}
	}
}

func TestJUnitTimesAreTheTrials(t *testing.T) {
	document := JUnit(withTotals(undecided()))
	seconds := strconv.FormatFloat(undecided().Measured.Lasted.Seconds(), 'f', 3, 64)
	for _, want := range []string{`<testsuites name="seatrial" time="` + seconds, `skipped="0" time="` + seconds + `" timestamp="2026-03-14T09:26:53"`} {
		if !strings.Contains(document, want) {
			t.Errorf("no %s in\n%s", want, document)
		}
	}
	if !strings.Contains(JUnit(passing()), `time="21.000"`) { // 84 rounds of 250 ms
		t.Error("a finding's time is not that of its decision")
	}
}
