package k8s

import (
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

func leaseOf(version string) object {
	o := &unstructured.Unstructured{Object: map[string]any{"spec": map[string]any{"leaseDurationSeconds": int64(15), "holderIdentity": "a"}}}
	o.SetResourceVersion(version)
	return o
}

func TestLeaseIsDeadWhenNobodyRenewsItWhileWatched(t *testing.T) {
	began := time.Unix(1000, 0)
	var s sighting
	for _, look := range []struct {
		after         time.Duration
		version       string
		dead, renewed bool
	}{
		{0, "1", false, false}, // whatever its own times say
		{14 * time.Second, "1", false, false},
		{14500 * time.Millisecond, "2", false, true},
		{29 * time.Second, "2", false, true},
		{29500 * time.Millisecond, "2", true, true},
	} {
		now := began.Add(look.after)
		s.saw(leaseOf(look.version), now)
		if s.dead(now) != look.dead || s.renewed != look.renewed {
			t.Errorf("after %s: dead %v, renewed %v", look.after, s.dead(now), s.renewed)
		}
	}
}

func TestLeaseNamesAreValidAndTellLongRoutesApart(t *testing.T) {
	if got := leaseName("httproute/shop"); got != "seatrial-httproute-shop" {
		t.Error(got)
	}
	long := strings.Repeat("x", 252)
	a, b := leaseName("httproute/"+long+"a"), leaseName("httproute/"+long+"b")
	if a == b || len(a) > 253 || len(b) > 253 {
		t.Errorf("%s (%d), %s (%d)", a, len(a), b, len(b))
	}
}
