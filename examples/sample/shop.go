package sample

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// shop puts a login and a cart before the service, which gives them its speed and
// its errors. It keeps nothing: a user's token can be computed.
type shop struct{ service http.Handler }

// pages give the status and the body of what the service would answer 200.
var pages = map[string]func(w http.ResponseWriter, r *http.Request, body []byte) (int, string){
	"/login": login, "/cart": cart,
}

// mostAsked is how long a login may be.
const mostAsked = 64 << 10

func (s shop) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	page, is := pages[r.URL.Path]
	if !is {
		s.service.ServeHTTP(w, r)
		return
	}
	body, _ := io.ReadAll(io.LimitReader(r.Body, mostAsked))
	r.Body = io.NopCloser(bytes.NewReader(body))
	s.service.ServeHTTP(&pageWriter{ResponseWriter: w, page: func() (int, string) { return page(w, r, body) }}, r)
}

// login takes {"user":"ann"} and gives a token and a cookie.
func login(w http.ResponseWriter, r *http.Request, body []byte) (int, string) {
	var asked struct{ User string }
	if err := json.Unmarshal(body, &asked); err != nil || asked.User == "" || r.Method != http.MethodPost {
		return http.StatusBadRequest, `{"error":"POST {\"user\":\"ann\"}"}`
	}
	http.SetCookie(w, &http.Cookie{Name: "session", Value: tokenOf(asked.User + "'s session"), Path: "/", HttpOnly: true})
	text, _ := json.Marshal(map[string]string{"user": asked.User, "token": tokenOf(asked.User)}) // never fails
	return http.StatusOK, string(text)
}

// cart is that of ?user=ann, who logged in.
func cart(_ http.ResponseWriter, r *http.Request, _ []byte) (int, string) {
	user := r.URL.Query().Get("user")
	token, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	session, err := r.Cookie("session")
	if err != nil || session.Value != tokenOf(user+"'s session") || token != tokenOf(user) {
		return http.StatusUnauthorized, `{"error":"log in first"}`
	}
	return http.StatusOK, `{"items":[{"name":"boots","price":120}]}`
}

func tokenOf(user string) string { return fmt.Sprintf("%x", sha256.Sum256([]byte(user)))[:32] }

// pageWriter puts a page in the place of the service's good answer.
type pageWriter struct {
	http.ResponseWriter
	page func() (int, string)
	text *string // what is written instead; nil: what the service says
}

func (p *pageWriter) WriteHeader(status int) {
	if status == http.StatusOK {
		var text string
		status, text = p.page()
		p.text = &text
		p.Header().Set("Content-Type", "application/json")
	}
	p.ResponseWriter.WriteHeader(status)
}

func (p *pageWriter) Write(b []byte) (int, error) {
	if p.text == nil {
		return p.ResponseWriter.Write(b)
	}
	text := *p.text
	*p.text = ""
	if _, err := io.WriteString(p.ResponseWriter, text); err != nil {
		return 0, err
	}
	return len(b), nil
}
