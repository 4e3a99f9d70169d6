//go:build linux

package testcluster

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"time"
)

// builder makes programs of this repository and keeps them in the user's cache.
type builder struct {
	root     string // of the repository
	cache    string
	compiler string // version and target: they change what is built
}

// built is one program of a nested module.
type built struct {
	name, module, pkg string
	flags             []string
	minutes           int // on two cores with an empty cache
}

func newBuilder() (builder, error) {
	out, err := exec.Command("go", "env", "-json", "GOMOD", "GOVERSION", "GOARCH").Output()
	if err != nil {
		return builder{}, fmt.Errorf("go env: %w", err)
	}
	var env struct{ GOMOD, GOVERSION, GOARCH string }
	if err := json.Unmarshal(out, &env); err != nil {
		return builder{}, fmt.Errorf("go env: %w", err)
	}
	cache, err := os.UserCacheDir()
	return builder{filepath.Dir(env.GOMOD), filepath.Join(cache, "seatrial"), env.GOVERSION + " " + env.GOARCH}, err
}

// kubernetes is the linker's flags that make the API server tell its version,
// the one in testcluster/go.mod: clients can't read what an unset build has.
func (b builder) kubernetes() (string, error) {
	text, err := os.ReadFile(filepath.Join(b.root, "testcluster", "go.mod"))
	if err != nil {
		return "", err
	}
	v := regexp.MustCompile(`k8s\.io/kubernetes v(\d+)\.(\d+)\.\d+`).FindStringSubmatch(string(text))
	if v == nil {
		return "", errors.New("testcluster/go.mod requires no k8s.io/kubernetes")
	}
	const version = " -X k8s.io/component-base/version."
	return version + "gitVersion=" + strings.TrimPrefix(v[0], "k8s.io/kubernetes ") + version + "gitMajor=" + v[1] + version + "gitMinor=" + v[2], nil
}

// buildAll makes the plan's components.
func (b builder) buildAll(p *plan) error {
	version, err := b.kubernetes()
	if err != nil {
		return err
	}
	// Without what a debugger reads, a third less.
	static := func(link string) []string {
		return []string{"-trimpath", "-gcflags=all=-dwarf=false", "-ldflags=-s -w" + link}
	}
	for _, one := range []struct {
		from Tier
		path *string
		built
	}{
		{ControlPlane, &p.Kube, built{"kube", "testcluster", ".", static(version), 4}},
		{Pods, &p.Pause, built{"pause", "testcluster", "./pause", static(""), 1}},
		{Gateway, &p.Traefik, built{"traefik", "testgateway", "github.com/traefik/traefik/v3/cmd/traefik", static(""), 4}},
	} {
		if p.Tier < one.from {
			continue
		}
		path, err := b.build(one.built)
		if err != nil {
			return err
		}
		*one.path = path
	}
	return nil
}

// buildProgram makes the seatrial that is tested, as the image has it.
func (b builder) buildProgram(p plan) error {
	return b.goBuild(b.root, "-trimpath", "-tags", "grpcnotrace", "-o", p.program(), "./entrypoint")
}

// build gives the program's path. Where another process builds it, it waits.
func (b builder) build(p built) (string, error) {
	sum, err := b.sum(p)
	if err != nil {
		return "", err
	}
	path := filepath.Join(b.cache, p.name, sum, p.name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return "", err
	}
	unlock, err := lock(filepath.Join(b.cache, p.name, "lock"))
	if err != nil {
		return "", err
	}
	defer unlock()
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		return path, err
	}
	began := time.Now()
	fmt.Printf("testcluster: building %s (up to %d minutes)\n", p.name, p.minutes)
	args := append([]string{"-o", path + ".part"}, append(p.flags[:len(p.flags):len(p.flags)], p.pkg)...)
	if err := b.goBuild(filepath.Join(b.root, p.module), args...); err != nil {
		return "", err
	}
	fmt.Printf("testcluster: %s is built, %.0f s\n", p.name, time.Since(began).Seconds())
	return path, os.Rename(path+".part", path)
}

// sum names all that the program is made of: go.sum holds the rest of its modules.
func (b builder) sum(p built) (string, error) {
	hash := sha256.New()
	fmt.Fprintf(hash, "%s %s %q\n", b.compiler, p.pkg, p.flags)
	sources := os.DirFS(filepath.Join(b.root, p.module))
	err := fs.WalkDir(sources, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := fs.ReadFile(sources, path)
		fmt.Fprintf(hash, "%s %d\n%s", path, len(text), text)
		return err
	})
	return fmt.Sprintf("%x", hash.Sum(nil)[:16]), err
}

// lock waits until no other process has the file.
func lock(path string) (unlock func(), err error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX); err != nil {
		return nil, fmt.Errorf("locking %s: %w", path, err)
	}
	return func() { _ = file.Close() }, nil
}

// goBuild makes a static program: an image has no C library.
func (b builder) goBuild(module string, args ...string) error {
	c := exec.Command("go", append([]string{"build", "-C", module}, args...)...)
	c.Env = append(os.Environ(), "CGO_ENABLED=0")
	if output, err := c.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w\n%s", strings.Join(c.Args, " "), err, output)
	}
	return nil
}

// definitions downloads the modules that have CRDs and gives their directories.
func (b builder) definitions(tier Tier) (map[string]string, error) {
	dirs := map[string]string{}
	for module, names := range definitionModules {
		if module == "testgateway" && tier < Gateway {
			continue // it is large, and downloaded for the gateway alone
		}
		c := exec.Command("go", append([]string{"mod", "download", "-json"}, names...)...)
		c.Dir = filepath.Join(b.root, module)
		out, err := c.Output()
		if err != nil {
			return nil, fmt.Errorf("%s: %w\n%s", strings.Join(c.Args, " "), err, out)
		}
		for decoder := json.NewDecoder(bytes.NewReader(out)); decoder.More(); {
			var d struct{ Path, Dir string }
			if err := decoder.Decode(&d); err != nil {
				return nil, fmt.Errorf("go mod download: %w", err)
			}
			dirs[d.Path] = d.Dir
		}
	}
	return dirs, nil
}
