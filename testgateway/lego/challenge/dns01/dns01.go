// Package dns01 has the options of a challenge by DNS; none does anything.
package dns01

import (
	"strings"
	"time"
)

// ChallengeOption is never called.
type ChallengeOption func()

// PreCheckFunc would look for a record before the challenge.
type PreCheckFunc func(fqdn, value string) (bool, error)

// WrapPreCheckFunc would stand around one.
type WrapPreCheckFunc func(domain, fqdn, value string, check PreCheckFunc) (bool, error)

func none() {}

// UnFqdn is the name without the dot at its end.
func UnFqdn(name string) string { return strings.TrimSuffix(name, ".") }

// The options that Traefik sets.
func AddRecursiveNameservers([]string) ChallengeOption               { return none }
func CondOption(bool, ChallengeOption) ChallengeOption               { return none }
func DisableAuthoritativeNssPropagationRequirement() ChallengeOption { return none }
func PropagationWait(time.Duration, bool) ChallengeOption            { return none }
func RecursiveNSsPropagationRequirement() ChallengeOption            { return none }
func WrapPreCheck(WrapPreCheckFunc) ChallengeOption                  { return none }
