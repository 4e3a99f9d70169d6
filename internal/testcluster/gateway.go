//go:build linux

package testcluster

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"strconv"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// The Gateway that routes of every namespace may name as their parent.
const (
	GatewayNamespace = "gateway"
	GatewayName      = "web"
	gatewayPort      = 8000
)

//go:embed testdata/gateway.yaml
var gatewayObjects string

// Gateway is the URL that sends live traffic, for tests and for pods.
func (c *Cluster) Gateway() string {
	return "http://" + nodeAddress + ":" + strconv.Itoa(gatewayPort)
}

// startGateway starts Traefik beside the node: it routes to pods by their
// addresses. It takes its kinds before it starts, or it would not watch them.
func (c *Cluster) startGateway(ctx context.Context) error {
	for _, set := range []Definitions{GatewayAPI, Traefik} {
		if err := c.install(ctx, set); err != nil {
			return err
		}
	}
	if err := c.apply(ctx, "", gatewayObjects); err != nil {
		return err
	}
	err := c.processes.start(component{
		name: "traefik", env: []string{"KUBECONFIG=" + c.Kubeconfig},
		argv: []string{
			c.plan.Traefik, "--entrypoints.web.address=:" + strconv.Itoa(gatewayPort),
			"--providers.kubernetesgateway=true", "--providers.kubernetesgateway.endpoint=" + c.credentials.server,
			"--providers.kubernetesgateway.statusaddress.ip=" + nodeAddress,
			"--providers.kubernetescrd=true", "--providers.kubernetescrd.endpoint=" + c.credentials.server,
			"--providers.providersthrottleduration=100ms",
			"--global.checknewversion=false", "--global.sendanonymoususage=false", "--log.level=INFO",
		},
	})
	if err != nil {
		return err
	}
	return c.processes.await(ctx, "the Gateway", patience, c.gatewayReady)
}

func (c *Cluster) gatewayReady(ctx context.Context) error {
	kind := schema.GroupVersionResource{Group: "gateway.networking.k8s.io", Version: "v1", Resource: "gateways"}
	gateway, err := c.objects.Resource(kind).Namespace(GatewayNamespace).Get(ctx, GatewayName, metav1.GetOptions{})
	if err != nil {
		return err
	}
	if err := hasCondition(gateway, "Programmed"); err != nil {
		return errors.Join(err, fmt.Errorf("the controller last said:\n%s", c.processes.lastWords("traefik")))
	}
	return nil
}
