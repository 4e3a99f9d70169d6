package config

import "testing"

func TestWhoSaysWhichStatusesAreGoodIsBelieved(t *testing.T) {
	const shop = "candidate: http://shop:8080\nobjectives: [error-rate <= 1%]\n"
	for text, any := range map[string]bool{
		"":                               true,
		"load: {rate: 50/s}":             true,
		"load: {expect: [2xx]}":          false,
		"load: {expect: [200-299]}":      false,
		"requests: [{name: a, path: /}]": true,
		"requests: [{name: a, path: /, expect: [302]}]":                     false,
		"requests: [{name: a, steps: [{name: b, path: /, expect: [201]}]}]": false,
	} {
		file, _, err := Load(Sources{ReadFile: files(map[string]string{"seatrial.yaml": shop + text})})
		if err != nil {
			t.Errorf("%s: %v", text, err)
		} else if file.Policy().AnyGood != any {
			t.Errorf("%q: any status is good: %v, want %v", text, !any, any)
		}
	}
}
