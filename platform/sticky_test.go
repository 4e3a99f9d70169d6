package platform

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// discussed is a thread in memory that keeps what is done to it.
type discussed struct {
	all   []note
	self  string // who writes
	says  string // who the thread thinks writes; self where empty
	did   []string
	fails string // what fails
}

func (d *discussed) act(what string) error {
	d.did = append(d.did, what)
	if what == d.fails {
		return errors.New("no " + what)
	}
	return nil
}

func (d *discussed) notes(context.Context) ([]note, error) { return slices.Clone(d.all), d.act("list") }

func (d *discussed) own(n note) bool {
	if d.says != "" {
		return n.author == d.says
	}
	return n.author == d.self
}

func (d *discussed) create(_ context.Context, body string) (note, error) {
	n := note{int64(100 + len(d.did)), d.self, body, "address-of-new"}
	d.all = append(d.all, n)
	return n, d.act("create")
}

func (d *discussed) edit(_ context.Context, id int64, body string) (note, error) {
	i := d.at(id)
	d.all[i].body = body
	return d.all[i], d.act("edit")
}

func (d *discussed) remove(_ context.Context, id int64) error {
	i := d.at(id)
	d.all = slices.Delete(d.all, i, i+1)
	return d.act("remove")
}

func (d *discussed) at(id int64) int {
	return slices.IndexFunc(d.all, func(n note) bool { return n.id == id })
}

func TestTheCommentSticks(t *testing.T) {
	const mark = "<!-- seatrial:v1 key=release/trial -->\n"
	ours := note{1, "bot", mark + "old", "address-1"}
	for name, c := range map[string]struct {
		before []note
		mode   CommentMode
		passed bool
		did    string
		left   string
		url    string
	}{
		"the first":                      {nil, CommentUpdate, false, "list create", "bot: new", "address-of-new"},
		"edited":                         {[]note{ours}, CommentUpdate, false, "list edit", "bot: new", "address-1"},
		"the same, however lines end":    {[]note{{1, "bot", strings.ReplaceAll(mark, "\n", "\r\n") + "new\r\n", "address-1"}}, CommentUpdate, false, "list", "bot: new", "address-1"},
		"two of ours become one":         {[]note{ours, {2, "bot", mark + "older", ""}}, CommentUpdate, false, "list edit remove", "bot: new", "address-1"},
		"pasted by somebody else":        {[]note{{1, "mallory", mark + "pass!", ""}}, CommentUpdate, false, "list create", "mallory: pass!|bot: new", "address-of-new"},
		"quoted by ourselves":            {[]note{{1, "bot", "> " + mark + "old", ""}}, CommentUpdate, false, "list create", "bot: > old|bot: new", "address-of-new"},
		"of another key":                 {[]note{{1, "bot", "<!-- seatrial:v1 key=release/trial/eu -->\neu", ""}}, CommentUpdate, false, "list create", "bot: <!-- seatrial:v1 key=release/trial/eu -->\neu|bot: new", "address-of-new"},
		"written anew":                   {[]note{ours}, CommentRecreate, false, "list create remove", "bot: new", "address-of-new"},
		"only on failure, and it failed": {nil, CommentOnFailure, false, "list create", "bot: new", "address-of-new"},
		"only on failure, and passed":    {nil, CommentOnFailure, true, "list", "", ""},
		"passes after it failed":         {[]note{ours}, CommentOnFailure, true, "list edit", "bot: new", "address-1"},
		"off":                            {[]note{ours}, CommentOff, false, "list", "bot: old", ""},
	} {
		d := &discussed{all: c.before, self: "bot"}
		url, err := stick(t.Context(), d, Comment{Mode: c.mode, Key: "release/trial", Body: "new", Passed: c.passed})
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		var left []string
		for _, n := range d.all {
			left = append(left, n.author+": "+strings.TrimSpace(strings.ReplaceAll(strings.ReplaceAll(n.body, "\r\n", "\n"), mark, "")))
		}
		got := []string{strings.Join(d.did, " "), strings.Join(left, "|"), url}
		if diff := cmp.Diff([]string{c.did, c.left, c.url}, got); diff != "" {
			t.Errorf("%s:\n%s", name, diff)
		}
	}
}

// A token that may not ask who it is learns it from what it wrote.
func TestCommentsOfAnAppThatCanNotAskWhoItIsDoNotPileUp(t *testing.T) {
	d := &discussed{self: "acme[bot]", says: "github-actions[bot]", all: []note{{1, "mallory", marker("k") + "\nx", ""}}}
	for range 3 {
		if _, err := stick(t.Context(), d, Comment{Mode: CommentUpdate, Key: "k", Body: "new"}); err != nil {
			t.Fatal(err)
		}
	}
	if len(d.all) != 2 || d.all[1].author != "acme[bot]" {
		t.Errorf("left %v, want mallory's and one of ours", d.all)
	}
}

// What can't be written must not cost what was there.
func TestACommentThatCanNotBeWrittenAnewStays(t *testing.T) {
	d := &discussed{self: "bot", fails: "create", all: []note{{1, "bot", marker("k") + "\nold", ""}}}
	if _, err := stick(t.Context(), d, Comment{Mode: CommentRecreate, Key: "k", Body: "new"}); err == nil || d.at(1) < 0 {
		t.Errorf("error %v, left %v", err, d.all)
	}
}

func TestNoKeyEndsItsMarker(t *testing.T) {
	for _, key := range []string{"a-->b", "a\n-->", "<!--", "--!>", strings.Repeat("k", 5000)} {
		m := marker(key)
		if strings.Count(m, "-->") != 1 || strings.Count(m, "<!--") != 1 || strings.Contains(m, "\n") || len(m) > 400 {
			t.Errorf("%q makes %q", key, m)
		}
	}
	if marker("eu-west-1") != "<!-- seatrial:v1 key=eu-west-1 -->" {
		t.Error(marker("eu-west-1"))
	}
}
