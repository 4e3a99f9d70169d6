package config

import (
	"strings"
	"testing"
)

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

func TestAThroughputThatNoLoadCanShowIsAMistake(t *testing.T) {
	const shop = "candidate: http://shop:8080\n"
	for text, mistaken := range map[string]bool{
		"objectives: [throughput >= 101/s]":                                                    true,
		"objectives: [throughput >= 100/s]":                                                    false,
		"objectives: [throughput <= 200/s, error-rate <= 1%]":                                  false,
		"load: {rate: 200/s}\nobjectives: [throughput >= 150/s]":                               false,
		"load: {rate: 50/s, stages: [{to: 80/s, for: 60s}]}\nobjectives: [throughput >= 90/s]": true,
		"load: {closed: true}\nobjectives: [throughput >= 1000/s]":                             false,
		"requests: [{name: a, path: /}]\nobjectives: [a/throughput >= 1000/s]":                 false,
	} {
		_, _, err := Load(Sources{ReadFile: files(map[string]string{"seatrial.yaml": shop + text})})
		if found := err != nil && strings.Contains(err.Error(), "it could only fail"); found != mistaken || err != nil && !mistaken {
			t.Errorf("%s: %v", text, err)
		}
	}
}
