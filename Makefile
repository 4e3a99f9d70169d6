# The minutes are those of a machine with two cores and an empty cache.
.DEFAULT_GOAL := help
.PHONY: help build test demo e2e nightly bench exam lint

# One package at a time: a cluster beside a trial would slow it down. Within one,
# tests that mostly wait do so together.
E2E = go test -p 1 -parallel 3 -tags e2e -count=1 -timeout 40m -v ./internal/testcluster ./internal/e2e/... ./metrics

help: ## this list
	@awk -F ':.*## ' '/^[a-z0-9]+:.*## / { printf "  make %-7s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

build: ## bin/seatrial (1 minute)
	CGO_ENABLED=0 go build -trimpath -tags grpcnotrace -o bin/seatrial ./entrypoint

# Trials over real sockets need the CPUs: the rooms that have them are tested
# one at a time, after all others. Most of their tests wait: four at once leave
# three quarters of two CPUs idle.
LIVE = entrypoint|loadgen

test: ## vet and test with Go alone (5 minutes)
	go vet ./...
	go test $$(go list ./... | grep -vE '/($(LIVE))$$')
	go test -p 1 -parallel 4 $$(go list ./... | grep -E '/($(LIVE))$$')

demo: build ## a trial of a slower release, on this machine (1 minute)
	bin/seatrial demo

e2e: ## run the image as pipelines do, and a cluster: installs what is missing, needs root; PICTURES=dir keeps pictures of the reports (25 minutes, 18 once the cluster is built)
	.ci/install
	SEATRIAL_E2E=required $(E2E)

nightly: ## the same with every fault repeated (25 minutes once the cluster is built)
	.ci/install
	SEATRIAL_E2E=required SEATRIAL_NIGHTLY=1 $(E2E)

bench: ## measure load, judge and costs beside peers; needs root for wrk (30 minutes)
	internal/bench/peers/install
	go run ./internal/bench

exam: ## write docs/exam.md: the judge in worlds of known truth; EXAM=full plays more (10 minutes)
	go run ./internal/exam $(if $(filter full,$(EXAM)),-scale 4)

lint: ## formatting, vet of every build tag, shell syntax (1 minute)
	@unformatted=$$(gofmt -l .); [ -z "$$unformatted" ] || { echo "not formatted with gofmt:"; echo "$$unformatted"; exit 1; }
	go vet -tags e2e ./...
	for script in .ci/* .github/release.sh internal/bench/peers/install internal/e2e/*.sh; do bash -n $$script || exit 1; done
