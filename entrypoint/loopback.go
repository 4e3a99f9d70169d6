package main

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"net"
	"net/netip"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/seatrial/seatrial/config"
)

// surroundings is the network that the process is in.
type surroundings struct {
	alone   bool // it is all there is in a container with a network of its own
	answers func(address string) bool
}

// here looks around. The first process of a container that is seatrial itself
// is alone there, unless it is on the machine's own network.
func here() surroundings {
	return surroundings{alone: os.Getpid() == 1 && !onMachine(os.DirFS("/sys/class/net")), answers: answers}
}

// onMachine reports whether a network is a machine's: it has a device or a
// bridge. A container's own has one end of each pair, linked to the other end;
// a device is linked to itself.
func onMachine(interfaces fs.FS) bool {
	all, _ := fs.Glob(interfaces, "*/iflink") // the pattern is sound
	for _, path := range all {
		name := strings.TrimSuffix(path, "/iflink")
		link, _ := fs.ReadFile(interfaces, path)
		index, err := fs.ReadFile(interfaces, name+"/ifindex")
		if err == nil && name != "lo" && bytes.Equal(link, index) {
			return true
		}
	}
	return false
}

// answers reports whether anything takes a connection there.
func answers(address string) bool {
	const within = 500 * time.Millisecond
	ctx, stop := context.WithTimeout(context.Background(), within)
	defer stop()
	c, err := new(net.Dialer).DialContext(ctx, "tcp", address)
	if err != nil {
		return false
	}
	_ = c.Close()
	return true
}

// lonely is the mistake of asking for the runner's machine by a name that
// means the action's own container.
type lonely struct{ address string }

// Reason is what is wrong.
func (l lonely) Reason() string {
	return l.address + " is the action's own container, not the runner: nothing answers there"
}

// Remedy is what to do about it.
func (l lonely) Remedy() string {
	return "Three ways out: run the service as a job service (services:, then http://NAME:PORT); " +
		"take seatrial/seatrial/host in place of seatrial/seatrial; " +
		"or run the image yourself: docker run --network host ghcr.io/seatrial/seatrial"
}

func (l lonely) Error() string { return l.Reason() + ".\n" + l.Remedy() + "." }

// lonelyCluster is the same of the API server of a cluster on the runner, as
// kind, k3d and minikube make them.
type lonelyCluster struct{ lonely }

// Remedy is what to do about it.
func (l lonelyCluster) Remedy() string {
	return "Three ways out: take seatrial/seatrial/host in place of seatrial/seatrial; " +
		"run the image yourself: docker run --network host ghcr.io/seatrial/seatrial; " +
		"or give a kubeconfig whose server the container can reach (kind get kubeconfig --internal, in a job on kind's network)"
}

func (l lonelyCluster) Error() string { return l.Reason() + ".\n" + l.Remedy() + "." }

// unreachableCluster is unreachable for an API server.
func (s surroundings) unreachableCluster(getenv func(string) string, server string) error {
	if getenv("GITHUB_ACTIONS") != "true" || !s.alone {
		return nil
	}
	if hostPort, loops := loopback(server); loops && !s.answers(hostPort) {
		return lonelyCluster{lonely{"the API server of the kubeconfig, " + hostPort + ","}}
	}
	return nil
}

// unreachable says so when the trial asks its own container for a service that
// is not in it. On GitHub a container action has a network of its own, and can
// not be given another.
func (s surroundings) unreachable(getenv func(string) string, file config.File) error {
	if getenv("GITHUB_ACTIONS") != "true" || !s.alone {
		return nil
	}
	var all []string
	for _, v := range file.Versions() {
		all = append(all, v.URL)
	}
	for i, target := range file.Targets() {
		if hostPort, loops := loopback(target.URL); loops && !s.answers(hostPort) {
			return lonely{all[i]}
		}
		if hostPort, loops := loopback(target.GRPC); loops && !s.answers(hostPort) {
			return lonely{target.GRPC} // has no credentials
		}
	}
	for _, probe := range file.Ready.URLs {
		if hostPort, loops := loopback(probe.URL); loops && !s.answers(hostPort) {
			return lonely{fmt.Sprintf("the host of wait-for, %s,", hostPort)}
		}
	}
	return nil
}

// loopback is the host and port of an address that means this machine.
func loopback(address string) (hostPort string, loops bool) {
	u, err := url.Parse(address)
	if err != nil {
		return "", false
	}
	host, port := strings.ToLower(strings.TrimSuffix(u.Hostname(), ".")), u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443", "grpc": "80", "grpcs": "443"}[strings.ToLower(u.Scheme)]
	}
	ip, err := netip.ParseAddr(host)
	loops = err == nil && (ip.IsLoopback() || ip.IsUnspecified())
	return net.JoinHostPort(u.Hostname(), port), loops || host == "localhost" || strings.HasSuffix(host, ".localhost")
}
