package sample

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestTheCartIsOfWhoLoggedIn(t *testing.T) {
	o := Default()
	o.Latency = 0
	server := httptest.NewServer(shop{New(o)})
	defer server.Close()
	answer, err := http.Post(server.URL+"/login", "application/json", strings.NewReader(`{"user":"ann"}`))
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	var got struct{ User, Token string }
	if err := json.NewDecoder(answer.Body).Decode(&got); err != nil || got.User != "ann" || got.Token == "" || len(answer.Cookies()) != 1 {
		t.Fatalf("logged in as %+v with the cookies %v (%v)", got, answer.Cookies(), err)
	}
	for _, c := range []struct {
		user, token string
		cookie      bool
		status      int
		body        string
	}{
		{"ann", got.Token, true, 200, `{"items":[{"name":"boots","price":120}]}`},
		{"bob", got.Token, true, 401, `{"error":"log in first"}`},
		{"ann", "x", true, 401, `{"error":"log in first"}`},
		{"ann", got.Token, false, 401, `{"error":"log in first"}`},
	} {
		request, _ := http.NewRequest(http.MethodGet, server.URL+"/cart?user="+c.user, nil)
		request.Header.Set("Authorization", "Bearer "+c.token)
		if c.cookie {
			request.AddCookie(answer.Cookies()[0])
		}
		r, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(r.Body)
		r.Body.Close()
		if r.StatusCode != c.status || string(body) != c.body {
			t.Errorf("%+v: %d %s", c, r.StatusCode, body)
		}
	}
}

func TestTheShopFailsAsTheServiceDoes(t *testing.T) {
	o := Default()
	o.Latency, o.Errors = 0, 1
	server := httptest.NewServer(shop{New(o)})
	defer server.Close()
	r, err := http.Post(server.URL+"/login", "application/json", strings.NewReader(`{"user":"ann"}`))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	if body, _ := io.ReadAll(r.Body); r.StatusCode != 500 || !strings.HasPrefix(string(body), "ahoy") {
		t.Errorf("%d %s", r.StatusCode, body)
	}
}
