package metrics

import (
	"bytes"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/seatrial/seatrial/trial"
)

// The requests and signatures are of AWS' Signature Version 4 test suite.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-troubleshooting.html
func TestSignaturesAreThoseOfTheTestSuite(t *testing.T) {
	suite := keys{access: "AKIDEXAMPLE", secret: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", region: "us-east-1", service: "service"}
	const credential = "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders="
	for _, c := range []struct{ name, method, address, kind, body, want string }{
		{"get-vanilla", "GET", "/", "", "", "host;x-amz-date, Signature=5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
		{"get-vanilla-query-order-key-case", "GET", "/?Param2=value2&Param1=value1", "", "", "host;x-amz-date, Signature=b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500"},
		{"get-vanilla-query-order-value", "GET", "/?Param1=value2&Param1=value1", "", "", "host;x-amz-date, Signature=5772eed61e12b33fae39ee5e7012498b51d56abc0abb7c60486157bd471c4694"},
		{"post-vanilla", "POST", "/", "", "", "host;x-amz-date, Signature=5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"},
		{"post-x-www-form-urlencoded", "POST", "/", "application/x-www-form-urlencoded", "Param1=value1", "content-type;host;x-amz-date, Signature=ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a"},
	} {
		r, err := http.NewRequest(c.method, "https://example.amazonaws.com"+c.address, bytes.NewReader([]byte(c.body)))
		if err != nil {
			t.Fatal(err)
		}
		if c.kind != "" {
			r.Header.Set("Content-Type", c.kind)
		}
		suite.sign(r, []byte(c.body), time.Date(2015, 8, 30, 12, 36, 0, 0, time.UTC))
		if got := r.Header.Get("Authorization"); got != credential+c.want {
			t.Errorf("%s:\n%s\nwant\n%s", c.name, got, credential+c.want)
		}
	}
}

func TestAWSKeysComeFromTheFileOrTheEnvironment(t *testing.T) {
	env := map[string]string{"AWS_ACCESS_KEY_ID": "FROMENV", "AWS_SECRET_ACCESS_KEY": "s", "AWS_SESSION_TOKEN": "token", "AWS_REGION": "eu-west-1"}
	s := Surroundings{Now: time.Now, Getenv: func(name string) string { return env[name] }}
	signed := func(a AWS) http.Header {
		sign, err := awsSigner(a, s)
		if err != nil {
			t.Fatal(err)
		}
		r, _ := http.NewRequest("GET", "https://example.amazonaws.com/", nil)
		if err := sign(r, nil); err != nil {
			t.Fatal(err)
		}
		return r.Header
	}
	got := signed(AWS{Service: "aps"})
	if !strings.Contains(got.Get("Authorization"), "=FROMENV/") || !strings.Contains(got.Get("Authorization"), "/eu-west-1/aps/") || got.Get("X-Amz-Security-Token") != "token" {
		t.Errorf("of the environment: %v", got)
	}
	own := AWS{Service: "aps", Region: "us-east-1", Access: trial.NewSecret("", "OWN"), Secret: trial.NewSecret("", "x")}
	got = signed(own)
	if !strings.Contains(got.Get("Authorization"), "=OWN/") || !strings.Contains(got.Get("Authorization"), "/us-east-1/") || got.Get("X-Amz-Security-Token") != "" {
		t.Errorf("of the file: %v", got)
	}
	env = nil
	for want, a := range map[string]AWS{"keys": {Service: "aps", Region: "r"}, "region": {Service: "aps", Access: own.Access, Secret: own.Secret}, "service": {Region: "r", Access: own.Access, Secret: own.Secret}} {
		if _, err := awsSigner(a, s); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("without %s: %v", want, err)
		}
	}
}
