package k8s

import (
	"encoding/base64"
	"errors"
	"io/fs"
	"maps"
	"net"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"github.com/seatrial/seatrial/trial"
)

// read finds the kubeconfig; nil and no error where there is none at all.
func (a Access) read(env Environment) (*clientcmdapi.Config, error) {
	if given := a.Kubeconfig.Reveal(); strings.TrimSpace(given) != "" {
		return readGiven("kubeconfig", given, env)
	}
	if given := env.Getenv("KUBECONFIG"); strings.TrimSpace(given) != "" {
		return readGiven("KUBECONFIG", given, env)
	}
	if env.Getenv("HOME") == "" {
		return nil, nil
	}
	path := filepath.Join(env.Getenv("HOME"), ".kube", "config")
	data, err := env.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, refused(sayWhere, "the kubeconfig %s can't be read: %v", path, rootCause(err))
	}
	return parseKubeconfig(path, data, path)
}

// readGiven reads a kubeconfig given as its text, as that in base64, or as
// paths. GitLab, among others, hands out variables with any of them.
func readGiven(name, given string, env Environment) (*clientcmdapi.Config, error) {
	given = strings.TrimSpace(given)
	if text, is := inlineKubeconfig(given); is {
		return parseKubeconfig(name, text, "")
	}
	var merged *clientcmdapi.Config
	for _, path := range filepath.SplitList(given) {
		path = inHome(path, env)
		data, err := env.ReadFile(path)
		if errors.Is(err, fs.ErrNotExist) || path == "" {
			continue // as kubectl does with lists
		}
		if err != nil {
			return nil, refused(sayWhere, "the kubeconfig%s can't be read: %v", quotedPath(path), rootCause(err))
		}
		one, err := parseKubeconfig(name+quotedPath(path), data, path)
		if err != nil {
			return nil, err
		}
		merged = merge(merged, one)
	}
	if merged == nil {
		return nil, refused("Give the text of a kubeconfig, that in base64, or the path of one. A container sees only the job's workspace",
			"%s%s is neither a kubeconfig, nor one in base64, nor a file that is here", name, quotedPath(given))
	}
	return merged, nil
}

// quotedPath quotes what is surely meant as a path. Anything else may be a
// secret that was given in a form that is not known here.
func quotedPath(text string) string {
	const most = 255
	isPath := strings.HasPrefix(text, "/") || strings.HasPrefix(text, "./") || strings.HasPrefix(text, "../") || strings.HasPrefix(text, "~/")
	if !isPath || len(text) > most || strings.ContainsAny(text, "\r\n") {
		return ""
	}
	return " " + text
}

// kubeconfigKey is at the start of a line of every kubeconfig, or within its JSON.
var kubeconfigKey = regexp.MustCompile(`(?m)(^\s*|[{,]\s*)["']?(apiVersion|clusters|contexts|users|current-context|kind)["']?\s*:`)

// inlineKubeconfig is the text of a kubeconfig that is given as such.
func inlineKubeconfig(given string) ([]byte, bool) {
	if kubeconfigKey.MatchString(given) {
		return []byte(given), true
	}
	packed := strings.Map(func(r rune) rune {
		if strings.ContainsRune(" \t\r\n", r) {
			return -1
		}
		return r
	}, given)
	for _, encoding := range []*base64.Encoding{base64.StdEncoding, base64.RawStdEncoding, base64.URLEncoding, base64.RawURLEncoding} {
		if text, err := encoding.DecodeString(packed); err == nil && kubeconfigKey.Match(text) {
			return text, true
		}
	}
	return nil, false
}

var lineNumber = regexp.MustCompile(`line \d+`)

// parseKubeconfig reads one kubeconfig. Relative paths in it are relative to
// the file that it is from.
func parseKubeconfig(name string, data []byte, path string) (*clientcmdapi.Config, error) {
	config, err := clientcmd.Load(data)
	if err != nil {
		// Only the line is told: the cause may quote a part of a secret.
		where := lineNumber.FindString(err.Error())
		if where != "" {
			where = " (" + where + ")"
		}
		return nil, refused("kubectl config view --flatten --minify --raw prints a whole one", "%s is not a kubeconfig that can be read%s", name, where)
	}
	if path != "" {
		for _, cluster := range config.Clusters {
			cluster.LocationOfOrigin = path
		}
		for _, user := range config.AuthInfos {
			user.LocationOfOrigin = path
		}
		if err := clientcmd.ResolveLocalPaths(config); err != nil {
			return nil, refused(sayWhere, "%s has paths that mean nothing here", name)
		}
	}
	return config, nil
}

// merge adds what the first does not have, as kubectl does.
func merge(first, second *clientcmdapi.Config) *clientcmdapi.Config {
	if first == nil {
		return second
	}
	if first.CurrentContext == "" {
		first.CurrentContext = second.CurrentContext
	}
	add(first.Clusters, second.Clusters)
	add(first.AuthInfos, second.AuthInfos)
	add(first.Contexts, second.Contexts)
	return first
}

func add[V any](into, from map[string]V) {
	for name, value := range from {
		if _, has := into[name]; !has {
			into[name] = value
		}
	}
}

// Secrets are the credentials in a kubeconfig that was given as text or in
// base64, for masking; those of files are the Cluster's to tell.
func (a Access) Secrets() []string {
	text, is := inlineKubeconfig(strings.TrimSpace(a.Kubeconfig.Reveal()))
	if !is {
		return nil
	}
	var secrets []string
	if given := strings.TrimSpace(a.Kubeconfig.Reveal()); given != string(text) {
		secrets = append(secrets, given) // in base64; of a plain text, masks of "users:" would riddle the log
	}
	config, err := clientcmd.Load(text)
	if err != nil {
		// What can't be read may hold a secret in any of its values.
		for line := range strings.Lines(string(text)) {
			if _, value, found := strings.Cut(line, ":"); found && len(strings.TrimSpace(value)) >= leastOpaque {
				secrets = append(secrets, strings.Trim(strings.TrimSpace(value), `"',}`))
			}
		}
		return secrets
	}
	return append(secrets, secretsOf(*config, Environment{})...)
}

// leastOpaque is the length from which a value of a kubeconfig that can't be
// read is taken for a secret.
const leastOpaque = 16

// secretsOf are the credentials of a kubeconfig, and of the files that it names
// where an environment can read them.
func secretsOf(config clientcmdapi.Config, env Environment) []string {
	var secrets []string
	for _, name := range slices.Sorted(maps.Keys(config.AuthInfos)) {
		user := config.AuthInfos[name]
		secrets = append(secrets, user.Token, user.Password, base64.StdEncoding.EncodeToString(user.ClientKeyData))
		for line := range strings.Lines(string(user.ClientKeyData)) {
			if !strings.HasPrefix(line, "-----") {
				secrets = append(secrets, strings.TrimSpace(line))
			}
		}
		if user.TokenFile != "" && env.ReadFile != nil {
			token, _ := env.ReadFile(user.TokenFile) // what can't be read has nothing to hide
			secrets = append(secrets, strings.TrimSpace(string(token)))
		}
		if user.AuthProvider != nil {
			secrets = slices.AppendSeq(secrets, maps.Values(user.AuthProvider.Config))
		}
		if user.Exec != nil {
			for _, variable := range user.Exec.Env {
				secrets = append(secrets, variable.Value)
			}
		}
	}
	return slices.DeleteFunc(secrets, func(s string) bool { return len(s) < trial.ShortestSecret })
}

func serverOf(host, port string) string { return "https://" + net.JoinHostPort(host, port) }
