# The image of the GitHub action, the GitLab job and the Tekton task: one
# static binary on a base with a shell. It runs as any user and on a read-only
# root; there is no USER and no WORKDIR because GitHub forbids the one and sets
# the other. The base images are arguments so that a mirror, or a machine
# without a registry, can put its own in their place.
ARG GO_IMAGE=golang:1.26
ARG RUNTIME_IMAGE=alpine:3

# Go compiles for the other architecture where it stands: nothing is emulated.
FROM --platform=${BUILDPLATFORM} ${GO_IMAGE} AS build
ARG GOPROXY
ARG GONOSUMDB
ARG TARGETARCH
ARG VERSION=dev
WORKDIR /src
COPY . .
# The tag leaves out templates, for which the linker would keep a third more.
RUN CGO_ENABLED=0 GOOS=linux GOARCH=${TARGETARCH} \
    go build -trimpath -buildvcs=false -tags grpcnotrace -ldflags "-s -w -X main.version=${VERSION}" -o /seatrial ./entrypoint

# Nothing runs in this stage, so that it can be built where it can't run. Modes
# are given: otherwise the umask of who builds would decide.
FROM ${RUNTIME_IMAGE}
ARG VERSION=dev
ARG REVISION=unknown
LABEL org.opencontainers.image.title="Seatrial" \
      org.opencontainers.image.description="A release gate: loads a candidate beside its baseline and says pass, fail or inconclusive." \
      org.opencontainers.image.source="https://github.com/seatrial/seatrial" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
COPY --from=build --chmod=644 /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=build --chmod=755 /seatrial /usr/local/bin/seatrial
ENTRYPOINT ["/usr/local/bin/seatrial"]
