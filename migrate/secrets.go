package migrate

import (
	"fmt"
	"net/url"
	"regexp"
	"strings"
)

// Names that are used for secrets, in headers, queries, bodies and settings.
var secretName = regexp.MustCompile(`(?i)(^|[^a-z])x?auth($|[^a-z])|authori[sz]ation|authenticat|oauth|token|secret|passw|pwd|cookie|credential|session|signature|api-?_?key|access-?_?key|private-?_?key|^(x-.*-)?key$|^sig$|csrf|xsrf|jwt|bearer`)

func isSecretName(name string) bool { return secretName.MatchString(name) }

var (
	longWord = regexp.MustCompile(`[A-Za-z0-9+/_=-]{24,}`)
	digits   = regexp.MustCompile(`[0-9].*[0-9].*[0-9]`)
)

// isSecretText reports whether a text looks like a key that was drawn: long,
// without a break, of letters and digits. It errs on the side of hiding.
func isSecretText(text string) bool {
	for _, w := range longWord.FindAllString(text, -1) {
		if digits.MatchString(w) && strings.ContainsAny(w, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ") {
			return true
		}
	}
	return strings.Contains(text, "@") && strings.Contains(text, "://")
}

// vault gives each secret of the source a variable to refer to.
type vault struct {
	names map[[2]string]string
	taken map[string]bool
}

var notOfNames = regexp.MustCompile(`[^A-Z0-9]+`)

// variableName is a name for a variable, made of any text.
func variableName(hint string) string {
	name := strings.Trim(notOfNames.ReplaceAllString(strings.ToUpper(hint), "_"), "_")
	switch {
	case name == "":
		return "VALUE"
	case len(name) > 40:
		name = strings.TrimRight(name[:40], "_")
	}
	if name[0] <= '9' || strings.HasPrefix(name, "SEATRIAL_") || strings.HasPrefix(name, "INPUT_") {
		return "VALUE_" + name
	}
	return name
}

// hide is a reference in the place of a secret: the same for the same value.
// What refers to a variable already stays.
func (v *vault) hide(hint, value string) string {
	if value == "" || marked.ReplaceAllString(value, "") == "" {
		return value
	}
	base := variableName(hint)
	key := [2]string{base, value}
	if name, known := v.names[key]; known {
		return refer(name)
	}
	name := base
	for i := 2; v.taken[name]; i++ {
		name = fmt.Sprintf("%s_%d", base, i)
	}
	v.names[key], v.taken[name] = name, true
	return refer(name)
}

// schemes of Authorization that may be told: what follows them may not.
var schemes = []string{"Bearer ", "Basic ", "Token ", "ApiKey ", "Digest "}

// header is a header's value without what is secret in it.
func (v *vault) header(name, value string) string {
	if !isSecretName(name) && !isSecretText(value) {
		return value
	}
	for _, scheme := range schemes {
		if len(value) > len(scheme) && strings.EqualFold(value[:len(scheme)], scheme) {
			return value[:len(scheme)] + v.hide(name, value[len(scheme):])
		}
	}
	return v.hide(name, value)
}

var (
	jsonField = regexp.MustCompile(`"([A-Za-z0-9_.-]{1,60})"(\s*:\s*)"((?:[^"\\]|\\.)*)"`)
	formField = regexp.MustCompile(`(^|&)([A-Za-z0-9_.\[\]-]{1,60})=([^&\s]*)`)
)

// body is a body without the secrets that its fields' names tell of.
func (v *vault) body(text string) string {
	if strings.ContainsAny(text, "{[") {
		return jsonField.ReplaceAllStringFunc(text, func(whole string) string {
			m := jsonField.FindStringSubmatch(whole)
			if !isSecretName(m[1]) && !isSecretText(m[3]) {
				return whole
			}
			return `"` + m[1] + `"` + m[2] + `"` + v.hide(m[1], m[3]) + `"`
		})
	}
	return v.query(text)
}

// query is a query, or a form, without the secrets that its names tell of.
func (v *vault) query(text string) string {
	return formField.ReplaceAllStringFunc(text, func(whole string) string {
		m := formField.FindStringSubmatch(whole)
		value, err := url.QueryUnescape(m[3])
		if !isSecretName(m[2]) && (err != nil || !isSecretText(value)) {
			return whole
		}
		return m[1] + m[2] + "=" + v.hide(m[2], m[3])
	})
}
