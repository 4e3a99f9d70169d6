//go:build e2e

package e2e

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// The "docker run" of docs/pipelines.md, as it is written but for the engine,
// the image's name and the network.
func (b bench) pipelinePage(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", "pipelines.md"))
	if err != nil {
		t.Fatal(err)
	}
	blocks := regexp.MustCompile("(?s)```sh\n(docker run.*?)```").FindAllStringSubmatch(string(text), -1)
	if len(blocks) != 2 {
		t.Fatalf("%d blocks", len(blocks))
	}
	workspace := t.TempDir()
	script := strings.NewReplacer("docker run", "podman run", "--network host", "--network="+b.network, "ghcr.io/seatrial/seatrial:v1", image).Replace(blocks[0][1])
	run(t, append(b.environ[:len(b.environ):len(b.environ)], "CANDIDATE="+slower, "BASELINE="+baseline), "", "sh", "-c", "cd "+workspace+"\n"+script).expect(t, 1)
	for name, want := range map[string]string{"junit.xml": `<failure type="fail"`, "metrics.txt": "# EOF", "load-performance.json": "http_req_waiting"} {
		kept, err := os.ReadFile(filepath.Join(workspace, "seatrial-report", name))
		if err != nil || !strings.Contains(string(kept), want) {
			t.Errorf("%s: %v; no %s in\n%s", name, err, want, kept)
		}
	}
}
