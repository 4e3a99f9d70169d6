package k8s

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"github.com/seatrial/seatrial/trial"
)

// Access is how to reach the cluster: part of the trial file.
type Access struct {
	Kubeconfig trial.Secret `yaml:"kubeconfig"` // the text, that in base64, or paths; empty: what kubectl would take, else the pod's own
	Context    string       `yaml:"context"`    // empty: the kubeconfig's current one
	Namespace  string       `yaml:"namespace"`  // empty: the context's
}

// Environment is the part of the world outside in which a kubeconfig means something.
type Environment struct {
	Getenv   func(string) string
	ReadFile func(path string) ([]byte, error)
	LookPath func(program string) (string, error)
}

// AccessError says why the cluster can't be reached as asked, and what to do.
// Nothing of a kubeconfig's secrets is in it.
type AccessError struct{ What, Do string }

// Reason is what is wrong, in a sentence.
func (e *AccessError) Reason() string { return e.What }

// Remedy is what to do about it.
func (e *AccessError) Remedy() string { return e.Do }

func (e *AccessError) Error() string { return e.What + ".\n" + e.Do + "." }

func refused(do, format string, args ...any) error {
	return &AccessError{What: fmt.Sprintf(format, args...), Do: do}
}

// Where a pod finds its own ServiceAccount (kubernetes.io/docs, "Accessing the
// Kubernetes API from a Pod").
const (
	accountDir       = "/var/run/secrets/kubernetes.io/serviceaccount/"
	accountToken     = accountDir + "token"
	accountCA        = accountDir + "ca.crt"
	accountNamespace = accountDir + "namespace"
)

const sayWhere = "Give a kubeconfig as kubeconfig: (its text, that in base64, or a path), set KUBECONFIG, " +
	"or run in a pod whose ServiceAccount has the rights that seatrial rbac prints"

// Connect prepares to speak to the cluster; nothing is sent. Its error is an
// *AccessError where the kubeconfig is at fault.
func (a Access) Connect(env Environment) (*Cluster, error) {
	merged, err := a.read(env)
	if err != nil {
		return nil, err
	}
	if merged == nil {
		return a.connectAsPod(env)
	}
	name, err := contextOf(*merged, a.Context)
	if err != nil {
		return nil, err
	}
	if err := usable(*merged, name, env); err != nil {
		return nil, err
	}
	client := clientcmd.NewNonInteractiveClientConfig(*merged, name, &clientcmd.ConfigOverrides{}, nil)
	config, err := client.ClientConfig()
	if err != nil {
		// The cause is not told: it may quote what is in the kubeconfig.
		return nil, refused("See kubectl config view", "the context %q of the kubeconfig is not complete", name)
	}
	namespace := a.Namespace
	if namespace == "" {
		namespace = merged.Contexts[name].Namespace
	}
	c, err := newCluster(config, orDefault(namespace))
	if err != nil {
		return nil, err
	}
	c.who, c.secrets = fmt.Sprintf("the kubeconfig's context %q", name), secretsOf(*merged, env)
	return c, nil
}

func orDefault(namespace string) string {
	if namespace == "" {
		return "default"
	}
	return namespace
}

func (a Access) connectAsPod(env Environment) (*Cluster, error) {
	host, port := env.Getenv("KUBERNETES_SERVICE_HOST"), env.Getenv("KUBERNETES_SERVICE_PORT")
	token, err := env.ReadFile(accountToken)
	if host == "" || port == "" || err != nil {
		return nil, refused(sayWhere, "there is no kubeconfig, and this is no pod with a ServiceAccount's token")
	}
	if a.Context != "" {
		return nil, refused(sayWhere, "the context %q is asked for, but there is no kubeconfig", a.Context)
	}
	namespace := a.Namespace
	if own, err := env.ReadFile(accountNamespace); namespace == "" && err == nil {
		namespace = strings.TrimSpace(string(own))
	}
	c, err := newCluster(&rest.Config{
		Host:            serverOf(host, port),
		TLSClientConfig: rest.TLSClientConfig{CAFile: accountCA},
		BearerToken:     strings.TrimSpace(string(token)), BearerTokenFile: accountToken,
	}, orDefault(namespace))
	if err != nil {
		return nil, err
	}
	c.who, c.secrets = "the pod's own ServiceAccount", []string{strings.TrimSpace(string(token))}
	return c, nil
}

// contextOf is the context that is asked for, the current one, or the only one.
func contextOf(config clientcmdapi.Config, asked string) (string, error) {
	known := slices.Sorted(maps.Keys(config.Contexts))
	name := asked
	if name == "" {
		name = config.CurrentContext
	}
	if name == "" && len(known) == 1 {
		name = known[0]
	}
	switch _, found := config.Contexts[name]; {
	case len(known) == 0:
		return "", refused(sayWhere, "the kubeconfig has no contexts")
	case name == "":
		return "", refused("Name one as kube-context: "+strings.Join(known, ", "), "the kubeconfig has no current context")
	case !found:
		return "", refused("Name one of them as kube-context", "the kubeconfig has no context %q%s (known: %s)",
			name, trial.DidYouMean(name, known), strings.Join(known, ", "))
	}
	return name, nil
}

// usable looks for what would only fail later, and with worse words.
func usable(config clientcmdapi.Config, name string, env Environment) error {
	context := config.Contexts[name]
	cluster, hasCluster := config.Clusters[context.Cluster]
	user, hasUser := config.AuthInfos[context.AuthInfo]
	switch {
	case !hasCluster || cluster.Server == "":
		return refused("See kubectl config view", "the context %q names the cluster %q, of which the kubeconfig has no server", name, context.Cluster)
	case context.AuthInfo != "" && !hasUser:
		return refused("See kubectl config view", "the context %q names the user %q, which the kubeconfig does not have", name, context.AuthInfo)
	}
	if user == nil {
		user = clientcmdapi.NewAuthInfo()
	}
	if err := pluginOf(user, env); err != nil {
		return err
	}
	for _, file := range []string{cluster.CertificateAuthority, user.ClientCertificate, user.ClientKey, user.TokenFile} {
		if file == "" {
			continue
		}
		if _, err := env.ReadFile(file); err != nil {
			return refused("Take a kubeconfig that has all within: kubectl config view --flatten --minify --raw",
				"the kubeconfig names the file %q, which can't be read here: %v", file, rootCause(err))
		}
	}
	return nil
}

// withToken is the way out where a program for credentials is missing.
const withToken = "The image has no cloud's programs. Give a kubeconfig with the token of a ServiceAccount instead " +
	"(seatrial rbac prints one with its rights, kubectl create token makes its token), " +
	"or run the seatrial program itself where that program is"

func pluginOf(user *clientcmdapi.AuthInfo, env Environment) error {
	if user.AuthProvider != nil {
		return refused(withToken, "the kubeconfig gets its credentials by the auth-provider %q, which Kubernetes gave up with 1.26", user.AuthProvider.Name)
	}
	if user.Exec == nil {
		return nil
	}
	if _, err := env.LookPath(user.Exec.Command); err != nil {
		return refused(withToken, "the kubeconfig gets its credentials by the program %q, which is not there", user.Exec.Command)
	}
	return nil
}

// rootCause is an error of a file without its path.
func rootCause(err error) error {
	var path *os.PathError
	if errors.As(err, &path) {
		return path.Err
	}
	return err
}

// inHome is a path with its ~ filled in.
func inHome(path string, env Environment) string {
	if rest, found := strings.CutPrefix(path, "~/"); found {
		return filepath.Join(env.Getenv("HOME"), rest)
	}
	return path
}
