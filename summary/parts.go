package summary

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/seatrial/seatrial/trial"
)

// findings is the one table that everybody reads.
func (v view) findings() string {
	if len(v.rows) == 0 {
		return ""
	}
	compared := v.compared()
	var t table
	t.column("", "---")
	t.column("objective", "---")
	if v.several {
		t.column("candidate", "---")
	}
	if compared {
		t.column(v.headed("baseline", trial.Baseline), "--:")
	}
	t.column(v.headed("candidate", trial.Candidate), "--:")
	if compared {
		t.column("change ("+percent(v.Measured.Confidence)+" interval)", "--:")
	}
	t.column("", "---")
	for _, r := range v.rows {
		cells := []string{r.emoji(), r.cell()}
		if v.several {
			cells = append(cells, code(r.version))
		}
		if compared {
			cells = append(cells, firm(r.Baseline.String()))
		}
		cells = append(cells, around(r.value, r.within))
		if compared {
			cells = append(cells, around(r.bold(), r.interval))
		}
		t.row(append(cells, r.how())...)
	}
	return t.String()
}

// headed is a column's heading with the one version that it is about.
func (v view) headed(word string, role trial.Role) string {
	if role == trial.Candidate && v.several {
		return "measured"
	}
	for _, version := range v.Versions {
		if title := v.title(version.Name); version.Role == role && title != word {
			return word + " " + code(title)
		}
	}
	return word
}

func (r row) emoji() string {
	if r.Inform {
		return "ℹ️"
	}
	return verdictOf(r.Verdict).emoji
}

func (r row) bold() string {
	if r.change == "" || r.Verdict != trial.Fail || r.Inform {
		return r.change
	}
	return "**" + r.change + "**"
}

// around is an estimate with its interval: a line may break between the two.
func around(estimate, interval string) string {
	if interval == "" {
		return firm(estimate)
	}
	return firm(estimate) + " (" + firm(interval) + ")"
}

// firm keeps a figure on one line.
func firm(figure string) string { return strings.ReplaceAll(figure, " ", "\u00a0") }

// apart is a number with its unit after a space, where a line must not break.
var apart = regexp.MustCompile(`(\d) (%|[mµ]?s\b)`)

// cell is the row's objective, escaped for a table.
func (r row) cell() string { return escapeMarkdown(apart.ReplaceAllString(r.about, "$1\u00a0$2")) }

// reasons is each finding in a sentence of its own.
func (v view) reasons() string {
	var items []string
	for _, r := range v.rows {
		reason := strings.TrimRight(Plain(r.Reason), ".")
		item := fmt.Sprintf("- %s **%s** — %s (%s)", r.emoji(), escapeMarkdown(v.owned(r)), escapeMarkdown(reason), r.seen())
		if why := r.why(); why != "" {
			item += "; without data: " + escapeMarkdown(why)
		}
		items = append(items, item)
	}
	return strings.Join(items, "\n")
}

func (v view) examples() string {
	if len(v.Examples) == 0 {
		return ""
	}
	var t table
	t.column("version", "---")
	t.column("answer", "---")
	t.column("times", "--:")
	t.column("as the version wrote it", "---")
	for _, e := range v.Examples {
		t.row(v.answerer(e), escapeMarkdown(clip(e.Status, longestName)), grouped(e.Count), code(e.Text))
	}
	return t.String()
}

// answerer is who gave an answer, as far as that is known.
func (v view) answerer(e trial.Example) string {
	if e.Version == "" {
		return "not told apart"
	}
	return code(v.title(e.Version))
}

func (v view) measuredTitle() string {
	if !v.hasLoad() {
		return "How it was measured: " + counted(v.Measured.Rounds, "window")
	}
	return "How it was measured: " + counted(v.Measured.Rounds, "round") + ", " + counted(v.Measured.Requests, "request")
}

func (v view) method() string {
	if v.Measured.Rounds == 0 {
		return ""
	}
	text := mark(v.measured())
	for _, more := range []string{v.contestMethod(), v.wireTable()} {
		if more != "" {
			text += "\n\n" + more
		}
	}
	return text
}

func (v view) notes() string {
	var texts []string
	for _, note := range v.Notes {
		texts = append(texts, Plain(note))
	}
	return list(nonEmpty(texts))
}

// figures is all that is known of each finding.
func (v view) figures() string {
	if len(v.rows) == 0 {
		return ""
	}
	var t table
	for _, head := range []string{"objective", "version"} {
		t.column(head, "---")
	}
	for _, head := range []string{"baseline", "estimate", "change", "anytime interval", "90 % credible interval", "P(within)",
		"evidence beyond", "evidence within", "needed", "rounds", "effective", "requests"} {
		t.column(head, "--:")
	}
	for _, r := range v.rows {
		figures := []string{r.Baseline.String(), r.value, r.Change.String(),
			span(trial.Quantity{}, r.Anytime), span(trial.Quantity{}, r.Credible), probability(r.Within),
			odds(r.Against.Most), odds(r.For.Most), grouped(int(r.Needed)) + ":1", grouped(r.Rounds), grouped(int(math.Round(r.Effective))), r.requests()}
		for i := range figures {
			figures[i] = firm(figures[i])
		}
		t.row(append([]string{r.cell(), code(r.version)}, figures...)...)
	}
	return t.String() + "\n\n" + v.judgedBy() + "\n\nEvidence is the most there was at any look: how much better the rounds agree with a truth beyond the limit, " +
		"or within it, than with the limit itself. It decides, and the anytime interval goes with it; estimates are pooled over all rounds, " +
		"and the posterior (credible interval, P(within)) is for people and decides nothing."
}

// judgedBy names each statistic once, with the metrics that it judged.
func (v view) judgedBy() string {
	var statistics []string
	metrics := map[string][]string{}
	for _, r := range v.rows {
		statistic := Plain(r.Statistic)
		if _, known := metrics[statistic]; !known {
			statistics = append(statistics, statistic)
		}
		if !slices.Contains(metrics[statistic], r.name()) && len(metrics[statistic]) < fewest {
			metrics[statistic] = append(metrics[statistic], r.name())
		}
	}
	var items []string
	for _, statistic := range statistics {
		items = append(items, "- "+escapeMarkdown(strings.Join(metrics[statistic], ", "))+": "+escapeMarkdown(statistic))
	}
	return strings.Join(items, "\n")
}

// particulars is who was compared, and by what.
func (v view) particulars() string {
	const most = 50
	if len(v.Versions) == 0 {
		return ""
	}
	var t table
	for _, head := range []string{"version", "role", "build", "address"} {
		t.column(head, "---")
	}
	for _, version := range v.Versions[:min(len(v.Versions), most)] {
		t.row(code(version.Name), version.Role.String(), code(version.Label), code(version.URL))
	}
	text := t.String()
	if left := len(v.Versions) - most; left > 0 {
		text += fmt.Sprintf("\n\nand %d more", left)
	}
	facts := []string{"seatrial " + escapeMarkdown(clip(v.Tool, longestName))}
	if !v.Started.IsZero() {
		facts = append(facts, "started "+v.Started.UTC().Format("2006-01-02 15:04:05 UTC"))
	}
	if v.Measured.Seed != 0 {
		facts = append(facts, "seed "+strconv.FormatUint(v.Measured.Seed, 10))
	}
	facts = append(facts, "exit code "+strconv.Itoa(v.ExitCode))
	return text + "\n\n" + strings.Join(facts, " · ")
}

// reproduce is told in a fence of tildes: no escaped text holds one in front.
func (v view) reproduce() string {
	if v.Measured.Rounds == 0 {
		return ""
	}
	text := "With the evidence directory at hand (this report lies in it), judge the same rounds again, or try another limit on them; nothing is sent:\n\n" +
		"~~~sh\nseatrial judge seatrial-report\n"
	if again := v.again("seatrial-report"); again != "seatrial judge seatrial-report" {
		text += again + "\n"
	}
	if !v.hasLoad() {
		return text + "~~~"
	}
	return text + "~~~\n\nTo send the same requests in the same order again, run the trial file with " +
		fmt.Sprintf("`load: {seed: %d}`.", v.Measured.Seed)
}
