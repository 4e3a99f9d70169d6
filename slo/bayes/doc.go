// Package bayes holds the mathematics of the judge: numbers in, evidence and
// posteriors out.
//
// Evidence ([Contrast.Evidence], [Share], [ShareDifference]) comes as natural
// logarithms of two e-values, one for "above the limit" and one for "below" it.
// Each is an e-process: while the truth is not on its side, the chance that it
// ever reaches 1/α is at most α, however often one looks and whenever one stops
// (Ville 1939). So ln E ≥ −ln α decides, and nothing else does.
//
// Posteriors ([StudentWithin], [BetaWithin], [DifferenceWithin] and the intervals
// beside them) describe the same data to people. They hold for one look at a
// time; compared with 0.95 after every round they are wrong far more often than
// one time in twenty.
//
// Evidence without data, or from numbers that are not data (NaN, negative counts,
// more hits than trials), is ln 1 = 0 on both sides: it decides nothing. A
// posterior from them is NaN.
package bayes
