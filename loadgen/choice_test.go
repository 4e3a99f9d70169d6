package loadgen

import (
	"strings"
	"testing"

	"github.com/seatrial/seatrial/trial"
)

func TestWhichClientAsks(t *testing.T) {
	for _, c := range []struct {
		name string
		set  func(o *Options, t *Target)
		fast bool
	}{
		{"plain", func(*Options, *Target) {}, true},
		{"TLS", func(_ *Options, t *Target) { t.URL = "https://shop" }, true},
		{"capital scheme", func(_ *Options, t *Target) { t.URL = "HTTP://shop" }, true},
		{"IPv6", func(_ *Options, t *Target) { t.URL = "http://[::1]:8080/" }, true},
		{"user, query, headers", func(o *Options, t *Target) {
			t.URL, o.Host = "http://me:pass@shop/a?b=c", "other"
			o.Headers = map[string]trial.Secret{"X-A": trial.NewSecret("", "b")}
		}, true},
		{"post", func(o *Options, _ *Target) { o.Method, o.Body = "POST", trial.NewSecret("", "a=b") }, true},
		{"certificates", func(o *Options, _ *Target) { o.Insecure, o.CA, o.Cert, o.Key = true, "a", "b", "c" }, true},
		{"keep-alive: false", func(o *Options, _ *Target) { o.KeepAlive = false }, true},
		{"identify", func(o *Options, _ *Target) { o.Identify = &Identify{Header: "x-version"} }, true},
		{"HTTP/2", func(o *Options, _ *Target) { o.HTTP2 = true }, false},
		{"redirects followed", func(o *Options, _ *Target) { o.FollowRedirects = true }, false},
		{"proxy", func(o *Options, _ *Target) { o.Proxy = "http://proxy:3128" }, false},
		{"proxy of the environment", func(o *Options, _ *Target) { o.Proxy = "environment" }, false},
		{"long body", func(o *Options, _ *Target) { o.Body = trial.NewSecret("", strings.Repeat("x", mostAtOnce+1)) }, false},
		{"CONNECT", func(o *Options, _ *Target) { o.Method = "CONNECT" }, false},
		{"name with letters of its own", func(_ *Options, t *Target) { t.URL = "http://bücher.example" }, false},
		{"identify by a header that is kept apart", func(o *Options, _ *Target) { o.Identify = &Identify{Header: "server"} }, false},
		{"another protocol", func(_ *Options, t *Target) { t.URL = "grpc://shop" }, false},
		{"no URL", func(_ *Options, t *Target) { t.URL = "http://[" }, false},
	} {
		o, target := DefaultOptions(), Target{Name: "candidate", URL: "http://shop:8080/"}
		c.set(&o, &target)
		messages, err := o.messages(nil)
		if err != nil {
			t.Fatal(err)
		}
		if got := mayBeFast(o, []Target{target}, newIdentity(o, []Target{target}), messages); got != c.fast {
			t.Errorf("%s: the fast client asks: %v, want %v", c.name, got, c.fast)
		}
	}
}

func TestWhichClientAsksForWhichRequest(t *testing.T) {
	for _, c := range []struct {
		name string
		r    Request
		fast bool
	}{
		{"filled in", Request{Path: "/{{id}}", Method: "POST", Body: trial.NewSecret("", "{{number}}")}, true},
		{"checked", Request{Check: &Check{JQ: ".ok", Headers: map[string]string{"x-a": "b"}}}, true},
		{"sequence", Request{Steps: []Request{{Name: "a"}, {Name: "b"}}}, false},
		{"checked by a header that is kept apart", Request{Check: &Check{Headers: map[string]string{"content-type": "json"}}}, false},
	} {
		messages, err := DefaultOptions().messages([]Request{{Path: "/"}, c.r})
		if err != nil {
			t.Fatal(err)
		}
		if got := mayBeFast(DefaultOptions(), []Target{{URL: "http://shop"}}, nil, messages); got != c.fast {
			t.Errorf("%s: the fast client asks: %v, want %v", c.name, got, c.fast)
		}
	}
}

func TestMeterAsksAllVersionsWithTheChosenClient(t *testing.T) {
	const fast, standard = "*loadgen.fastClient", "loadgen.deadlined"
	for _, c := range []struct{ proxy, other, want string }{
		{"", "http://canary", fast},
		{"http://proxy:3128", "http://canary", standard},
		{"", "http://bücher.example", standard},
	} {
		o := DefaultOptions()
		o.Proxy = c.proxy
		m, err := NewMeter(o, nil, []Target{{URL: "http://shop"}, {URL: c.other}})
		if err != nil {
			t.Fatal(err)
		}
		client, err := m.newHTTPClient(m.targets[0])
		if err != nil {
			t.Fatal(err)
		}
		if got := typeName(client); got != c.want {
			t.Errorf("%+v: %s asks, want %s", c, got, c.want)
		}
	}
}
