package k8s

import (
	"bytes"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/structured-merge-diff/v6/fieldpath"
)

// foreignManagers are the managers of an object's fields but the trial's, and
// but those of its status.
func foreignManagers(o object) []metav1.ManagedFieldsEntry {
	var entries []metav1.ManagedFieldsEntry
	for _, e := range o.GetManagedFields() {
		if e.Manager != manager && e.Subresource == "" {
			entries = append(entries, e)
		}
	}
	return entries
}

// returnManagers gives each former manager the fields back that the trial has
// taken from it. Without that, the next server-side apply of the route's owner
// would end in a conflict with a trial that is long over. It must not change
// any field in the same update: the server would count that as the trial's.
func returnManagers(o object, n *note) error {
	if n == nil {
		return nil
	}
	taken, rest := &fieldpath.Set{}, []metav1.ManagedFieldsEntry{}
	for _, e := range o.GetManagedFields() {
		if e.Manager != manager {
			rest = append(rest, e)
			continue
		}
		fields, err := fieldsOf(e)
		if err != nil {
			return err
		}
		taken = taken.Union(fields)
	}
	for _, former := range n.Managers {
		fields, err := fieldsOf(former)
		if err != nil {
			return err
		}
		if rest, err = withFields(rest, former, fields.Intersection(taken)); err != nil {
			return err
		}
	}
	o.SetManagedFields(rest)
	return nil
}

// withFields adds fields to the entry of the same manager, or makes it.
func withFields(entries []metav1.ManagedFieldsEntry, former metav1.ManagedFieldsEntry, back *fieldpath.Set) ([]metav1.ManagedFieldsEntry, error) {
	if back.Empty() {
		return entries, nil
	}
	for i, e := range entries {
		if e.Manager != former.Manager || e.Operation != former.Operation || e.APIVersion != former.APIVersion || e.Subresource != former.Subresource {
			continue
		}
		fields, err := fieldsOf(e)
		if err != nil {
			return nil, err
		}
		entries[i].FieldsV1, err = entryOf(fields.Union(back))
		return entries, err
	}
	var err error
	former.FieldsV1, err = entryOf(back)
	return append(entries, former), err
}

func fieldsOf(e metav1.ManagedFieldsEntry) (*fieldpath.Set, error) {
	fields := &fieldpath.Set{}
	if e.FieldsV1 == nil {
		return fields, nil
	}
	return fields, fields.FromJSON(bytes.NewReader(e.FieldsV1.Raw))
}

func entryOf(fields *fieldpath.Set) (*metav1.FieldsV1, error) {
	raw, err := fields.ToJSON()
	return &metav1.FieldsV1{Raw: raw}, err
}
