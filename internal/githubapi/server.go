// Package githubapi is a stand-in for the part of GitHub's REST API that
// seatrial speaks. It keeps what it is told, for tests.
package githubapi

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"unicode/utf8"
)

// Comment is one of a pull request's discussion.
type Comment struct {
	ID     int64
	Author string
	Body   string
}

// Pull is a pull request.
type Pull struct {
	Number int
	State  string
	SHA    string
	Head   string // "owner:branch"
}

// Status is a mark on a commit.
type Status struct{ SHA, State, Context, Description, Target string }

// Fault is an answer that a request gets instead of what it asked for.
type Fault struct {
	Method string // "" for any
	Path   string // a part of it
	Times  int    // how often; then the request gets its due
	Status int
	Header map[string]string
	Body   string
}

// The answers that matter, as GitHub words them.
const (
	NotAccessible = `{"message":"Resource not accessible by integration","documentation_url":"https://docs.github.com/rest","status":"403"}`
	TooLong       = `{"message":"Validation Failed","errors":[{"resource":"IssueComment","code":"unprocessable","field":"data","message":"Body is too long (maximum is 65536 characters)"}],"documentation_url":"https://docs.github.com/rest","status":"422"}`
	SecondaryRate = `{"message":"You have exceeded a secondary rate limit. Please wait a few minutes before you try again.","documentation_url":"https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api"}`
	ServerError   = `{"message":"Server Error"}`
	notFound      = `{"message":"Not Found","documentation_url":"https://docs.github.com/rest","status":"404"}`
)

// Server is one repository, acme/shop, and one token.
type Server struct {
	URL string

	Token    string                     // the only one that is taken
	Login    string                     // of its account; empty: an installation, which may not ask who it is
	Author   string                     // of what it writes
	Examples map[string]json.RawMessage // GitHub's own example of each reply, by the name of its schema; may be nil

	mu       sync.Mutex
	comments []Comment
	pulls    []Pull
	statuses []Status
	faults   []Fault
	requests []string // "METHOD path"
	received strings.Builder
	nextID   int64
}

// New starts a server whose token is a job's own. Through is put around it; nil for nothing.
func New(through func(http.Handler) http.Handler) (*Server, func()) {
	s := &Server{Token: "ghs_a-token-that-must-not-be-seen", Author: "github-actions[bot]", nextID: 1000}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /user", s.user)
	mux.HandleFunc("POST /graphql", s.viewer)
	mux.HandleFunc("GET /repos/acme/shop/issues/{number}/comments", s.list)
	mux.HandleFunc("POST /repos/acme/shop/issues/{number}/comments", s.create)
	mux.HandleFunc("PATCH /repos/acme/shop/issues/comments/{id}", s.edit)
	mux.HandleFunc("DELETE /repos/acme/shop/issues/comments/{id}", s.remove)
	mux.HandleFunc("GET /repos/acme/shop/commits/{sha}/pulls", s.pullsOf)
	mux.HandleFunc("GET /repos/acme/shop/pulls", s.pullsFrom)
	mux.HandleFunc("POST /repos/acme/shop/statuses/{sha}", s.mark)
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) { reply(w, http.StatusNotFound, notFound) })
	var handler http.Handler = s.guard(mux)
	if through != nil {
		handler = through(handler)
	}
	server := httptest.NewServer(handler)
	s.URL = server.URL
	return s, server.Close
}

// guard keeps what comes in, plays faults, and knows one token.
func (s *Server) guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		r.Body = io.NopCloser(strings.NewReader(string(body)))
		s.mu.Lock()
		defer s.mu.Unlock()
		s.requests = append(s.requests, r.Method+" "+r.URL.RequestURI())
		headers := r.Header.Clone()
		headers.Del("Authorization")
		fmt.Fprintln(&s.received, r.Method, r.URL, headers, string(body))
		if f := s.fault(r); f != nil {
			for name, value := range f.Header {
				w.Header().Set(name, value)
			}
			reply(w, f.Status, f.Body)
			return
		}
		if r.Header.Get("Authorization") != "Bearer "+s.Token {
			reply(w, http.StatusUnauthorized, `{"message":"Bad credentials","documentation_url":"https://docs.github.com/rest","status":"401"}`)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func (s *Server) fault(r *http.Request) *Fault {
	for i := range s.faults {
		f := &s.faults[i]
		if f.Times > 0 && (f.Method == "" || f.Method == r.Method) && strings.Contains(r.URL.Path, f.Path) {
			f.Times--
			return f
		}
	}
	return nil
}

// Fail plays a fault from now on.
func (s *Server) Fail(f Fault) { s.locked(func() { s.faults = append(s.faults, f) }) }

// Add puts a comment there, as if somebody had written it.
func (s *Server) Add(author, body string) {
	s.locked(func() { s.comments = append(s.comments, Comment{s.next(), author, body}) })
}

// Open puts a pull request there.
func (s *Server) Open(p Pull) { s.locked(func() { s.pulls = append(s.pulls, p) }) }

// Comments are those that are there.
func (s *Server) Comments() (all []Comment) {
	s.locked(func() { all = slices.Clone(s.comments) })
	return all
}

// Statuses are all that were set.
func (s *Server) Statuses() (all []Status) {
	s.locked(func() { all = slices.Clone(s.statuses) })
	return all
}

// Requests are "METHOD path?query" of all so far, and forgets them.
func (s *Server) Requests() (all []string) {
	s.locked(func() { all, s.requests = s.requests, nil })
	return all
}

// Received is all that was sent to it but for the Authorization header.
func (s *Server) Received() (text string) {
	s.locked(func() { text = s.received.String() })
	return text
}

func (s *Server) locked(do func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	do()
}

func (s *Server) next() int64 {
	s.nextID++
	return s.nextID
}

func (s *Server) user(w http.ResponseWriter, _ *http.Request) {
	if s.Login == "" {
		reply(w, http.StatusForbidden, NotAccessible)
		return
	}
	s.send(w, http.StatusOK, s.like("public-user", map[string]any{"login": s.Login, "user_view_type": "public"}))
}

// viewer answers the one query of GitHub's other API that an installation asks.
func (s *Server) viewer(w http.ResponseWriter, r *http.Request) {
	var sent struct{ Query string }
	if json.NewDecoder(r.Body).Decode(&sent) != nil || sent.Query != "query { viewer { login } }" {
		reply(w, http.StatusOK, `{"errors":[{"message":"Parse error"}]}`)
		return
	}
	s.send(w, http.StatusOK, map[string]any{"data": map[string]any{"viewer": account(s.Author)}})
}

func account(login string) map[string]any { return map[string]any{"login": login} }

// longestBody is GitHub's own.
const longestBody = 65536

func (s *Server) list(w http.ResponseWriter, r *http.Request) {
	page, size := number(r.URL.Query().Get("page"), 1), min(100, number(r.URL.Query().Get("per_page"), 30))
	from := min(len(s.comments), (page-1)*size)
	to := min(len(s.comments), from+size)
	if to < len(s.comments) {
		query := r.URL.Query()
		query.Set("page", strconv.Itoa(page+1))
		w.Header().Set("Link", fmt.Sprintf("<%s%s?%s>; rel=\"next\"", s.URL, r.URL.Path, query.Encode()))
	}
	out := []any{}
	for _, c := range s.comments[from:to] {
		out = append(out, s.comment(c))
	}
	s.send(w, http.StatusOK, out)
}

func (s *Server) comment(c Comment) map[string]any {
	return s.like("issue-comment", map[string]any{
		"id": c.ID, "body": c.Body, "html_url": fmt.Sprintf("https://github.com/acme/shop/pull/7#issuecomment-%d", c.ID),
		"user": s.like("simple-user", account(c.Author)),
	})
}

func (s *Server) create(w http.ResponseWriter, r *http.Request) {
	body, ok := said(w, r)
	if !ok {
		return
	}
	c := Comment{s.next(), s.Author, body}
	s.comments = append(s.comments, c)
	s.send(w, http.StatusCreated, s.comment(c))
}

func (s *Server) edit(w http.ResponseWriter, r *http.Request) {
	body, ok := said(w, r)
	i := s.index(r)
	switch {
	case !ok:
	case i < 0:
		reply(w, http.StatusNotFound, notFound)
	default:
		s.comments[i].Body = body
		s.send(w, http.StatusOK, s.comment(s.comments[i]))
	}
}

func (s *Server) remove(w http.ResponseWriter, r *http.Request) {
	i := s.index(r)
	if i < 0 {
		reply(w, http.StatusNotFound, notFound)
		return
	}
	s.comments = slices.Delete(s.comments, i, i+1)
	w.WriteHeader(http.StatusNoContent)
}

func (s *Server) index(r *http.Request) int {
	return slices.IndexFunc(s.comments, func(c Comment) bool { return strconv.FormatInt(c.ID, 10) == r.PathValue("id") })
}

// said is the body of a comment that is sent.
func said(w http.ResponseWriter, r *http.Request) (string, bool) {
	var sent struct {
		Body string `json:"body"`
	}
	if err := json.NewDecoder(r.Body).Decode(&sent); err != nil || sent.Body == "" || utf8.RuneCountInString(sent.Body) > longestBody {
		reply(w, http.StatusUnprocessableEntity, TooLong)
		return "", false
	}
	return sent.Body, true
}

// pullsOf knows no commit of a fork, as GitHub at times.
func (s *Server) pullsOf(w http.ResponseWriter, r *http.Request) {
	s.sendPulls(w, func(p Pull) bool { return p.SHA == r.PathValue("sha") && strings.HasPrefix(p.Head, "acme:") })
}

func (s *Server) pullsFrom(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	s.sendPulls(w, func(p Pull) bool { return p.State == query.Get("state") && p.Head == query.Get("head") })
}

func (s *Server) sendPulls(w http.ResponseWriter, wanted func(Pull) bool) {
	out := []any{}
	for _, p := range s.pulls {
		if wanted(p) {
			head := s.part("pull-request-simple", "head")
			maps.Copy(head, map[string]any{"sha": p.SHA, "label": p.Head})
			// The teams of GitHub's example are not as its own schema has them.
			out = append(out, s.like("pull-request-simple", map[string]any{
				"number": p.Number, "state": p.State, "head": head, "requested_teams": []any{},
			}))
		}
	}
	s.send(w, http.StatusOK, out)
}

func (s *Server) mark(w http.ResponseWriter, r *http.Request) {
	var sent struct {
		State, Context, Description string
		Target                      string `json:"target_url"`
	}
	if json.NewDecoder(r.Body).Decode(&sent) != nil || utf8.RuneCountInString(sent.Description) > 140 {
		reply(w, http.StatusUnprocessableEntity, `{"message":"Validation Failed"}`)
		return
	}
	s.statuses = append(s.statuses, Status{r.PathValue("sha"), sent.State, sent.Context, sent.Description, sent.Target})
	s.send(w, http.StatusCreated, s.like("status", map[string]any{
		"state": sent.State, "context": sent.Context, "description": sent.Description, "target_url": sent.Target,
	}))
}

// like is GitHub's own example of a schema with some of its values changed.
func (s *Server) like(schema string, values map[string]any) map[string]any {
	out := map[string]any{}
	_ = json.Unmarshal(s.Examples[schema], &out) // no example: the values alone
	maps.Copy(out, values)
	return out
}

func (s *Server) part(schema, key string) map[string]any {
	out, _ := s.like(schema, nil)[key].(map[string]any)
	if out == nil {
		out = map[string]any{}
	}
	return out
}

func number(text string, otherwise int) int {
	if n, err := strconv.Atoi(text); err == nil && n > 0 {
		return n
	}
	return otherwise
}

func (s *Server) send(w http.ResponseWriter, code int, value any) {
	text, err := json.Marshal(value)
	if err != nil {
		panic("githubapi: " + err.Error())
	}
	reply(w, code, string(text))
}

func reply(w http.ResponseWriter, code int, body string) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(code)
	_, _ = io.WriteString(w, body)
}
