// Package k8s is the cluster: whether what was deployed there is ready, and
// where its live traffic goes.
//
// What an object says is read by pure functions (readiness.go, one file for
// each kind of route); waiting, watching and changing stand apart from them.
package k8s
