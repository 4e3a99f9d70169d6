//go:build linux

package testcluster

import (
	"context"
	"encoding/json"
	"fmt"
	"os/exec"
	"path/filepath"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// Images that every node has. Pods name them with imagePullPolicy: Never.
const (
	ProgramImage = "registry.local/seatrial:test" // the program under test
	pauseImage   = "registry.local/pause:test"
)

// containerdConfig needs the state's directory (four times), the pause image
// and the directory of CNI plugins. AppArmor may be there and unreadable, and
// a lower OOM score than one's own takes a capability.
const containerdConfig = `version = 2
root = "%[1]s/containerd"
state = "/run/containerd"
disabled_plugins = ["io.containerd.internal.v1.opt", "io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.devmapper", "io.containerd.snapshotter.v1.zfs", "io.containerd.snapshotter.v1.aufs"]
[grpc]
  address = "%[1]s/containerd.sock"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "%[2]s"
  disable_apparmor = true
  restrict_oom_score_adj = true
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "overlayfs"
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "%[3]s"
    conf_dir = "%[1]s/cni"
`

// networkConfig is the CNI configuration of pods.
func networkConfig(run string) map[string]any {
	return map[string]any{
		"cniVersion": "0.4.0", "name": "pods",
		"plugins": []any{
			map[string]any{
				"type": "bridge", "bridge": bridge, "isGateway": true, "hairpinMode": true,
				"ipam": map[string]any{
					"type": "host-local", "dataDir": filepath.Join(run, "addresses"),
					"ranges": []any{[]any{map[string]any{"subnet": podSubnet, "rangeStart": firstPod}}},
					"routes": []any{map[string]any{"dst": "0.0.0.0/0"}},
				},
			},
			map[string]any{"type": "portmap", "capabilities": map[string]any{"portMappings": true}},
		},
	}
}

// kubeletConfig is for a node that takes the machine as it is: any version of
// control groups, swap, and disks however full.
func kubeletConfig(p plan) map[string]any {
	none := "0%"
	return map[string]any{
		"apiVersion": "kubelet.config.k8s.io/v1beta1", "kind": "KubeletConfiguration",
		"containerRuntimeEndpoint":        "unix://" + containerdSocket(p),
		"podLogsDir":                      filepath.Join(p.run(), "pods"),
		"volumePluginDir":                 filepath.Join(p.run(), "volume-plugins"),
		"resolvConf":                      "",
		"failCgroupV1":                    false,
		"failSwapOn":                      false,
		"cgroupDriver":                    "cgroupfs",
		"cgroupRoot":                      "/" + p.cgroup(),
		"cgroupsPerQOS":                   true,
		"enforceNodeAllocatable":          []string{},
		"localStorageCapacityIsolation":   false,
		"imageGCHighThresholdPercent":     100,
		"evictionHard":                    map[string]string{"memory.available": none, "nodefs.available": none, "nodefs.inodesFree": none, "imagefs.available": none},
		"nodeStatusUpdateFrequency":       "2s",
		"authentication":                  map[string]any{"anonymous": map[string]any{"enabled": true}, "webhook": map[string]any{"enabled": false}},
		"authorization":                   map[string]any{"mode": "AlwaysAllow"}, // only the sandbox reaches it
		"shutdownGracePeriod":             "0s",
		"shutdownGracePeriodCriticalPods": "0s",
	}
}

func containerdSocket(p plan) string { return filepath.Join(p.run(), "containerd.sock") }

// startNode starts what runs pods, and waits until the node takes them.
func (c *Cluster) startNode(ctx context.Context) error {
	if err := c.writeNodeConfig(); err != nil {
		return err
	}
	run := c.plan.run()
	if err := c.processes.start(component{name: "containerd", argv: []string{"containerd", "-c", filepath.Join(run, "containerd.toml")}}); err != nil {
		return err
	}
	err := c.kube("kube-scheduler", "--kubeconfig="+c.credentials.kubeconfig("scheduler"),
		"--kube-api-qps=200", "--kube-api-burst=400", "--leader-elect=false", "--secure-port=0")
	if err != nil {
		return err
	}
	if err := c.importOwnImages(ctx); err != nil {
		return err
	}
	err = c.kube("kubelet", "--config="+filepath.Join(run, "kubelet.json"), "--kubeconfig="+c.credentials.kubeconfig("node"),
		"--hostname-override="+nodeName, "--node-ip="+nodeAddress,
		"--root-dir="+filepath.Join(run, "kubelet"), "--cert-dir="+filepath.Join(run, "kubelet-certificates"))
	if err != nil {
		return err
	}
	// The table of connections is the machine's: its size stays as it is.
	err = c.kube("kube-proxy", "--kubeconfig="+c.credentials.kubeconfig("proxy"), "--proxy-mode=iptables", "--hostname-override="+nodeName,
		"--conntrack-max-per-core=0", "--conntrack-tcp-timeout-established=0", "--conntrack-tcp-timeout-close-wait=0")
	if err != nil {
		return err
	}
	return c.processes.await(ctx, "the node", patience, c.nodeReady)
}

func (c *Cluster) writeNodeConfig() error {
	run := c.plan.run()
	if err := write(filepath.Join(run, "containerd.toml"), fmt.Sprintf(containerdConfig, run, pauseImage, cniPlugins)); err != nil {
		return err
	}
	if err := writeJSON(filepath.Join(run, "cni", "pods.conflist"), networkConfig(run)); err != nil {
		return err
	}
	return writeJSON(filepath.Join(run, "kubelet.json"), kubeletConfig(c.plan))
}

func writeJSON(file string, value any) error {
	text, err := json.Marshal(value)
	if err != nil {
		return err
	}
	return write(file, string(text))
}

func (c *Cluster) importOwnImages(ctx context.Context) error {
	err := c.processes.await(ctx, "containerd", patience, func(ctx context.Context) error {
		return c.ctr(ctx, "version")
	})
	if err != nil {
		return err
	}
	if err := c.importImage(ctx, pauseImage, c.plan.Pause); err != nil {
		return err
	}
	return c.importImage(ctx, ProgramImage, c.Program)
}

func (c *Cluster) ctr(ctx context.Context, args ...string) error {
	args = append([]string{"-a", containerdSocket(c.plan), "-n", "k8s.io"}, args...)
	if output, err := exec.CommandContext(ctx, "ctr", args...).CombinedOutput(); err != nil {
		return fmt.Errorf("ctr %s: %w: %s", args, err, output)
	}
	return nil
}

func (c *Cluster) nodeReady(ctx context.Context) error {
	node, err := c.objects.Resource(schema.GroupVersionResource{Version: "v1", Resource: "nodes"}).Get(ctx, nodeName, metav1.GetOptions{})
	if err != nil {
		return err
	}
	return hasCondition(node, "Ready")
}
