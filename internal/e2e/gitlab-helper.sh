#!/usr/bin/env bash
# Makes the image that gitlab-ci-local carries artifacts with, without any
# registry: this machine's bash and rsync, and the libraries they load.
#
# usage: internal/e2e/gitlab-helper.sh TAG, after podman.sh and its exports
set -euo pipefail
tag=${1:?usage: gitlab-helper.sh TAG}
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT

mkdir -p "$root"/{bin,usr/bin,tmp}
for tool in bash rsync mkdir chmod chown cp; do
  path=$(command -v "$tool") || { echo "gitlab-helper.sh: $tool is missing; .ci/install says which packages have it" >&2; exit 1; }
  cp -L "$path" "$root/bin/"
  for library in $(ldd "$path" | grep -o '/[^ ]*'); do
    install -D "$library" "$root$library"
  done
done
ln -s bash "$root/bin/sh"
tar -C "$root" -c . | podman import -q -c 'ENV PATH=/bin:/usr/bin' - "$tag" >/dev/null
