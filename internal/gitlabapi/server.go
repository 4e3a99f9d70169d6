// Package gitlabapi is a GitLab for tests: what its documentation says of notes
// on merge requests.
package gitlabapi

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
)

// Accounts, and the token of the first. The merge request is number 11 of
// project 5.
const (
	Ourself  = 41
	Somebody = 7
	Token    = "glpat-not-for-anyone"
)

// Note is a note as doc/api/notes.md shows it.
type Note struct {
	ID     int64  `json:"id"`
	Body   string `json:"body"`
	System bool   `json:"system"`
	Author struct {
		ID       int64  `json:"id"`
		Username string `json:"username"`
	} `json:"author"`
	NoteableType string `json:"noteable_type"`
	NoteableIID  int64  `json:"noteable_iid"`
	ProjectID    int64  `json:"project_id"`
}

// NoteBy is a note of one account.
func NoteBy(id, author int64, body string) Note {
	n := Note{ID: id, Body: body, NoteableType: "MergeRequest", NoteableIID: 11, ProjectID: 5}
	n.Author.ID, n.Author.Username = author, fmt.Sprint("user-", author)
	return n
}

// Server is what GitLab's documentation says of notes on merge requests:
// doc/api/notes.md, doc/api/rest (pages, statuses), doc/api/users.md.
type Server struct {
	*httptest.Server
	Notes    []Note
	Calls    []string             // about notes, and failures: "POST", "PUT 3", …
	Failures map[string][]Failure // by method or path: given one after the other before anything works
}

// Failure is an answer instead of the right one.
type Failure struct {
	Status int
	Header string // "Retry-After: 0"
}

// New is a GitLab whose merge request has these notes, the oldest first.
func New(notes ...Note) *Server {
	s := &Server{Notes: notes, Failures: map[string][]Failure{}}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /api/v4/user", func(w http.ResponseWriter, _ *http.Request) {
		reply(w, http.StatusOK, map[string]any{"id": Ourself, "username": "user-41"})
	})
	const path = "/api/v4/projects/5/merge_requests/11/notes"
	mux.HandleFunc("GET "+path, s.list)
	mux.HandleFunc("POST "+path, s.create)
	mux.HandleFunc("PUT "+path+"/{id}", s.edit)
	mux.HandleFunc("DELETE "+path+"/{id}", s.remove)
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.Header.Get("Private-Token") != Token:
			reply(w, http.StatusUnauthorized, map[string]any{"message": "401 Unauthorized"})
		case s.fails(w, r.Method) || s.fails(w, r.URL.Path):
		default:
			mux.ServeHTTP(w, r)
		}
	}))
	return s
}

func (s *Server) fails(w http.ResponseWriter, key string) bool {
	if len(s.Failures[key]) == 0 {
		return false
	}
	a := s.Failures[key][0]
	s.Failures[key] = s.Failures[key][1:]
	if name, value, found := strings.Cut(a.Header, ": "); found {
		w.Header().Set(name, value)
	}
	s.Calls = append(s.Calls, fmt.Sprint(key, " → ", a.Status))
	reply(w, a.Status, map[string]any{"message": strconv.Itoa(a.Status) + " " + http.StatusText(a.Status)})
	return true
}

// list gives 20 notes a page, or per_page but at most 100, the newest first.
func (s *Server) list(w http.ResponseWriter, r *http.Request) {
	all := slices.Clone(s.Notes)
	if r.FormValue("sort") != "asc" {
		slices.Reverse(all)
	}
	size, page := 20, 1
	if n, err := strconv.Atoi(r.FormValue("per_page")); err == nil {
		size = min(n, 100)
	}
	if n, err := strconv.Atoi(r.FormValue("page")); err == nil {
		page = n
	}
	end := min(page*size, len(all))
	next := ""
	if end < len(all) {
		next = strconv.Itoa(page + 1)
	}
	w.Header().Set("X-Next-Page", next)
	s.Calls = append(s.Calls, fmt.Sprintf("GET page %d of %d", page, size))
	reply(w, http.StatusOK, all[min((page-1)*size, end):end])
}

func (s *Server) create(w http.ResponseWriter, r *http.Request) {
	body, ok := bodyOf(w, r)
	if !ok {
		return
	}
	n := NoteBy(int64(1000+len(s.Notes)), Ourself, body)
	s.Notes = append(s.Notes, n)
	s.Calls = append(s.Calls, "POST")
	reply(w, http.StatusCreated, n)
}

func (s *Server) edit(w http.ResponseWriter, r *http.Request) {
	body, ok := bodyOf(w, r)
	i := s.find(r)
	switch {
	case !ok:
	case i < 0:
		reply(w, http.StatusNotFound, map[string]any{"message": "404 Not found"})
	case s.Notes[i].Author.ID != Ourself:
		reply(w, http.StatusForbidden, map[string]any{"message": "403 Forbidden"})
	default:
		s.Notes[i].Body = body
		s.Calls = append(s.Calls, "PUT "+r.PathValue("id"))
		reply(w, http.StatusOK, s.Notes[i])
	}
}

func (s *Server) remove(w http.ResponseWriter, r *http.Request) {
	i := s.find(r)
	if i < 0 {
		reply(w, http.StatusNotFound, map[string]any{"message": "404 Not found"})
		return
	}
	s.Notes = slices.Delete(s.Notes, i, i+1)
	s.Calls = append(s.Calls, "DELETE "+r.PathValue("id"))
	w.WriteHeader(http.StatusNoContent)
}

func (s *Server) find(r *http.Request) int {
	id, _ := strconv.ParseInt(r.PathValue("id"), 10, 64)
	return slices.IndexFunc(s.Notes, func(n Note) bool { return n.ID == id })
}

// bodyOf is the note's text: required, and at most 1,000,000 characters.
func bodyOf(w http.ResponseWriter, r *http.Request) (string, bool) {
	var asked struct{ Body string }
	if err := json.NewDecoder(r.Body).Decode(&asked); err != nil || asked.Body == "" || len(asked.Body) > 1_000_000 {
		reply(w, http.StatusBadRequest, map[string]any{"message": "400 Bad request"})
		return "", false
	}
	return asked.Body, true
}

func reply(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v)
}
