package main

import (
	"bytes"
	"io/fs"
	"net"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/seatrial/seatrial/config"
	"github.com/seatrial/seatrial/loadgen"
)

// container runs seatrial as the only process of a container.
func container(environ []string, listens bool, args ...string) (code int, said string) {
	var out bytes.Buffer
	p := process{
		args: args, environ: environ, stdout: &out, stderr: &out, width: 120,
		random:   strings.NewReader(strings.Repeat("x", 1000)),
		readFile: func(string) ([]byte, error) { return nil, fs.ErrNotExist },
		network:  surroundings{alone: true, answers: func(string) bool { return listens }},
	}
	ctx, stop := untilSignal()
	defer stop()
	return p.main(ctx), out.String()
}

func TestTheActionsOwnContainerIsNotTheRunner(t *testing.T) {
	inAction := []string{"GITHUB_ACTIONS=true"}
	for _, address := range []string{
		"http://127.0.0.1:8080/products", "http://localhost:8080", "https://LOCALHOST", "http://shop.localhost:1", "http://[::1]:8080",
		"http://0.0.0.0:8080", "http://127.1.2.3", "http://localhost.:80", "http://[::ffff:127.0.0.1]:80",
	} {
		code, said := container(inAction, false, "--candidate", address, "--objectives", "error-rate <= 1%")
		for _, want := range []string{address, "not the runner", "services:", "docker run --network host", "seatrial/seatrial/host"} {
			if code != exitBadInput || !strings.Contains(said, want) {
				t.Errorf("%s: exit code %d, want %q in\n%s", address, code, want, said)
			}
		}
	}
	code, said := container(inAction, false, "--candidate", "http://shop:1", "--wait-for", "http://127.0.0.1:9/ready", "--objectives", "error-rate <= 1%")
	if code != exitBadInput || !strings.Contains(said, "127.0.0.1:9") {
		t.Errorf("wait-for: exit code %d\n%s", code, said)
	}
}

func TestTheActionsOwnContainerHasNoGRPCEither(t *testing.T) {
	alone := surroundings{alone: true, answers: func(string) bool { return false }}
	file := config.File{Candidate: &loadgen.Target{URL: "http://shop:1", GRPC: "grpc://127.0.0.1"}}
	getenv := func(string) string { return "true" }
	if err := alone.unreachable(getenv, file); err == nil || !strings.Contains(err.Error(), "grpc://127.0.0.1 is the action's own container") {
		t.Errorf("got %v", err)
	}
}

func TestLoopbackIsRefusedWhereItCanNotBeRight(t *testing.T) {
	for name, c := range map[string]struct {
		environ []string
		s       surroundings
		address string
	}{
		"elsewhere than on GitHub":         {nil, surroundings{alone: true, answers: never}, "http://127.0.0.1:8080"},
		"beside other processes":           {[]string{"GITHUB_ACTIONS=true"}, surroundings{answers: never}, "http://127.0.0.1:8080"},
		"where something answers":          {[]string{"GITHUB_ACTIONS=true"}, surroundings{true, func(a string) bool { return a == "127.0.0.1:8080" }}, "http://127.0.0.1:8080"},
		"a service of the job":             {[]string{"GITHUB_ACTIONS=true"}, surroundings{alone: true, answers: never}, "http://shop:8080"},
		"a name that begins like loopback": {[]string{"GITHUB_ACTIONS=true"}, surroundings{alone: true, answers: never}, "http://127.0.0.1.example:8080"},
	} {
		p := process{environ: c.environ, readFile: func(string) ([]byte, error) { return nil, fs.ErrNotExist }}
		file, err := loaded(p, c.address)
		if err != nil {
			t.Fatal(err)
		}
		if err := c.s.unreachable(p.getenv, file); err != nil {
			t.Errorf("%s: refused: %v", name, err)
		}
	}
}

func loaded(p process, address string) (config.File, error) {
	file, _, err := config.Load(config.Sources{
		Flags: map[string]string{"candidate": address, "objectives": "error-rate <= 1%"}, Environ: p.environ, ReadFile: p.readFile,
	})
	return file, err
}

func never(string) bool { return false }

// As seen in a container on Docker's bridge, and on a runner.
func TestAContainersOwnNetworkIsToldFromAMachines(t *testing.T) {
	network := func(links ...string) fs.FS {
		files := fstest.MapFS{}
		for _, link := range links {
			f := strings.Fields(link)
			files[f[0]+"/ifindex"], files[f[0]+"/iflink"] = &fstest.MapFile{Data: []byte(f[1] + "\n")}, &fstest.MapFile{Data: []byte(f[2] + "\n")}
		}
		return files
	}
	for name, c := range map[string]struct {
		network fs.FS
		machine bool
	}{
		"bridge":       {network("lo 1 1", "eth0 14 15"), false},
		"with tunnels": {network("lo 1 1", "tunl0 2 0", "eth0 14 15", "eth1 16 17"), false},
		"none":         {network("lo 1 1"), false},
		"runner":       {network("lo 1 1", "eth0 2 2", "docker0 3 3"), true},
		"pod's Docker": {network("lo 1 1", "eth0 4 9", "docker0 5 5"), true},
		"no sysfs":     {network(), false},
	} {
		if got := onMachine(c.network); got != c.machine {
			t.Errorf("%s: machine %v", name, got)
		}
	}
}

func TestWhatListensAnswers(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	open := answers(address)
	if err := l.Close(); err != nil || !open || answers(address) {
		t.Errorf("open %v, closed %v, %v", open, answers(address), err)
	}
}
