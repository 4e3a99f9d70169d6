package main

import (
	"bytes"
	"io/fs"
	"net"
	"strings"
	"testing"

	"github.com/seatrial/seatrial/config"
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
