package k8s

import (
	"context"
	"encoding/base64"
	"fmt"
	"maps"
	"slices"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// SecretValue reads one value of a Secret. Its errors say nothing of what is in it
// but the names of its keys.
func (c *Cluster) SecretValue(ctx context.Context, namespace, name, key string) (string, error) {
	if namespace == "" {
		namespace = c.Namespace
	}
	shown := "the Secret " + namespace + "/" + name
	secrets := c.objects.Resource(schema.GroupVersionResource{Version: "v1", Resource: "secrets"}).Namespace(namespace)
	object, err := secrets.Get(ctx, name, metav1.GetOptions{})
	switch {
	case apierrors.IsNotFound(err):
		return "", fmt.Errorf("%s is not there", shown)
	case apierrors.IsForbidden(err):
		return "", fmt.Errorf("%s may not be read by %s: seatrial rbac prints the right that it needs", shown, c.who)
	case err != nil:
		return "", fmt.Errorf("%s could not be read: %w", shown, err)
	}
	data, _, err := unstructured.NestedStringMap(object.Object, "data")
	if err != nil {
		return "", fmt.Errorf("%s has no data that can be read", shown)
	}
	text, there := data[key]
	if !there {
		return "", fmt.Errorf("%s has no key %q (known: %s)", shown, key, strings.Join(slices.Sorted(maps.Keys(data)), ", "))
	}
	value, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return "", fmt.Errorf("%s: its key %q is not base64", shown, key)
	}
	return string(value), nil
}

// SecretRule is the right to read one Secret.
func SecretRule(namespace, name string) Rule {
	return Rule{Namespace: namespace, Resource: "secrets", Names: []string{name}, Verbs: []string{"get"}, Why: "for what providers of metrics, headers or tokens need"}
}
