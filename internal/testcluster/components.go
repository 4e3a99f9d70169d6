//go:build linux

package testcluster

import (
	"context"
	"fmt"
	"net"
	"path/filepath"
	"strings"
	"time"

	"k8s.io/client-go/discovery"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
)

// The sandbox's addresses are the same in each: no two meet.
const (
	loopback    = "127.0.0.1"
	bridge      = "br0"
	nodeAddress = "10.244.0.1" // of the bridge
	podSubnet   = "10.244.0.0/24"
	firstPod    = "10.244.0.10"
	services    = "10.200.0.0/24"
	apiService  = "10.200.0.1" // the first of services
	nodeName    = "node"
	cniPlugins  = "/usr/lib/cni" // where Debian has them
)

// controllers are those that something here needs: each one more is later to start.
var controllers = []string{
	"cronjob-controller", "daemonset-controller", "deployment-controller", "disruption-controller",
	"endpoints-controller", "endpointslice-controller", "endpointslice-mirroring-controller",
	"garbage-collector-controller", "horizontal-pod-autoscaler-controller", "job-controller",
	"namespace-controller", "node-lifecycle-controller", "pod-garbage-collector-controller",
	"replicaset-controller", "resourcequota-controller", "root-ca-certificate-publisher-controller",
	"serviceaccount-controller", "serviceaccount-token-controller", "statefulset-controller",
	"ttl-after-finished-controller",
}

// patience is how long a component may take to be ready on a busy machine.
const patience = 2 * time.Minute

// start makes the plan's cluster. With an error, the cluster still tells its logs.
func start(p plan) (*Cluster, error) {
	c := &Cluster{Program: p.program(), plan: p, processes: newProcesses(p.run())}
	port, listen, err := c.address()
	if err != nil {
		return c, err
	}
	server := fmt.Sprintf("https://%s:%s", loopback, port)
	if c.credentials, err = newCredentials(filepath.Join(p.run(), "credentials"), server); err != nil {
		return c, err
	}
	c.Kubeconfig = c.credentials.kubeconfig(admin)
	if err := c.connect(); err != nil {
		return c, err
	}
	steps := []func(context.Context) error{
		func(ctx context.Context) error { return c.startControlPlane(ctx, listen, port) },
	}
	if p.Tier >= Pods {
		steps = append(steps, c.startNode)
	}
	if p.Tier >= Gateway {
		steps = append(steps, c.startGateway)
	}
	for _, step := range steps {
		if err := step(context.Background()); err != nil {
			return c, err
		}
	}
	return c, nil
}

// address is where the API server listens: everywhere in a sandbox, and
// outside of one on a port of loopback that is free.
func (c *Cluster) address() (port, listen string, err error) {
	if c.plan.Tier >= Pods {
		return "6443", "0.0.0.0", nil
	}
	free, err := net.Listen("tcp", loopback+":0")
	if err != nil {
		return "", "", err
	}
	defer free.Close()
	_, port, err = net.SplitHostPort(free.Addr().String())
	return port, loopback, err
}

func (c *Cluster) connect() (err error) {
	if c.config, err = clientcmd.BuildConfigFromFlags("", c.Kubeconfig); err != nil {
		return err
	}
	c.config.QPS, c.config.Burst = 200, 400 // the client's own limit is 5 requests/s
	c.config.WarningHandler = rest.NoWarnings{}
	if c.objects, err = dynamic.NewForConfig(c.config); err != nil {
		return err
	}
	c.discovery, err = discovery.NewDiscoveryClientForConfig(c.config)
	return err
}

func (c *Cluster) startControlPlane(ctx context.Context, listen, port string) error {
	// Sockets need no free ports, and other users can't open them. What etcd
	// advertises must have a port, but nobody looks there.
	store := "unix://" + filepath.Join(c.plan.run(), "etcd.sock")
	err := c.kube("etcd", "--data-dir="+filepath.Join(c.plan.run(), "etcd"), "--unsafe-no-fsync",
		"--listen-client-urls="+store, "--advertise-client-urls=http://localhost:2379",
		"--listen-peer-urls=unix://"+filepath.Join(c.plan.run(), "etcd-peer.sock"))
	if err != nil {
		return err
	}
	if err := c.kube(apiServer, c.apiServerFlags(store, listen, port)...); err != nil {
		return err
	}
	if err := c.processes.await(ctx, "the API server", patience, c.apiReady); err != nil {
		return err
	}
	// As administrator: with an account for each controller, the last of them starts seconds later.
	err = c.kube("kube-controller-manager", "--kubeconfig="+c.Kubeconfig, "--kube-api-qps=200", "--kube-api-burst=400",
		"--controllers="+strings.Join(controllers, ","), "--leader-elect=false", "--secure-port=0",
		"--service-account-private-key-file="+c.credentials.file("accounts.key"), "--root-ca-file="+c.credentials.file("ca.crt"))
	if err != nil {
		return err
	}
	return c.processes.await(ctx, "the default ServiceAccount", patience, func(ctx context.Context) error {
		return c.hasAccount(ctx, "default")
	})
}

const apiServer = "kube-apiserver"

func (c *Cluster) apiServerFlags(store, listen, port string) []string {
	flags := []string{
		"--etcd-servers=" + store, "--bind-address=" + listen, "--secure-port=" + port,
		"--tls-cert-file=" + c.credentials.file("server.crt"), "--tls-private-key-file=" + c.credentials.file("server.key"),
		"--authorization-mode=Node,RBAC", "--token-auth-file=" + c.credentials.file("tokens.csv"),
		"--service-account-issuer=https://kubernetes.default.svc",
		"--service-account-key-file=" + c.credentials.file("accounts.key"),
		"--service-account-signing-key-file=" + c.credentials.file("accounts.key"),
		"--service-cluster-ip-range=" + services, "--allow-privileged=true",
		"--kubelet-preferred-address-types=InternalIP", // the node's name means nothing to DNS
		"--cert-dir=" + filepath.Join(c.plan.run(), "apiserver"),
	}
	if c.plan.Tier >= Pods {
		return append(flags, "--advertise-address="+nodeAddress)
	}
	// Endpoints may not be at loopback, so that the API's own Service has none.
	return append(flags, "--advertise-address="+loopback, "--endpoint-reconciler-type=none")
}

// kube starts a component of Kubernetes.
func (c *Cluster) kube(name string, flags ...string) error {
	return c.processes.start(component{name: name, argv: append([]string{c.plan.Kube, name}, flags...)})
}

func (c *Cluster) apiReady(ctx context.Context) error {
	_, err := c.discovery.RESTClient().Get().AbsPath("/readyz").DoRaw(ctx)
	return err
}
