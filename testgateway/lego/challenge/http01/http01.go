// Package http01 has what Traefik's router knows of a challenge by HTTP.
package http01

import "time"

// ChallengeOption is never called.
type ChallengeOption func()

// SetDelay does nothing.
func SetDelay(time.Duration) ChallengeOption { return func() {} }

// ChallengePath is where a challenge would be asked for (RFC 8555, section 8.3).
func ChallengePath(token string) string { return "/.well-known/acme-challenge/" + token }
