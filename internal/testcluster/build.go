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

// small leaves out what only a debugger reads: 135 MB instead of 190.
var small = []string{"-trimpath", "-gcflags=all=-dwarf=false"}

// version is the one that testcluster/go.mod has of Kubernetes. The server
// tells it to its clients, which can't read the one that an unset build has.
const version = "-X k8s.io/component-base/version.gitVersion=v1.36.3 -X k8s.io/component-base/version.gitMajor=1 -X k8s.io/component-base/version.gitMinor=36"

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

func (b builder) buildAll(p *plan) (err error) {
	programs := map[*string]built{
		&p.Kube: {"kube", "testcluster", ".", append(small[:2:2], "-ldflags=-s -w "+version), 4},
	}
	if p.Tier >= Pods {
		programs[&p.Pause] = built{"pause", "testcluster", "./pause", append(small[:2:2], "-ldflags=-s -w"), 1}
	}
	if p.Tier >= Gateway {
		programs[&p.Traefik] = built{"traefik", "testgateway", "github.com/traefik/traefik/v3/cmd/traefik", append(small[:2:2], "-ldflags=-s -w"), 4}
	}
	for path, program := range programs {
		if *path, err = b.build(program); err != nil {
			return err
		}
	}
	return nil
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
