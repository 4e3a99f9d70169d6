package summary

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// longest is the most of one untrusted text that is shown, in characters.
const longest = 600

// Plain makes untrusted text safe for a terminal, a CI log and an annotation:
// one line without control sequences, invisible characters or anything that a
// runner takes for a command, and not longer than a reader will read.
func Plain(s string) string { return clip(s, longest) }

// clip is Plain with a length of its own.
func clip(s string, most int) string {
	s = strings.ToValidUTF8(s[:min(len(s), 16*most)], "\uFFFD")
	if strings.ContainsAny(s, "\x1b\u009b") {
		s = sequences.ReplaceAllString(s, "")
	}
	words := strings.Fields(strings.Map(visible, s))
	for i, word := range words {
		words[i] = notCommand(word)
	}
	s = strings.Join(words, " ")
	if utf8.RuneCountInString(s) <= most {
		return s
	}
	return strings.TrimRight(string([]rune(s)[:most-1]), " ") + "…"
}

// sequences matches the control sequences and strings of ECMA-48: their tails
// are printable, so that dropping the escape character alone leaves litter.
var sequences = regexp.MustCompile("(?:\x1b\\[|\u009b)[0-?]*[ -/]*[@-~]|\x1b[\\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\\\)?|\x1b[ -/]*[0-~]")

// visible maps what can't be seen to nothing, or to a space where it parts
// words. Format characters (Cf) hold the bidirectional overrides, which show a
// text in another order than it is read.
func visible(r rune) rune {
	switch {
	case ' ' < r && r < 0x7f:
		return r
	case unicode.IsSpace(r):
		return ' '
	case unicode.In(r, unicode.Cc, unicode.Cf, unicode.Co, unicode.Cs):
		return -1
	}
	return r
}

// notCommand breaks up what a runner would obey: "::set-output …" at the start
// of a line (GitHub; leading blanks do not protect, and any word may come to
// stand first when lines are wrapped), "##[…" and "##vso[…" anywhere (Azure).
func notCommand(word string) string {
	if strings.HasPrefix(word, "::") {
		rest := strings.TrimLeft(word, ":")
		word = strings.TrimRight(strings.Repeat(": ", len(word)-len(rest))+rest, " ")
	}
	for strings.Contains(word, "##") {
		word = strings.ReplaceAll(word, "##", "# #")
	}
	return word
}

// mark makes untrusted text safe anywhere in a line of Markdown, cells of
// tables included: it shows as written, and makes no markup, no raw HTML, no
// link and no mention. Entities stand where renderers disagree about
// backslashes; a zero-width space parts what is recognised only after entities
// were resolved (@name, #123, https://…).
func mark(s string) string { return escapeMarkdown(Plain(s)) }

var markdown = strings.NewReplacer(
	"&", "&amp;", "<", "&lt;", ">", "&gt;", "|", "&#124;", "`", "&#96;", "\\", "&#92;", "$", "&#36;",
	"*", "\\*", "_", "\\_", "[", "\\[", "]", "\\]", "~", "\\~",
	"@", "@&#8203;", "#", "#&#8203;", "://", ":&#8203;//", "www.", "www&#8203;.",
)

// escapeMarkdown is mark for what Plain or clip returned.
func escapeMarkdown(s string) string {
	if opensBlock(s) {
		return "&#8203;" + markdown.Replace(s)
	}
	return markdown.Replace(s)
}

// opensBlock reports whether a line that begins with s might begin a list, a
// rule, a heading's underline or a table's second row.
func opensBlock(s string) bool {
	if s == "" {
		return false
	}
	rest := strings.TrimLeft(s, "0123456789")
	if len(rest) < len(s) {
		return strings.HasPrefix(rest, ".") || strings.HasPrefix(rest, ")")
	}
	return strings.ContainsRune("-+=:", rune(s[0]))
}

// code is untrusted text in a code span, or merely escaped where a code span
// can't hold it: pipes and backslashes mean different things inside and outside
// of tables.
func code(s string) string {
	s = Plain(s)
	if s == "" || strings.ContainsAny(s, "`|\\") {
		return escapeMarkdown(s)
	}
	return "`" + s + "`"
}

// quote makes untrusted text one word of a POSIX shell's command line.
func quote(s string) string {
	s = Plain(s)
	if s != "" && strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./-") == "" && s[0] != '-' {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

// lines parts untrusted text at its newlines, as far as a reader will read.
func lines(s string) []string {
	const most = 20
	var out []string
	for line := range strings.SplitSeq(s, "\n") {
		if len(out) == most {
			break
		}
		if line = Plain(line); line != "" {
			out = append(out, line)
		}
	}
	return out
}
