// The modules whose CRDs the test cluster installs. Nothing is imported from
// them, so that go mod tidy would empty this file.
module github.com/seatrial/seatrial/internal/testcluster/crds

go 1.26.0

require (
	istio.io/api v1.31.1
	knative.dev/serving v0.51.0
	sigs.k8s.io/gateway-api v1.6.3
)
