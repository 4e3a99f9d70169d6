package metrics

import (
	"cmp"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// keys are what signs.
type keys struct{ access, secret, session, region, service string }

// awsSigner signs by Signature Version 4, with the keys of the trial file or
// those of the usual environment.
func awsSigner(a AWS, s Surroundings) (authorize, error) {
	getenv := s.Getenv
	if getenv == nil {
		getenv = func(string) string { return "" }
	}
	k := keys{
		access: a.Access.Reveal(), secret: a.Secret.Reveal(), session: a.Session.Reveal(),
		region: cmp.Or(a.Region, getenv("AWS_REGION"), getenv("AWS_DEFAULT_REGION")), service: a.Service,
	}
	if k.access == "" {
		k.access, k.secret, k.session = getenv("AWS_ACCESS_KEY_ID"), getenv("AWS_SECRET_ACCESS_KEY"), getenv("AWS_SESSION_TOKEN")
	}
	switch {
	case k.access == "" || k.secret == "":
		return nil, errors.New("its auth aws has no keys: give access-key and secret-key, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY")
	case k.region == "":
		return nil, errors.New("its auth aws needs a region, or AWS_REGION")
	case k.service == "":
		return nil, errors.New("its auth aws needs the service that is asked: monitoring, aps, es")
	}
	return func(r *http.Request, body []byte) error {
		k.sign(r, body, s.Now().UTC())
		return nil
	}, nil
}

// sign puts the signature into a request's header. It signs the host, the type
// of the body, and all headers of AWS.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
func (k keys) sign(r *http.Request, body []byte, at time.Time) {
	stamp := at.Format("20060102T150405Z")
	r.Header.Set("X-Amz-Date", stamp)
	if k.session != "" {
		r.Header.Set("X-Amz-Security-Token", k.session)
	}
	values := map[string]string{"host": cmp.Or(r.Host, r.URL.Host)}
	names := []string{"host"}
	for name := range r.Header {
		if lower := strings.ToLower(name); lower == "content-type" || strings.HasPrefix(lower, "x-amz-") {
			names = append(names, lower)
			values[lower] = strings.Join(strings.Fields(strings.Join(r.Header.Values(name), ",")), " ")
		}
	}
	slices.Sort(names)
	canonical := []string{r.Method, strings.ReplaceAll(awsEscape(cmp.Or(r.URL.EscapedPath(), "/")), "%2F", "/"), awsQuery(r.URL.Query())}
	for _, name := range names {
		canonical = append(canonical, name+":"+values[name])
	}
	signed := strings.Join(names, ";")
	canonical = append(canonical, "", signed, hexSum(body))
	scope := strings.Join([]string{stamp[:8], k.region, k.service, "aws4_request"}, "/")
	text := strings.Join([]string{"AWS4-HMAC-SHA256", stamp, scope, hexSum([]byte(strings.Join(canonical, "\n")))}, "\n")
	key := []byte("AWS4" + k.secret)
	for _, part := range strings.Split(scope, "/") {
		key = mac(key, part)
	}
	r.Header.Set("Authorization", fmt.Sprintf("AWS4-HMAC-SHA256 Credential=%s/%s, SignedHeaders=%s, Signature=%s",
		k.access, scope, signed, hex.EncodeToString(mac(key, text))))
}

// awsQuery is the query in the order of its names and values.
func awsQuery(params url.Values) string {
	for _, values := range params {
		slices.Sort(values)
	}
	return strings.ReplaceAll(params.Encode(), "+", "%20")
}

// awsEscape leaves what RFC 3986 calls unreserved.
func awsEscape(text string) string { return strings.ReplaceAll(url.QueryEscape(text), "+", "%20") }

func hexSum(text []byte) string {
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

func mac(key []byte, text string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(text))
	return h.Sum(nil)
}
