package config

import (
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"github.com/seatrial/seatrial/trial"
)

// A secret may stand in a file or in the cluster: ${file:PATH} and
// ${secret:NAMESPACE/NAME/KEY} in its text, or {file: PATH} and
// {secret: NAMESPACE/NAME, key: KEY} in its place. These words begin such names.
const (
	inFile    = "file:"
	inCluster = "secret:"
)

// SecretRef is a value of a Secret of the cluster.
type SecretRef struct{ Namespace, Name, Key string }

// clusterRef is a reference as a text has it.
var clusterRef = regexp.MustCompile(`\$\{secret:(?:([a-z0-9.-]+)/)?([a-z0-9.-]+)/([A-Za-z0-9._-]+)\}`)

// isElsewhere reports whether a reference is to no variable.
func isElsewhere(name string) bool {
	return strings.HasPrefix(name, inFile) || strings.HasPrefix(name, inCluster)
}

// asText is a secret that was written as a mapping, as a text has it.
func (n *node) asText() (*node, error) {
	given := map[string]string{}
	for _, e := range n.entries {
		if given[e.key] = strings.TrimSpace(e.value.text); e.value.kind != scalar || given[e.key] == "" {
			return nil, fmt.Errorf("%s is to be a single value", e.key)
		}
	}
	keys := len(n.entries)
	switch {
	case keys == 1 && given["file"] != "":
		return &node{kind: scalar, at: n.at, text: "${" + inFile + given["file"] + "}"}, nil
	case keys == 2 && given["secret"] != "" && given["key"] != "":
		return &node{kind: scalar, at: n.at, text: "${" + inCluster + given["secret"] + "/" + given["key"] + "}"}, nil
	}
	return nil, fmt.Errorf("a secret is a text, {file: PATH}, or {secret: NAMESPACE/NAME, key: KEY} of the cluster")
}

// elsewhere looks up what is no variable. What the cluster holds is filled in
// when it is known.
func (d *decoder) elsewhere(name string) (value string, err error) {
	if path, found := strings.CutPrefix(name, inFile); found {
		data, err := d.readFile(path)
		return strings.TrimRight(string(data), "\r\n"), err
	}
	written := "${" + name + "}"
	if clusterRef.FindString(written) != written {
		return "", fmt.Errorf("write it as ${%sNAMESPACE/NAME/KEY}", inCluster)
	}
	return written, nil
}

// SecretRefs are the values that the cluster holds, in the order of the file.
func (f File) SecretRefs() []SecretRef {
	var refs []SecretRef
	eachSecret(reflect.ValueOf(&f).Elem(), func(s trial.Secret) trial.Secret {
		for _, ref := range refsIn(s) {
			if !slices.Contains(refs, ref) {
				refs = append(refs, ref)
			}
		}
		return s
	})
	return refs
}

func refsIn(s trial.Secret) []SecretRef {
	var refs []SecretRef
	for _, m := range clusterRef.FindAllStringSubmatch(s.Reveal(), -1) {
		refs = append(refs, SecretRef{m[1], m[2], m[3]})
	}
	return refs
}

// FillSecrets puts the values that the cluster holds in their places, and adds
// them to what nothing shown may hold.
func (f *File) FillSecrets(get func(SecretRef) (string, error)) error {
	known := map[SecretRef]string{}
	for _, ref := range f.SecretRefs() {
		value, err := get(ref)
		if err != nil {
			return err
		}
		known[ref] = strings.TrimRight(value, "\r\n")
		f.Load.Secrets = append(f.Load.Secrets, known[ref])
	}
	eachSecret(reflect.ValueOf(f).Elem(), func(s trial.Secret) trial.Secret {
		if len(refsIn(s)) == 0 {
			return s
		}
		return trial.NewSecret(s.String(), clusterRef.ReplaceAllStringFunc(s.Reveal(), func(written string) string {
			m := clusterRef.FindStringSubmatch(written)
			return known[SecretRef{m[1], m[2], m[3]}]
		}))
	})
	f.Load.Secrets = append(f.Load.Secrets, f.Secrets()...)
	return nil
}

// eachSecret gives every secret within a value, and keeps what is made of it.
func eachSecret(v reflect.Value, make func(trial.Secret) trial.Secret) {
	if v.Type() == reflect.TypeFor[trial.Secret]() {
		v.Set(reflect.ValueOf(make(v.Interface().(trial.Secret))))
		return
	}
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			eachSecret(v.Elem(), make)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Field(i).CanSet() {
				eachSecret(v.Field(i), make)
			}
		}
	case reflect.Slice:
		for i := range v.Len() {
			eachSecret(v.Index(i), make)
		}
	case reflect.Map:
		for _, key := range v.MapKeys() {
			value := reflect.New(v.Type().Elem()).Elem()
			value.Set(v.MapIndex(key))
			eachSecret(value, make)
			v.SetMapIndex(key, value)
		}
	}
}

func secretSchema() object {
	text := object{"type": "string"}
	return object{"anyOf": []object{
		{"type": []string{"string", "number", "boolean"}},
		{"type": "object", "additionalProperties": false, "required": []string{"file"}, "properties": object{"file": text}},
		{"type": "object", "additionalProperties": false, "required": []string{"secret", "key"}, "properties": object{"secret": text, "key": text}},
	}}
}
