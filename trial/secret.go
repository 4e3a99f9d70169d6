package trial

import "strings"

// Secret is a text that may hold a credential. Only its reference is ever
// written: the text as it stood in the file when that names an environment
// variable, "***" otherwise. Reveal gives what is to be sent.
type Secret struct {
	reference string
	value     string
}

// NewSecret pairs the text as written ("Bearer ${TOKEN}") with its resolved value.
func NewSecret(written, resolved string) Secret {
	if !strings.Contains(written, "${") && written != "" {
		written = "***"
	}
	return Secret{reference: written, value: resolved}
}

// Reveal returns the resolved text.
func (s Secret) Reveal() string { return s.value }

// String returns the reference, so that printing a secret is safe.
func (s Secret) String() string { return s.reference }

// GoString keeps %#v as safe as %v.
func (s Secret) GoString() string { return s.reference }

// MarshalText writes the reference.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.reference), nil }
