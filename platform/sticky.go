package platform

import (
	"context"
	"fmt"
	"strings"
)

// CommentMode is what happens to the comment on a pull or merge request.
type CommentMode string

const (
	CommentUpdate    CommentMode = "update"     // one comment, edited with each run
	CommentRecreate  CommentMode = "recreate"   // removed and written anew, so that it is the last
	CommentOnFailure CommentMode = "on-failure" // as update, but none is begun for a pass
	CommentOff       CommentMode = "off"
)

// Comment is what is said where the change is discussed.
type Comment struct {
	Mode   CommentMode
	Key    string // tells the comments of several trials apart
	Body   string // Markdown
	Passed bool
	Number int    // of the pull or merge request; 0: the one that the pipeline runs for
	Token  string // may be empty: then nothing is said
}

// note is one comment as a platform has it.
type note struct {
	id     int64
	author string
	body   string
	url    string
}

// thread is the discussion of one change. It holds the comments of anybody.
type thread interface {
	// notes are all comments, of every page.
	notes(ctx context.Context) ([]note, error)
	// own reports whether a comment was written by the token's own account.
	own(n note) bool
	create(ctx context.Context, body string) (note, error)
	edit(ctx context.Context, id int64, body string) (note, error)
	remove(ctx context.Context, id int64) error
}

// marker begins a comment of ours. People do not see it.
func marker(key string) string {
	return "<!-- seatrial:v1 key=" + plainKey(key) + " -->"
}

// plainKey keeps a key from ending the marker: HTML comments end at "-->".
func plainKey(key string) string {
	return strings.Map(func(r rune) rune {
		if r == '<' || r == '>' || r == '-' && strings.Contains(key, "--") || r < ' ' {
			return '_'
		}
		return r
	}, key)
}

// stick writes the comment into the thread as its mode asks, and returns its
// address; empty where there is none.
func stick(ctx context.Context, t thread, c Comment) (url string, err error) {
	body := marker(c.Key) + "\n" + c.Body
	mine, err := found(ctx, t, marker(c.Key))
	switch {
	case err != nil:
		return "", fmt.Errorf("looking for the comment: %w", err)
	case len(mine) == 0 && c.Mode == CommentOnFailure && c.Passed:
		return "", nil
	case len(mine) > 0 && c.Mode != CommentRecreate:
		return edited(ctx, t, mine[0], body)
	}
	for _, n := range mine {
		if err := t.remove(ctx, n.id); err != nil {
			return "", fmt.Errorf("removing the last comment: %w", err)
		}
	}
	n, err := t.create(ctx, body)
	if err != nil {
		return "", fmt.Errorf("writing the comment: %w", err)
	}
	return n.url, nil
}

// edited brings a comment up to date; one that says the same is left alone.
func edited(ctx context.Context, t thread, n note, body string) (url string, err error) {
	if strings.TrimSpace(strings.ReplaceAll(n.body, "\r\n", "\n")) == strings.TrimSpace(body) {
		return n.url, nil
	}
	changed, err := t.edit(ctx, n.id, body)
	if err != nil {
		return "", fmt.Errorf("editing the comment: %w", err)
	}
	return changed.url, nil
}

// found are the comments that begin with the marker and are the token's own:
// anybody can paste a marker.
func found(ctx context.Context, t thread, marker string) ([]note, error) {
	all, err := t.notes(ctx)
	if err != nil {
		return nil, err
	}
	var mine []note
	for _, n := range all {
		if strings.HasPrefix(n.body, marker) && t.own(n) {
			mine = append(mine, n)
		}
	}
	return mine, nil
}
