// Package trial is the data that every room speaks: what is compared, what
// was measured, what was found.
//
// It imports the standard library alone and does no I/O.
package trial
