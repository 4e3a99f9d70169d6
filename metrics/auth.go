package metrics

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"
)

// authorize puts into a request who asks; it may change its header and nothing
// else.
type authorize func(r *http.Request, body []byte) error

// authorized authorizes every request that is sent, attempts and redirects
// included.
type authorized struct {
	base      *http.Transport
	authorize authorize
}

// RoundTrip is of http.RoundTripper, which must not change the request it got.
func (a authorized) RoundTrip(r *http.Request) (*http.Response, error) {
	var body []byte
	if r.Body != nil {
		var err error
		body, err = io.ReadAll(r.Body)
		_ = r.Body.Close()
		if err != nil {
			return nil, err
		}
	}
	r = r.Clone(r.Context())
	if r.Body != nil {
		r.Body = io.NopCloser(bytes.NewReader(body))
	}
	if err := a.authorize(r, body); err != nil {
		return nil, err
	}
	return a.base.RoundTrip(r)
}

// CloseIdleConnections is what http.Client looks for.
func (a authorized) CloseIdleConnections() { a.base.CloseIdleConnections() }

// authorizer is how a provider knows who asks. Tokens are fetched by client.
func authorizer(a Auth, client *http.Client, s Surroundings) (authorize, error) {
	given := authWays(a)
	if len(given) > 1 {
		return nil, fmt.Errorf("its auth is given as %s: leave one", strings.Join(given, " and "))
	}
	switch {
	case a.Basic != nil:
		pair := a.Basic.User + ":" + a.Basic.Password.Reveal()
		return constant("Basic " + base64.StdEncoding.EncodeToString([]byte(pair))), nil
	case a.Bearer.Reveal() != "":
		return constant("Bearer " + a.Bearer.Reveal()), nil
	case a.OAuth != nil:
		return oauth(*a.OAuth, client, s)
	case a.AWS != nil:
		return awsSigner(*a.AWS, s)
	}
	return func(*http.Request, []byte) error { return nil }, nil
}

func constant(header string) authorize {
	return func(r *http.Request, _ []byte) error {
		r.Header.Set("Authorization", header)
		return nil
	}
}

// oauth fetches a token when there is none that is still good. It is a secret
// before it is first used.
func oauth(o OAuth, client *http.Client, s Surroundings) (authorize, error) {
	if o.TokenURL == "" || o.Client == "" {
		return nil, errors.New("its oauth needs a token-url and a client")
	}
	config := clientcredentials.Config{ClientID: o.Client, ClientSecret: o.Secret.Reveal(), TokenURL: o.TokenURL, Scopes: o.Scopes}
	var lock sync.Mutex
	var held *oauth2.Token
	return func(r *http.Request, _ []byte) error {
		lock.Lock()
		defer lock.Unlock()
		if !held.Valid() {
			token, err := config.Token(context.WithValue(r.Context(), oauth2.HTTPClient, client))
			if err != nil {
				return refusedToken(err)
			}
			held = token
			s.learn(token.AccessToken)
			s.learn(token.RefreshToken)
		}
		held.SetAuthHeader(r)
		return nil
	}, nil
}

// refusedToken tells a refusal, which stays one, from trouble that may pass.
func refusedToken(err error) error {
	var refused *oauth2.RetrieveError
	if errors.As(err, &refused) && refused.Response.StatusCode < 500 && refused.Response.StatusCode != http.StatusTooManyRequests {
		return final{fmt.Errorf("no token: HTTP %d: %s %s", refused.Response.StatusCode, refused.ErrorCode, refused.ErrorDescription)}
	}
	return fmt.Errorf("no token: %w", err)
}
