// Package metrics asks others for what they measured: Prometheus, any REST
// API, databases.
//
// A source (one file each) turns a question into series of points; kinds.go
// turns those into samples of one window; the meter asks window after window.
// Whatever can't be had is a sample that says why it is missing, never a 0.
package metrics
