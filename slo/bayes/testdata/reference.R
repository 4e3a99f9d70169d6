# The reference values of this package: Rscript reference.R > reference.csv
# R 4.2.2 with Rmpfr 0.9-1. Formulas are written as the documentation states them, in
# 400 bits, and the incomplete beta is summed as a series, so that nothing is shared
# with the Go code but the definitions. Each line: function, arguments, results.
suppressMessages(library(Rmpfr))

big <- function(x) mpfr(x, 400)
put <- function(name, args, values) {
  cells <- c(args, rep(NA, 5 - length(args)), values, rep(NA, 2 - length(values)))
  cat(name, ifelse(is.na(cells), "", sprintf("%.17g", cells)), sep = ",")
  cat("\n")
}

lnbeta <- function(a, b) lgamma(big(a)) + lgamma(big(b)) - lgamma(big(a) + big(b))

# ln of the lower tail by its positive series (DLMF 8.17.8); x at most about the mean.
lntail <- function(x, y, a, b) {
  total <- 1; last <- 1; from <- 0
  repeat {
    i <- from + 0:99999
    terms <- last * cumprod(asNumeric(x) * (asNumeric(a + b) + i) / (asNumeric(a) + 1 + i))
    total <- total + sum(terms)
    last <- tail(terms, 1); from <- from + 1e5
    if (last < 1e-19 * total && terms[1] > last) break
    if (last == 0) break
  }
  a * log(x) + b * log(y) - lnbeta(a, b) - log(a) + log(big(total))
}
lnI <- function(x, a, b) {
  x <- big(x); a <- big(a); b <- big(b); y <- 1 - x
  if (a * y >= b * x) lntail(x, y, a, b) else log1p(-exp(lntail(y, x, b, a)))
}
num <- function(x) asNumeric(x)

# lnRegIncBeta(x, a, b)
for (r in list(c(.5, 1, 1), c(.1, .5, .5), c(.9, .5, .5), c(.01, 2, 3), c(.25, 10, 30), c(.26, 10, 30),
               c(.001, 60, 5940), c(.01, 60, 5940), c(.02, 60, 5940), c(.5, 5e5, 5e5), c(.499, 5e5, 5e5),
               c(.51, 5e5, 5e5), c(1e-9, 3, 1e9), c(1e-8, 3, 1e9), c(.0100001, 1e7, 99e7), c(.01, 1e7, 99e7),
               c(.009, 1e7, 99e7), c(.3, 1e9, 1), c(1e-300, 2, 2), c(.999, 1e6, .5)))
  put("lnRegIncBeta", r, num(lnI(r[1], r[2], r[3])))

# Share(k, n, p0)
share <- function(k, n, p0) {
  k <- big(k); n <- big(n); p0 <- big(p0); a <- 10 * p0; b <- 10 * (1 - p0)
  L <- lnbeta(a + k, b + n - k) - lnbeta(a, b) - k * log(p0) - (n - k) * log(1 - p0)
  c(num(L + lnI(1 - p0, b + n - k, a + k) - lnI(1 - p0, b, a)),
    num(L + lnI(p0, a + k, b + n - k) - lnI(p0, a, b)))
}
for (r in list(c(0, 1, .01), c(1, 1, .01), c(0, 100, .01), c(0, 300, .01), c(0, 1e6, .01), c(100, 100, .01),
               c(3, 100, .01), c(8, 800, .01), c(30, 1000, .01), c(2.5, 333.3, .01), c(50, 100, .5), c(0, 50, .5),
               c(61, 100, .5), c(5, 10000, .001), c(0, 100000, .0001), c(3, 100000, 1e-5), c(990, 1000, .99),
               c(1000, 1000, .99), c(10000, 1e6, .01), c(10500, 1e6, .01), c(9000, 1e6, .01), c(500000, 1e6, .01),
               c(0, 1e9, .01), c(1e9, 1e9, .01), c(1e7, 1e9, .01), c(10010000, 1e9, .01), c(9990000, 1e9, .01),
               c(5e8, 1e9, .5), c(1e6, 1e9, .01), c(1, 1e9, .5), c(0, 20, .05), c(1000, 1e9, 1e-5),
               c(0, 1e6, 1e-6), c(5, 1e6, 1e-6), c(1e5, 1e6, 1e-6), c(1e6, 1e6, 1 - 1e-6)))
  put("Share", r, share(r[1], r[2], r[3]))

# Contrast(N, Mean, Centered).Evidence
contrast <- function(n, mean, centered) {
  n <- big(n); m <- big(mean); phi <- big(5)
  SS <- big(centered) + n * m^2
  RSS <- SS - n^2 * m^2 / (n + phi)
  bf <- log(phi / (n + phi)) / 2 + n / 2 * log(SS / RSS)
  z2 <- n^2 * m^2 / ((n + phi) * RSS / n)
  half <- if (m == 0) log(big(1) / 2) else lnI(n / (n + z2), n / 2, big(1) / 2) - log(big(2))
  toward <- num(log(big(2)) + bf + log1p(-exp(half)))
  away <- num(log(big(2)) + bf + half)
  if (mean > 0) c(toward, away) else c(away, toward)
}
for (r in list(c(1, 1, 0), c(2, -3, .5), c(6, 1, 0), c(7, 1, 0), c(7, .01, 1e-9), c(30, .2, 28), c(30, -.5, 29),
               c(120, 0, 100), c(120, .001, 1e-4), c(240, 12.5, 9000), c(240, 1e-12, 1), c(1000, -.1, 1000),
               c(1e5, .001, 1e5), c(1e5, .02, 1e5), c(1e6, -.003, 1e6), c(1e6, 1, 1e4), c(33.3, .4, 20)))
  put("Contrast", r, contrast(r[1], r[2], r[3]))

# ShareDifference(kC, nC, kB, nB, delta)
mixture <- function(k, n, p) {
  term <- function(h, q) if (h == 0) big(0) else h * log(q)
  lnbeta(k + big(.5), n - k + big(.5)) - log(Const("pi", 400)) - term(k, p) - term(n - k, 1 - p)
}
golden <- function(f, lo, hi) {
  g <- (sqrt(big(5)) - 1) / 2
  for (i in 1:150) {
    w <- g * (hi - lo)
    if (f(hi - w) < f(lo + w)) hi <- lo + w else lo <- hi - w
  }
  f((lo + hi) / 2)
}
difference <- function(kC, nC, kB, nB, delta) {
  d <- big(delta)
  mean2 <- function(x, y) log((exp(x) + exp(y)) / 2)
  line <- golden(function(p) mean2(mixture(kC, nC, p + d), mixture(kB, nB, p)),
                 max(big(0), -d), min(big(1), 1 - d))
  free <- mean2(mixture(kC, nC, big(kC) / nC), mixture(kB, nB, big(kB) / nB))
  seen <- big(kC) / nC - big(kB) / nB
  c(num(if (seen <= d) free else line), num(if (seen >= d) free else line))
}
for (r in list(c(0, 100, 0, 100, .005), c(0, 3000, 0, 3000, .005), c(5, 400, 0, 400, .005), c(9, 400, 0, 400, 0),
               c(0, 400, 9, 400, -.001), c(2, 6000, 3, 6000, .02), c(40, 60, 3, 50, .1), c(50, 50, 0, 50, .5),
               c(300, 1000, 500, 1000, .1), c(0, 10, 10, 10, -.5), c(1000, 1e6, 2000, 1e6, 0),
               c(5e8, 1e9, 500100000, 1e9, 0), c(1e7, 1e9, 9900000, 1e9, 0), c(3.5, 77.7, 1.5, 80, .01)))
  put("ShareDifference", r, difference(r[1], r[2], r[3], r[4], r[5]))

# Posteriors
for (r in list(c(2, .1, 1), c(7, -.3, 2), c(30, .2, 28), c(240, -12.5, 9000), c(1e6, .001, 1e6), c(30, 5, 1))) {
  se <- sqrt(r[3] / (r[1] - 1) / r[1])
  put("StudentWithin", r, pt(-r[2] / se, r[1] - 1))
  for (level in c(.5, .9, .999))
    put("StudentInterval", c(r, level), r[2] + c(-1, 1) * se * qt((1 + level) / 2, r[1] - 1))
}
for (r in list(c(0, 0), c(0, 100), c(100, 100), c(3, 100), c(2.5, 333), c(10000, 1e6), c(0, 1e6), c(1e6, 1e9))) {
  for (p0 in c(.001, .0101, .5))
    put("BetaWithin", c(r, p0), pbeta(p0, r[1] + .5, r[2] - r[1] + .5))
  for (level in c(.5, .9, .999))
    put("BetaInterval", c(r, level), qbeta((1 + c(-1, 1) * level) / 2, r[1] + .5, r[2] - r[1] + .5))
}
for (r in list(c(20, .5), c(100, .99), c(1000, .95), c(1000, .99), c(6000, .999), c(1e6, .99), c(33.3, .9)))
  for (level in c(.5, .9, .99)) {
    rank <- function(above) {
      f <- function(s) pbeta(1 - r[2], r[1] + 1 - r[1] * s, r[1] * s) - above
      if (f(1) < 0) 1 else uniroot(f, c(1e-9, 1), tol = 1e-15)$root
    }
    put("OrderInterval", c(r, level), c(rank((1 - level) / 2), rank((1 + level) / 2)))
  }

# P(p_C − p_B ≤ delta) by tanh-sinh quadrature, in pieces cut at both distributions'
# quantiles and corners.
within <- function(kC, nC, kB, nB, delta) {
  C <- c(kC, nC - kC) + .5; B <- c(kB, nB - kB) + .5
  levels <- c(1e-15, 1e-9, 1e-4, .01, .1, .3, .5)
  q <- function(s) c(qbeta(levels, s[1], s[2]), qbeta(levels, s[1], s[2], lower.tail = FALSE))
  cuts <- c(-delta, 1 - delta, q(B), q(C) - delta)
  cuts <- sort(unique(c(0, cuts[cuts > 0 & cuts < 1], 1)))
  t <- seq(-3.3, 3.3, length.out = 661); s <- pi / 2 * sinh(t)
  w <- (t[2] - t[1]) * pi / 4 * cosh(t) / cosh(s)^2
  piece <- function(lo, hi) {
    up <- plogis(2 * s) * (hi - lo); down <- plogis(-2 * s) * (hi - lo) # from either end
    p <- ifelse(s < 0, lo + up, hi - down); rest <- ifelse(s < 0, 1 - lo - up, 1 - hi + down)
    f <- exp((B[1] - 1) * log(p) + (B[2] - 1) * log(rest) - lbeta(B[1], B[2]))
    sum(ifelse(w > 0 & p > 0 & rest > 0, (hi - lo) * 2 * w / 2 * f * pbeta(p + delta, C[1], C[2]), 0))
  }
  sum(mapply(piece, head(cuts, -1), tail(cuts, -1)))
}
for (r in list(c(0, 0, 0, 0), c(0, 100, 0, 100), c(0, 6000, 0, 6000), c(3, 100, 1, 90), c(0, 100, 50, 6000),
               c(50, 6000, 0, 100), c(30, 1000, 300, 9000), c(98, 100, 100, 100), c(500, 1000, 480, 1000),
               c(10000, 1e6, 10100, 1e6))) {
  sd <- sqrt(sum(sapply(list(r[1:2], r[3:4]), function(v) {
    a <- v[1] + .5; s <- v[2] + 1; a * (s - a) / s^2 / (s + 1) })))
  mean <- (r[1] + .5) / (r[2] + 1) - (r[3] + .5) / (r[4] + 1)
  for (z in c(-2, -.5, 0, 1))
    put("DifferenceWithin", c(r, mean + z * sd), within(r[1], r[2], r[3], r[4], mean + z * sd))
  end <- function(p) uniroot(function(d) within(r[1], r[2], r[3], r[4], d) - p,
                             c(max(-.999999, mean - 6 * sd), min(.999999, mean + 6 * sd)), tol = 1e-9 * sd)$root
  put("DifferenceInterval", c(r, .9), c(end(.05), end(.95)))
}
