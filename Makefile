# The minutes are those of a machine with two cores and an empty cache.
.DEFAULT_GOAL := help
.PHONY: help build test demo e2e bench exam lint

help: ## this list
	@awk -F ':.*## ' '/^[a-z0-9]+:.*## / { printf "  make %-7s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

build: ## bin/seatrial (1 minute)
	CGO_ENABLED=0 go build -trimpath -o bin/seatrial ./entrypoint

test: ## vet and test with Go alone (4 minutes)
	go vet ./...
	go test -p 1 ./... # one package at a time: trials over real sockets need the CPUs

demo: build ## a trial of a slower release, on this machine (1 minute)
	bin/seatrial demo

e2e: ## build the image and run it as pipelines do; needs root and what .ci/run installs; PICTURES=dir keeps pictures of the reports (8 minutes)
	SEATRIAL_E2E=required go test -tags e2e -count=1 -timeout 25m -v ./internal/e2e/...

bench: ## measure load, judge and costs beside peers (15 minutes)
	go run ./internal/bench

exam: ## write docs/exam.md: the judge in worlds of known truth; EXAM=full plays more (10 minutes)
	go run ./internal/exam $(if $(filter full,$(EXAM)),-scale 4)

lint: ## formatting, vet of every build tag, shell syntax (1 minute)
	@unformatted=$$(gofmt -l .); [ -z "$$unformatted" ] || { echo "not formatted with gofmt:"; echo "$$unformatted"; exit 1; }
	go vet -tags e2e ./...
	for script in .ci/run .github/release.sh internal/e2e/*.sh; do bash -n $$script || exit 1; done
