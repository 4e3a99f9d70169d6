package main

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestAWebhookThatCantBeToldIsNotNamed(t *testing.T) {
	// A server sees that its client has gone only once it has read the body.
	slow := func(w http.ResponseWriter, r *http.Request) { _, _ = io.Copy(io.Discard, r.Body); hang(w, r) }
	for name, c := range map[string]struct{ address, want string }{
		"nobody there": {refusing(t), "connection refused"},
		"too slow":     {serve(t, slow), "it did not end within 300ms"},
		"an error":     {serve(t, always500), "answered 500"},
	} {
		err := notify(t.Context(), c.address+"/s3cr3t-key", 300*time.Millisecond, "text")
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "s3cr3t") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
