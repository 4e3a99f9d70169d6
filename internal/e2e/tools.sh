#!/usr/bin/env bash
# Installs the clients, servers and linters of the tests, at fixed versions, into the
# user's cache; where they are already, it does nothing.
set -euo pipefail

dir="${XDG_CACHE_HOME:-$HOME/.cache}/seatrial-tools"
programs=(
  github.com/nektos/act@v0.2.89
  github.com/rhysd/actionlint/cmd/actionlint@v1.7.12
  sigs.k8s.io/kustomize/kustomize/v5@v5.7.1 # v5.8.3 needs Go 1.27
  helm.sh/helm/v3/cmd/helm@v3.19.0
  google.golang.org/grpc/interop/server@v1.83.2 # has calls of gRPC sent to it
)
modules=(
  @action-validator/cli@0.6.0
  @action-validator/core@0.6.0
  github-markdown-css@5.9.0
  mermaid@12.3.0
)

mkdir -p "$dir"
want=$(sha256sum <"$0")
[ "$(cat "$dir/installed" 2>/dev/null || true)" != "$want" ] || exit 0
for program in "${programs[@]}"; do
  GOBIN="$dir/bin" GOFLAGS='' go install "$program"
done
npm install --prefix "$dir" --no-audit --no-fund --loglevel=error "${modules[@]}"
echo "$want" >"$dir/installed"
