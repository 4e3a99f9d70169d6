package platform

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// DotenvFile is the file of the outputs in the report's directory.
const DotenvFile = "outputs.env"

// Limits of GitLab for dotenv reports: 5 KB, and 20 variables on an instance
// that nobody configured (docs: ci/yaml/artifacts_reports, artifacts:reports:dotenv).
const (
	dotenvBytes     = 5 << 10
	dotenvVariables = 20
)

// Dotenv is the outputs as NAME=value lines that GitLab hands to later jobs:
// "exit-code" is SEATRIAL_EXIT_CODE. Values are percent-encoded (RFC 3986), for
// they may hold neither spaces nor quotes nor newlines. The longest are
// shortened where all of them would be too long; then they end in an ellipsis.
func Dotenv(outputs []Output) string {
	outputs = outputs[:min(len(outputs), dotenvVariables)]
	left := dotenvBytes
	longestLast := make([]int, len(outputs))
	for i, o := range outputs {
		left -= len(dotenvName(o.Name)) + len("=\n")
		longestLast[i] = i
	}
	slices.SortStableFunc(longestLast, func(a, b int) int {
		return cmp.Compare(len(percentEncoded(outputs[a].Value)), len(percentEncoded(outputs[b].Value)))
	})
	values := make([]string, len(outputs))
	for done, i := range longestLast {
		values[i] = encodedWithin(outputs[i].Value, left/(len(outputs)-done))
		left -= len(values[i])
	}
	var text strings.Builder
	for i, o := range outputs {
		fmt.Fprintf(&text, "%s=%s\n", dotenvName(o.Name), values[i])
	}
	return text.String()
}

// WriteDotenv puts the outputs into the directory, whole or not at all.
func WriteDotenv(dir string, outputs []Output) error {
	path := filepath.Join(dir, DotenvFile)
	if err := os.WriteFile(path+".tmp", []byte(Dotenv(outputs)), 0o644); err != nil {
		return fmt.Errorf("writing the outputs: %w", err)
	}
	if err := os.Rename(path+".tmp", path); err != nil {
		return fmt.Errorf("writing the outputs: %w", err)
	}
	return nil
}

// dotenvName is SEATRIAL_ and the output's name, in letters that a variable may
// have. SEATRIAL_REPORT_DIR is an input: a later trial would take it for its own.
func dotenvName(output string) string {
	if output == "report-dir" {
		output = "report-path"
	}
	return "SEATRIAL_" + strings.Map(func(r rune) rune {
		switch {
		case 'a' <= r && r <= 'z':
			return r - 'a' + 'A'
		case 'A' <= r && r <= 'Z', '0' <= r && r <= '9':
			return r
		}
		return '_'
	}, output)
}

// unchanged are the characters of a value that stand for themselves, beside
// letters and digits: none of them means anything to a shell.
const unchanged = "-._~/:,+@="

func percentEncoded(value string) string {
	var text strings.Builder
	for _, b := range []byte(strings.ToValidUTF8(value, "\uFFFD")) {
		switch {
		case 'a' <= b && b <= 'z', 'A' <= b && b <= 'Z', '0' <= b && b <= '9', strings.IndexByte(unchanged, b) >= 0:
			text.WriteByte(b)
		default:
			fmt.Fprintf(&text, "%%%02X", b)
		}
	}
	return text.String()
}

// encodedWithin encodes a value in at most so many bytes.
func encodedWithin(value string, most int) string {
	const ellipsis = "%E2%80%A6" // U+2026
	if whole := percentEncoded(value); len(whole) <= most {
		return whole
	}
	var text strings.Builder
	for _, r := range value {
		next := percentEncoded(string(r))
		if text.Len()+len(next)+len(ellipsis) > most {
			break
		}
		text.WriteString(next)
	}
	return text.String() + ellipsis
}
