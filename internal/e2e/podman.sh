#!/usr/bin/env bash
# Prepares podman and buildah in DIR so that the Dockerfile builds without any
# registry: its two base images are made from what this machine has.
#
# usage: internal/e2e/podman.sh DIR, then
#   export CONTAINERS_CONF=DIR/containers.conf CONTAINERS_STORAGE_CONF=DIR/storage.conf
set -euo pipefail
mkdir -p "${1:?usage: podman.sh DIR}"
dir=$(cd "$1" && pwd)

for tool in podman buildah runc busybox bash-static go; do
  command -v "$tool" >/dev/null || { echo "podman.sh: $tool is missing; .ci/install says which packages have it" >&2; exit 1; }
done

# A store of our own: nothing of the machine's is touched, and removing DIR
# removes everything.
cat >"$dir/storage.conf" <<CONF
[storage]
driver = "overlay"
runroot = "$dir/run"
graphroot = "$dir/graph"
CONF

# crun refuses machines that mix cgroup v1 and v2, so runc. Podman's default
# limits are above what a process without CAP_SYS_RESOURCE may set. Locks in
# shared memory would be shared with the machine's own podman.
files=$(ulimit -Hn)
[ "$files" != unlimited ] || files=1048576
cat >"$dir/containers.conf" <<CONF
[containers]
default_ulimits = ["nofile=$files:$files", "nproc=4096:4096"]
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
lock_type = "file"
tmp_dir = "$dir/tmp"
[network]
network_backend = "netavark"
network_config_dir = "$dir/networks"
CONF
export CONTAINERS_STORAGE_CONF="$dir/storage.conf" CONTAINERS_CONF="$dir/containers.conf"

# The runtime base: a static busybox as every command it knows.
root="$dir/root"
mkdir -p "$root"/{bin,etc/ssl/certs,root,tmp,usr/bin,usr/local/bin}
chmod 1777 "$root/tmp"
cp "$(command -v busybox)" "$root/bin/busybox"
for applet in $("$root/bin/busybox" --list); do
  [ "$applet" = busybox ] || ln -sf busybox "$root/bin/$applet"
done
cp /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/"
printf 'root:x:0:0:root:/root:/bin/sh\nnobody:x:65532:65532::/tmp:/bin/false\n' >"$root/etc/passwd"
printf 'root:x:0:\nnobody:x:65532:\n' >"$root/etc/group"
tar -C "$root" -c . | podman import -q -c 'CMD ["/bin/sh"]' - docker.io/library/alpine:3 >/dev/null

# The build base: the same and the Go toolchain, which is static too.
goroot=$(go env GOROOT)
tar -c -C "$root" . --transform "s,^$(basename "$goroot"),usr/local/go,S" -C "$(dirname "$goroot")" "$(basename "$goroot")" |
  podman import -q -c 'ENV PATH=/usr/local/go/bin:/usr/bin:/bin' -c 'ENV GOTOOLCHAIN=local' - docker.io/library/golang:1.26 >/dev/null

# What GitHub's jobs run on, as far as the tests' own jobs need it: the same and bash.
cp "$(command -v bash-static)" "$root/bin/bash"
tar -C "$root" -c . | podman import -q -c 'CMD ["/bin/bash"]' - localhost/runner:latest >/dev/null
