package config

import (
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/seatrial/seatrial/loadgen"
	"github.com/seatrial/seatrial/trial"
)

// shortestSecret is the shortest value worth masking: a mask of three
// characters would riddle the log and hide nothing.
const shortestSecret = trial.ShortestSecret

// Secrets are the resolved values of everything that may hold a credential,
// for masking in logs. It works on a File that Load found mistakes in as well.
func (f File) Secrets() []string {
	var secrets []string
	add := func(values ...string) {
		for _, v := range values {
			if len(v) >= shortestSecret && !clusterRef.MatchString(v) && !slices.Contains(secrets, v) {
				secrets = append(secrets, v)
			}
		}
	}
	addHeaders := func(headers map[string]trial.Secret) {
		for name, value := range headers {
			if isCredential(name, value) {
				add(loadgen.HeaderSecrets(name, value.Reveal())...)
			}
		}
	}
	addHeaders(f.Load.Headers)
	if refers(f.Load.Body) {
		add(f.Load.Body.Reveal())
	}
	for _, r := range loadgen.Flat(f.Sent()) {
		addHeaders(r.Headers)
		if refers(r.Body) {
			add(r.Body.Reveal())
		}
		if r.GRPC != nil {
			addHeaders(r.GRPC.Metadata)
			addHeaders(r.GRPC.ReflectionMetadata)
			for _, message := range append(slices.Clone(r.GRPC.Data), r.GRPC.Binary) {
				if refers(message) {
					add(message.Reveal())
				}
			}
		}
	}
	add(f.Referred...)
	add(f.Cluster.Secrets()...)
	add(f.Publish.GitHubToken.Reveal(), f.Publish.GitLabToken.Reveal())
	for _, e := range f.On.Events() {
		for _, a := range e.Actions {
			add(webhookSecrets(a.Notify.Reveal())...)
		}
	}
	add(inAddress(f.Load.Proxy)...)
	for _, t := range f.Targets() {
		addHeaders(t.Headers)
		add(inAddress(t.URL)...)
	}
	for _, p := range f.Ready.URLs {
		add(inAddress(p.URL)...)
	}
	for _, p := range f.Providers {
		addHeaders(p.Headers)
		add(inAddress(p.URL)...)
		if p.Auth.OAuth != nil {
			add(inAddress(p.Auth.OAuth.TokenURL)...)
		}
		add(p.Secrets()...)
		add(inDSN(p.DSN.Reveal())...)
	}
	slices.Sort(secrets)
	return secrets
}

// refers reports whether a text was written with a reference to a variable.
func refers(s trial.Secret) bool { return strings.Contains(s.String(), "${") }

// harmless are headers whose values are no credentials.
var harmless = []string{"Accept", "Accept-Encoding", "Accept-Language", "Cache-Control", "Content-Type", "Host", "User-Agent"}

// longLiteral is the length from which a value that refers to no variable is
// masked: a mask of "true" would riddle the log, and GitHub drops step outputs
// that hold a masked value.
const longLiteral = 8

// isCredential reports whether a header's value is worth masking.
func isCredential(name string, value trial.Secret) bool {
	name = http.CanonicalHeaderKey(name)
	return refers(value) || name == "Authorization" || name == "Cookie" ||
		len(value.Reveal()) >= longLiteral && !slices.Contains(harmless, name)
}

// inAddress returns the credentials of an address. The values of its query are
// masked from longLiteral on: "?page=home" must not riddle the log.
func inAddress(address string) []string {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		user := textualUser(address)
		_, password, _ := strings.Cut(user, ":")
		return []string{user, password}
	}
	secrets, query := loadgen.URLSecrets(address)
	for _, value := range query {
		if len(value) >= longLiteral {
			secrets = append(secrets, value)
		}
	}
	return secrets
}

// passwordIn matches the password of a DSN of names and values.
var passwordIn = regexp.MustCompile(`(?i)\bpassword\s*=\s*('(?:[^'\\]|\\.)*'|\S+)`)

// inDSN returns the passwords of a DSN: of a URL, or of names and values, which
// some databases part by semicolons.
func inDSN(dsn string) []string {
	if m := passwordIn.FindStringSubmatch(dsn); m != nil {
		password := strings.Trim(m[1], "'")
		first, _, _ := strings.Cut(password, ";")
		return []string{password, first}
	}
	return inAddress(dsn)
}

// shown is an address as it may be shown: as it was written where it refers to
// variables, and without what may be a credential.
func (f File) shown(address string) string {
	if written, ok := f.Written[address]; ok {
		address = written
	}
	return withoutSecrets(address)
}

// withoutSecrets is a URL as it may be shown: without user information, and
// without the values of its query, of which any may be a credential.
func withoutSecrets(address string) string {
	if u, err := url.Parse(address); err == nil && u.Host != "" {
		u.User = nil
		address = u.String()
	} else {
		address = strings.Replace(address, textualUser(address)+"@", "", 1)
	}
	address, fragment, hasFragment := strings.Cut(address, "#")
	address, query, hasQuery := strings.Cut(address, "?")
	if hasQuery {
		address += "?" + withoutValues(query)
	}
	if hasFragment {
		address += "#" + withoutValue(fragment)
	}
	return address
}

// withoutValues is a query with its names alone.
func withoutValues(query string) string {
	pairs := strings.Split(query, "&")
	for i, pair := range pairs {
		name, value, named := strings.Cut(pair, "=")
		if named {
			pairs[i] = name + "=" + withoutValue(value)
		} else {
			pairs[i] = withoutValue(name)
		}
	}
	return strings.Join(pairs, "&")
}

// harmlessValue matches what is known to hold no secret: nothing, a value that
// was taken out, and references as expansion.shown has them.
var harmlessValue = regexp.MustCompile(`^(\*\*\*|\$\{[A-Za-z_][A-Za-z0-9_]*(:-\*\*\*)?\})*$`)

func withoutValue(value string) string {
	if harmlessValue.MatchString(value) {
		return value
	}
	return "***"
}

// textualUser is what would be user information in a text that is no URL.
func textualUser(address string) string {
	if _, rest, found := strings.Cut(address, "://"); found {
		address = rest
	}
	return address[:max(0, strings.LastIndex(address, "@"))]
}
