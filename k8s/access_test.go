package k8s

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seatrial/seatrial/trial"
)

const twoContexts = `apiVersion: v1
kind: Config
clusters:
- {name: prod, cluster: {server: "https://prod.example:6443"}}
- {name: dev, cluster: {server: "https://127.0.0.1:6443"}}
users:
- {name: ci, user: {token: s3cr3t-token}}
- {name: aws, user: {exec: {apiVersion: client.authentication.k8s.io/v1, command: aws, interactiveMode: Never, env: [{name: K, value: s3cr3t-env}]}}}
- {name: gcp, user: {auth-provider: {name: gcp, config: {access-token: s3cr3t-gcp}}}}
- {name: files, user: {client-certificate: client.crt, client-key: client.key}}
contexts:
- {name: prod, context: {cluster: prod, user: ci, namespace: shop}}
- {name: eks, context: {cluster: prod, user: aws}}
- {name: gke, context: {cluster: prod, user: gcp}}
- {name: minikube, context: {cluster: dev, user: files}}
- {name: nobody, context: {cluster: prod, user: none}}
- {name: nowhere, context: {cluster: none, user: ci}}
current-context: prod
`

// world is an environment with these variables and files, and no programs.
func world(variables, files map[string]string) Environment {
	return Environment{
		Getenv: func(name string) string { return variables[name] },
		ReadFile: func(path string) ([]byte, error) {
			if text, found := files[path]; found {
				return []byte(text), nil
			}
			return nil, &fs.PathError{Op: "open", Path: path, Err: fs.ErrNotExist}
		},
		LookPath: func(string) (string, error) { return "", errors.New("not there") },
	}
}

func given(text string) trial.Secret { return trial.NewSecret("${KUBECONFIG_TEXT}", text) }

func TestAKubeconfigIsFoundInEachForm(t *testing.T) {
	packed := base64.StdEncoding.EncodeToString([]byte(twoContexts))
	var wrapped strings.Builder
	for line := range slices.Chunk([]byte(packed), 76) {
		wrapped.WriteString(string(line) + "\n")
	}
	asJSON := `{"apiVersion":"v1","kind":"Config","clusters":[{"name":"c","cluster":{"server":"https://prod.example:6443"}}],"contexts":[{"name":"x","context":{"cluster":"c","namespace":"shop"}}]}`
	file := map[string]string{"/here/config": twoContexts, "/home/ci/.kube/config": twoContexts}
	home := map[string]string{"HOME": "/home/ci"}
	for name, c := range map[string]struct {
		access Access
		env    Environment
	}{
		"text":                 {Access{Kubeconfig: given(twoContexts)}, world(nil, nil)},
		"JSON, one context":    {Access{Kubeconfig: given(asJSON)}, world(nil, nil)},
		"base64":               {Access{Kubeconfig: given(packed)}, world(nil, nil)},
		"base64 in lines":      {Access{Kubeconfig: given(wrapped.String())}, world(nil, nil)},
		"base64 without =":     {Access{Kubeconfig: given(strings.TrimRight(packed, "="))}, world(nil, nil)},
		"path":                 {Access{Kubeconfig: given("/here/config")}, world(nil, file)},
		"paths, one not there": {Access{Kubeconfig: given("/none:/here/config")}, world(nil, file)},
		"path at home":         {Access{Kubeconfig: given("~/.kube/config")}, world(home, file)},
		"KUBECONFIG":           {Access{}, world(map[string]string{"KUBECONFIG": "/here/config"}, file)},
		"KUBECONFIG is text":   {Access{}, world(map[string]string{"KUBECONFIG": twoContexts}, nil)},
		"~/.kube/config":       {Access{}, world(home, file)},
		"context asked for":    {Access{Kubeconfig: given(strings.Replace(twoContexts, "current-context: prod", "current-context: eks", 1)), Context: "prod"}, world(nil, nil)},
	} {
		cluster, err := c.access.Connect(c.env)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if cluster.Server() != "https://prod.example:6443" || cluster.Namespace != "shop" {
			t.Errorf("%s: %s, namespace %s", name, cluster.Server(), cluster.Namespace)
		}
	}
}

func TestKubeconfigsAreMergedAsKubectlDoes(t *testing.T) {
	env := world(nil, map[string]string{
		"/a": "apiVersion: v1\nclusters: [{name: c, cluster: {server: https://a}}]\ncurrent-context: x\n",
		"/b": "apiVersion: v1\nclusters: [{name: c, cluster: {server: https://b}}]\ncontexts: [{name: x, context: {cluster: c}}, {name: z, context: {cluster: c}}]\ncurrent-context: z\n",
	})
	cluster, err := Access{Kubeconfig: given("/a:/b"), Namespace: "own"}.Connect(env)
	if err != nil || cluster.Server() != "https://a" || cluster.Namespace != "own" {
		t.Errorf("%+v %v", cluster, err)
	}
}

func TestAPodIsItsOwnServiceAccount(t *testing.T) {
	env := world(map[string]string{"KUBERNETES_SERVICE_HOST": "fd00::1", "KUBERNETES_SERVICE_PORT": "443", "HOME": "/root"},
		map[string]string{accountToken: "s3cr3t-pod\n", accountNamespace: "shop"})
	cluster, err := Access{}.Connect(env)
	if err == nil {
		t.Fatal("connected, although the authority's file is not there:", cluster)
	}
	if !strings.Contains(err.Error(), "ca.crt") {
		t.Error(err)
	}
}

func TestWhatKeepsFromTheClusterIsSaid(t *testing.T) {
	opaque := "c2VjcmV0LXRoaW5nLW5vLWt1YmVjb25maWc" + strings.Repeat("QUJD", 100)
	for name, c := range map[string]struct {
		access Access
		env    Environment
		want   []string
	}{
		"nothing anywhere":       {Access{}, world(nil, nil), []string{"no kubeconfig", "KUBECONFIG", "ServiceAccount"}},
		"a context, nothing":     {Access{Context: "prod"}, world(map[string]string{"KUBERNETES_SERVICE_HOST": "h", "KUBERNETES_SERVICE_PORT": "1"}, map[string]string{accountToken: "s3cr3t"}), []string{`"prod"`, "no kubeconfig"}},
		"unknown context":        {Access{Kubeconfig: given(twoContexts), Context: "pord"}, world(nil, nil), []string{`no context "pord"`, "did you mean prod?", "known: eks, gke, minikube, nobody, nowhere, prod"}},
		"no current context":     {Access{Kubeconfig: given(strings.Replace(twoContexts, "current-context: prod", "", 1))}, world(nil, nil), []string{"no current context", "eks, gke"}},
		"a program for tokens":   {Access{Kubeconfig: given(twoContexts), Context: "eks"}, world(nil, nil), []string{`program "aws"`, "kubectl create token"}},
		"a provider of old":      {Access{Kubeconfig: given(twoContexts), Context: "gke"}, world(nil, nil), []string{`auth-provider "gcp"`, "kubectl create token"}},
		"files that are missing": {Access{Kubeconfig: given("/k/config"), Context: "minikube"}, world(nil, map[string]string{"/k/config": twoContexts}), []string{"/k/client.crt", "--flatten"}},
		"no such user":           {Access{Kubeconfig: given(twoContexts), Context: "nobody"}, world(nil, nil), []string{`user "none"`}},
		"no such cluster":        {Access{Kubeconfig: given(twoContexts), Context: "nowhere"}, world(nil, nil), []string{`cluster "none"`}},
		"no such file":           {Access{Kubeconfig: given("/none")}, world(nil, nil), []string{"kubeconfig /none is neither", "workspace"}},
		"not a kubeconfig":       {Access{Kubeconfig: given("apiVersion: v1\nusers: [s3cr3t\nkind: x: y")}, world(nil, nil), []string{"not a kubeconfig that can be read", "line "}},
		"no contexts":            {Access{Kubeconfig: given("apiVersion: v1\nkind: Config\n")}, world(nil, nil), []string{"no contexts"}},
		"broken base64":          {Access{Kubeconfig: given(opaque)}, world(nil, nil), []string{"kubeconfig is neither a kubeconfig, nor one in base64"}},
		"a bare token":           {Access{Kubeconfig: given("s3cr3t")}, world(nil, nil), []string{"kubeconfig is neither"}},
	} {
		_, err := c.access.Connect(c.env)
		var known *AccessError
		if !errors.As(err, &known) || known.Do == "" {
			t.Errorf("%s: %v", name, err)
			continue
		}
		for _, want := range c.want {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%s: no %q in %v", name, want, err)
			}
		}
		for _, secret := range []string{"s3cr3t", opaque[:20], opaque[len(opaque)-20:]} {
			if strings.Contains(err.Error(), secret) {
				t.Errorf("%s: it tells %q: %v", name, secret, err)
			}
		}
	}
}

func TestSecretsOfAKubeconfigAreKnown(t *testing.T) {
	key := "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0\n-----END PRIVATE KEY-----\n"
	full := strings.Replace(twoContexts, "{token: s3cr3t-token}", "{token: s3cr3t-token, password: pässw0rd, client-key-data: "+base64.StdEncoding.EncodeToString([]byte(key))+"}", 1)
	want := []string{"s3cr3t-token", "s3cr3t-env", "s3cr3t-gcp", "pässw0rd", "MIIEvQIBADANBgkqhkiG9w0", base64.StdEncoding.EncodeToString([]byte(key))}
	for name, text := range map[string]string{"text": full, "base64": base64.StdEncoding.EncodeToString([]byte(full))} {
		a := Access{Kubeconfig: given(text)}
		got := a.Secrets()
		for _, secret := range want {
			if !slices.Contains(got, secret) {
				t.Errorf("%s: %q is not known for a secret: %q", name, secret, got)
			}
		}
		if name == "base64" && !slices.Contains(got, text) {
			t.Error("the base64 itself is not")
		}
		if shown := fmt.Sprintf("%v %+v %#v", a, a, a); strings.Contains(shown, "s3cr3t") {
			t.Errorf("printing it tells: %s", shown)
		}
	}
	broken := Access{Kubeconfig: given("apiVersion: v1\nusers: [{name: a, user: {token: s3cr3t-token-that-is-long\n")}
	if got := strings.Join(broken.Secrets(), " "); !strings.Contains(got, "s3cr3t-token-that-is-long") {
		t.Errorf("of one that can't be read: %q", got)
	}
	env := world(nil, map[string]string{"/k": twoContexts})
	cluster, err := Access{Kubeconfig: given("/k")}.Connect(env)
	if err != nil || !slices.Contains(cluster.Secrets(), "s3cr3t-token") {
		t.Errorf("of a file: %v %v", cluster, err)
	}
}

func TestAProgramForCredentialsThatHangsIsNotWaitedForLonger(t *testing.T) {
	program := filepath.Join(t.TempDir(), "plugin")
	if err := os.WriteFile(program, []byte("#!/bin/sh\nexec sleep 20 2>&1\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	text := "apiVersion: v1\nkind: Config\ncurrent-context: x\nclusters: [{name: c, cluster: {server: 'https://127.0.0.1:9', insecure-skip-tls-verify: true}}]\n" +
		"contexts: [{name: x, context: {cluster: c, user: u}}]\n" +
		"users: [{name: u, user: {exec: {apiVersion: client.authentication.k8s.io/v1, interactiveMode: Never, command: " + program + "}}}]\n"
	c, err := Access{Kubeconfig: trial.NewSecret("", text)}.Connect(Environment{Getenv: func(string) string { return "" }, LookPath: exec.LookPath})
	if err != nil {
		t.Fatal(err)
	}
	k, err := NewKeeper(c, Routing{Route: "httproute/shop", Backends: services, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer stop()
	began := time.Now()
	if _, err := k.Take(ctx); err == nil || time.Since(began) > 10*time.Second {
		t.Errorf("%v after %s", err, time.Since(began))
	}
}
