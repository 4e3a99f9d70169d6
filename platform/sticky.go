package platform

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"
)

// CommentMode is what happens to the comment on a pull or merge request.
type CommentMode string

const (
	CommentUpdate    CommentMode = "update"     // one comment, edited with each run
	CommentRecreate  CommentMode = "recreate"   // removed and written anew, so that it is the last
	CommentOnFailure CommentMode = "on-failure" // as update, but none is begun for a pass
	CommentOff       CommentMode = "off"
)

// wanted reports whether there is to be a comment; not by the zero value.
func (m CommentMode) wanted() bool { return m != "" && m != CommentOff }

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

// anyMarker begins every marker.
const anyMarker = "<!-- seatrial:v1 key="

// marker begins a comment of ours. People do not see it.
func marker(key string) string {
	return anyMarker + plainKey(key) + " -->"
}

// longestKey leaves room for the comment itself.
const longestKey = 300

// plainKey keeps a key from ending the marker: HTML comments end at "-->".
func plainKey(key string) string {
	return strings.Map(func(r rune) rune {
		if r == '<' || r == '>' || r == '-' && strings.Contains(key, "--") || unicode.IsControl(r) {
			return '_'
		}
		return r
	}, clipped(key, longestKey))
}

// stick writes the comment into the thread as its mode asks, and returns its
// address; empty where there is none. It leaves one comment of ours.
func stick(ctx context.Context, t thread, c Comment) (url string, err error) {
	mark := marker(c.Key)
	body := mark + "\n" + c.Body
	marked, err := found(ctx, t, mark)
	if err != nil {
		return "", fmt.Errorf("looking for the comment: %w", err)
	}
	var mine []note
	for _, n := range marked {
		if t.own(n) {
			mine = append(mine, n)
		}
	}
	switch {
	case !c.Mode.wanted(), len(mine) == 0 && c.Mode == CommentOnFailure && c.Passed:
		return "", nil
	case len(mine) > 0 && c.Mode != CommentRecreate:
		url, err := edited(ctx, t, mine[0], body)
		return url, errors.Join(err, removed(ctx, t, mine[1:]))
	}
	written, err := t.create(ctx, body)
	if err != nil {
		return "", fmt.Errorf("writing the comment: %w", err)
	}
	return written.url, removed(ctx, t, by(marked, written.author, t))
}

// by are the notes of the author of what was just written, who is the token's
// own account even where that could not be asked for.
func by(marked []note, author string, t thread) []note {
	return slices.DeleteFunc(marked, func(n note) bool { return n.author != author && !t.own(n) })
}

func removed(ctx context.Context, t thread, notes []note) error {
	for _, n := range notes {
		if err := t.remove(ctx, n.id); err != nil {
			return fmt.Errorf("removing an older comment: %w", err)
		}
	}
	return nil
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

// found are the comments that begin with the marker. Anybody can paste one:
// only the token's own are ours.
func found(ctx context.Context, t thread, marker string) ([]note, error) {
	all, err := t.notes(ctx)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(all, func(n note) bool { return !strings.HasPrefix(n.body, marker) }), nil
}
