//go:build linux

package testcluster

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"testing"
)

// programDir is where an image has its program, as seatrial's own has.
const programDir = "/usr/local/bin/"

// Image gives the node an image of one static program, which is its
// entrypoint, of others beside it, and an empty /tmp. There is no registry:
// pods that name it may not have imagePullPolicy: Always.
func (c *Cluster) Image(t testing.TB, name, program string, others ...string) {
	t.Helper()
	c.Require(t, Pods)
	if err := c.importImage(t.Context(), name, append([]string{program}, others...)...); err != nil {
		t.Fatal(err)
	}
}

// Build makes a static program of the package in the directory, for Image.
func (c *Cluster) Build(t testing.TB, dir string) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), filepath.Base(dir))
	if err := (builder{}).goBuild(dir, "-trimpath", "-o", program, "."); err != nil {
		t.Fatal(err)
	}
	return program
}

func (c *Cluster) importImage(ctx context.Context, name string, programs ...string) error {
	text, err := imageArchive(name, programs...)
	if err != nil {
		return fmt.Errorf("image %s: %w", name, err)
	}
	archive, err := os.CreateTemp(c.plan.run(), "image-*.tar") // tests may run side by side
	if err != nil {
		return err
	}
	defer os.Remove(archive.Name())
	_, err = archive.Write(text)
	if err := errors.Join(err, archive.Close()); err != nil {
		return err
	}
	return c.ctr(ctx, "images", "import", archive.Name())
}

// imageArchive is what docker save would write: one layer, its configuration
// and a list of both. The first program is the entrypoint.
func imageArchive(name string, programs ...string) ([]byte, error) {
	files := []entry{{name: "tmp/", mode: 0o1777}}
	for _, program := range programs {
		binary, err := os.ReadFile(program)
		if err != nil {
			return nil, err
		}
		path := programDir + filepath.Base(program)
		files = append(files, entry{name: path[1:], mode: 0o755, text: binary})
	}
	layer, err := tarOf(files...)
	if err != nil {
		return nil, err
	}
	config, err := json.Marshal(map[string]any{
		"architecture": runtime.GOARCH, "os": "linux",
		"config": map[string]any{"Entrypoint": []string{programDir + filepath.Base(programs[0])}, "Env": []string{"PATH=" + programDir}, "WorkingDir": "/"},
		"rootfs": map[string]any{"type": "layers", "diff_ids": []string{fmt.Sprintf("sha256:%x", sha256.Sum256(layer))}},
	})
	if err != nil {
		return nil, err
	}
	manifest, err := json.Marshal([]any{map[string]any{"Config": "config.json", "RepoTags": []string{name}, "Layers": []string{"layer.tar"}}})
	if err != nil {
		return nil, err
	}
	return tarOf(entry{"manifest.json", 0o644, manifest}, entry{"config.json", 0o644, config}, entry{"layer.tar", 0o644, layer})
}

// entry is a file, or a directory where the name ends in a slash.
type entry struct {
	name string
	mode int64
	text []byte
}

func tarOf(entries ...entry) ([]byte, error) {
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	for _, e := range entries {
		if err := w.WriteHeader(&tar.Header{Name: e.name, Mode: e.mode, Size: int64(len(e.text))}); err != nil {
			return nil, err
		}
		if _, err := w.Write(e.text); err != nil {
			return nil, err
		}
	}
	return out.Bytes(), w.Close()
}
