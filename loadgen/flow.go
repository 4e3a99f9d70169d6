package loadgen

import (
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"slices"
	"strings"

	"github.com/seatrial/seatrial/trial"
)

// flow is what the requests of one worker have of their turn: the values that
// are filled in, those that steps saved, and cookies. Clients take each message
// from it, and give it what came back.
type flow struct {
	*filler
	messages []message
	saved    map[string]string
	cookies  *pouch // of the sequence under way; nil for a request alone
	hide     hider
}

func newFlow(o Options, t Target, messages []message) *flow {
	return &flow{filler: newFiller(o.Seed), messages: messages, saved: map[string]string{}, hide: newHider(o, t, messages...)}
}

// isSame reports whether a message is the same for all turns.
func (m *message) isSame() bool { return m.texts == nil }

// due is a message as it is to be sent now. An error is the trial's own: nothing
// can be sent.
func (f *flow) due(s shot) (*message, error) {
	m := &f.messages[s.request]
	if m.step == 0 {
		clear(f.saved)
		f.cookies = nil
	}
	if m.step == 0 && m.steps > 1 {
		f.cookies = newPouch()
	}
	if m.isSame() {
		return m, nil
	}
	f.begin(s.turn, s.version, s.request, m.texts.data)
	for name, value := range f.saved {
		f.save(name, value)
	}
	return m.filled(f.filler)
}

// texts are the parts of a message that are filled in.
type texts struct {
	path    *text
	headers []headerText
	body    *text
	jsons   []text // of a call
	data    map[string]*Data
}

type headerText struct {
	name string
	text
}

// filled is the message as one request is sent it. Its path and headers may hold
// what a target said, so that they are looked at before they are sent.
func (m *message) filled(f *filler) (*message, error) {
	var err error
	own := *m
	m = &own
	if m.texts.path != nil {
		if m.path, err = f.fill(*m.texts.path); err != nil {
			return m, fmt.Errorf("path: %w", err)
		}
		if u, err := url.Parse(m.path); err != nil || u.IsAbs() || u.Host != "" || !strings.HasPrefix(m.path, "/") && !strings.HasPrefix(m.path, "?") {
			return m, errors.New("path: what is filled in makes it no path that begins with /")
		}
	}
	if len(m.texts.headers) > 0 {
		m.header = maps.Clone(m.header)
	}
	for _, h := range m.texts.headers {
		value, err := f.fill(h.text)
		switch {
		case err != nil:
			return m, fmt.Errorf("header %s: %w", h.name, err)
		case strings.ContainsAny(value, "\r\n\x00"):
			return m, fmt.Errorf("header %s: what is filled in has a line break, which a header can't", h.name)
		}
		m.header[h.name] = []string{value}
	}
	if m.texts.body != nil {
		body, err := f.fill(*m.texts.body)
		if err != nil {
			return m, fmt.Errorf("body: %w", err)
		}
		m.body = []byte(body)
	}
	for _, t := range m.texts.jsons {
		json, err := f.fill(t)
		if err != nil {
			return m, fmt.Errorf("data: %w", err)
		}
		m.jsons = append(m.jsons, json)
	}
	return m, nil
}

// isEnough reports whether a status says all of an answer that is asked.
func (m *message) isEnough(code int) bool { return m.looks == nil && anyOf(m.expect, code) }

// answer says of what came back whether it is as it must be, and keeps what
// later steps need. Its text is to be asked for before the next exchange.
func (f *flow) answer(m *message, r reply) answer {
	if m.isEnough(r.code) {
		return answer{status: trial.Answered(r.code, true)}
	}
	if !anyOf(m.expect, r.code) {
		return answer{status: trial.Answered(r.code, false), told: func() string { return f.shown(m, &r, "") }}
	}
	failed, why := m.looks.wrong(&r)
	if failed == 0 {
		if err := f.keep(m, &r); err != nil {
			failed, why = trial.NotThere, err.Error()
		}
	}
	if failed == 0 {
		return answer{status: trial.Answered(r.code, true)}
	}
	return answer{status: trial.Failed(failed), told: func() string { return f.shown(m, &r, fmt.Sprintf("%d, but %s: ", r.code, why)) }}
}

// unsent is the answer to a message that could not be made.
func (f *flow) unsent(m *message, err error) answer {
	return answer{status: trial.Failed(trial.Unfilled), version: trial.Nobody, told: func() string { return f.hidden(m, nil, err.Error(), excerpt) }}
}

func (f *flow) keep(m *message, r *reply) error {
	for _, s := range m.looks.saves {
		value, err := s.value(r)
		if err != nil {
			return err
		}
		f.saved[s.name] = value
	}
	return nil
}

// shown is what is wrong with an answer, and how it begins.
func (f *flow) shown(m *message, r *reply, why string) string {
	return f.hidden(m, r, why, excerpt) + f.hidden(m, r, string(r.body[:min(len(r.body), read)]), excerpt)
}

// hidden is the start of a text without what was sent, or got, in confidence.
func (f *flow) hidden(m *message, r *reply, text string, most int) string {
	return f.hide.and(f.secrets(m, r)).hidden([]byte(text), most)
}

// secrets are those of this turn alone, and of an answer that was not as it must
// be: what it would have given to later steps as well.
func (f *flow) secrets(m *message, r *reply) []string {
	var all []string
	if !m.isSame() {
		all = m.secrets()
	}
	all = slices.AppendSeq(all, maps.Values(f.saved))
	for _, row := range f.rows {
		all = slices.AppendSeq(all, maps.Values(row))
	}
	if f.cookies != nil {
		all = append(all, f.cookies.held...)
	}
	if m.looks != nil && r != nil {
		for _, s := range m.looks.saves {
			value, _ := s.value(r)
			all = append(all, value)
		}
	}
	return all
}

// pouch keeps the cookies of one turn, and all that they ever held.
type pouch struct {
	http.CookieJar
	held []string
}

func newPouch() *pouch {
	jar, _ := cookiejar.New(nil) // never fails
	return &pouch{CookieJar: jar}
}

// SetCookies implements http.CookieJar.
func (p *pouch) SetCookies(u *url.URL, cookies []*http.Cookie) {
	for _, c := range cookies {
		p.held = append(p.held, c.Value)
	}
	p.CookieJar.SetCookies(u, cookies)
}
