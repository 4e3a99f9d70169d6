package k8s

import (
	"fmt"
	"net/http"
	"slices"
	"sync/atomic"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/discovery/cached/memory"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/restmapper"
)

// Cluster speaks to one API server. It keeps no copy of what is there.
type Cluster struct {
	Namespace string // of objects that name none
	objects   dynamic.Interface
	kinds     meta.ResettableRESTMapper
	config    *rest.Config
	client    *http.Client
	clock     *clock
	calls     *atomic.Int64
	who       string   // whose credentials are used: "the kubeconfig's context "prod""
	secrets   []string // that it was given to use
}

// Requests that are sent at once, and then each second. Waiting needs few, but
// those without delay.
const (
	burst     = 100
	perSecond = 50
)

func newCluster(config *rest.Config, namespace string) (*Cluster, error) {
	now := &clock{}
	calls := new(atomic.Int64)
	config.WrapTransport = now.reading
	config.Wrap(func(next http.RoundTripper) http.RoundTripper { return countedCalls{next, calls} })
	config.UserAgent = "seatrial"
	config.Burst, config.QPS = burst, perSecond
	config.WarningHandler = rest.NoWarnings{}
	client, err := rest.HTTPClientFor(config)
	if err != nil {
		return nil, fmt.Errorf("preparing to speak to the cluster: %w", err)
	}
	client.Transport = punctual{client.Transport}
	objects, err := dynamic.NewForConfigAndClient(config, client)
	if err != nil {
		return nil, fmt.Errorf("preparing to speak to the cluster: %w", err)
	}
	asking := *client
	asking.Timeout = discoverWithin
	known, err := discovery.NewDiscoveryClientForConfigAndClient(config, &asking)
	if err != nil {
		return nil, fmt.Errorf("preparing to speak to the cluster: %w", err)
	}
	kinds := restmapper.NewDeferredDiscoveryRESTMapper(memory.NewMemCacheClient(known))
	return &Cluster{Namespace: namespace, objects: objects, kinds: kinds, config: config, client: client, clock: now, calls: calls}, nil
}

// discoverWithin is the limit of one question about kinds, as in client-go.
const discoverWithin = 32 * time.Second

// Server is the API server's address.
func (c *Cluster) Server() string { return c.config.Host }

// Secrets are the credentials that it was given, for masking.
func (c *Cluster) Secrets() []string { return slices.Clone(c.secrets) }

// resource is where objects of a kind are, in a namespace.
func (c *Cluster) resource(kind schema.GroupKind, namespace string) (dynamic.ResourceInterface, error) {
	mapping, err := c.kinds.RESTMapping(kind)
	if err != nil {
		return nil, err
	}
	return c.mapped(mapping, namespace), nil
}

func (c *Cluster) mapped(mapping *meta.RESTMapping, namespace string) dynamic.ResourceInterface {
	if mapping.Scope.Name() == meta.RESTScopeNameRoot {
		return c.objects.Resource(mapping.Resource)
	}
	return c.objects.Resource(mapping.Resource).Namespace(namespace)
}

// clock is the cluster's, as the API server's answers tell it: the times in
// objects are the cluster's, and this machine may be minutes off.
type clock struct{ ahead atomic.Int64 }

func (c *clock) now() time.Time { return time.Now().Add(time.Duration(c.ahead.Load())) }

func (c *clock) reading(next http.RoundTripper) http.RoundTripper { return dated{next, c} }

// dated reads the clock off each answer.
type dated struct {
	next  http.RoundTripper
	clock *clock
}

func (d dated) RoundTrip(r *http.Request) (*http.Response, error) {
	answer, err := d.next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	if at, err := http.ParseTime(answer.Header.Get("Date")); err == nil {
		d.clock.ahead.Store(int64(time.Until(at)))
	}
	return answer, nil
}
