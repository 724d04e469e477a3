#!/usr/bin/python3
"""Writes test/pgtap/include/pareto_nbd_values.psql: predictions and log-likelihoods of
Pareto/NBD, computed with 40 digits.

    test/oracle/pareto_nbd_values.py > test/pgtap/include/pareto_nbd_values.psql

Needs python3-mpmath; takes some minutes. Every value is the integral of its definition, taken by mpmath over the
logarithm of time; where the closed forms with hypergeometric functions can be computed, they must agree.
"""

import random
import sys

from mpmath import mp, mpf

mp.dps = 40


def log_integral(h, low, high):
    """log of the integral of exp(h) from low to high, for a concave h."""
    a, b = low, high
    while b - a > mpf(10) ** -25 * (high - low):  # the peak, by thirds
        third = (b - a) / 3
        if h(a + third) < h(b - third):
            a += third
        else:
            b -= third
    peak = max((low, (a + b) / 2, high), key=h)
    top = h(peak)

    def end(far):  # where h is 100 below the peak
        if h(far) >= top - 100:
            return far
        near = peak
        for _ in range(200):
            middle = (near + far) / 2
            if h(middle) >= top - 100:
                near = middle
            else:
                far = middle
            if abs(far - near) < mpf("0.01") * abs(far - peak):
                break
        return far

    total = mpf(0)
    for edge in (end(low), end(high)):
        if edge == peak:
            continue
        pieces = int(max(12, abs(edge - peak) / 2))
        value, error = mp.quad(lambda w: mp.exp(h(w) - top), mp.linspace(peak, edge, pieces + 1),
                               method="gauss-legendre", error=True)
        total += abs(value)
        assert error <= mpf(10) ** -25 * abs(value), "quadrature"
    return top + mp.log(total)


def leaving(q, a, s, b, time):
    """log of the integral over u in (0, time) of s (a/(a+u))^q (b/(b+u))^s / (b+u)."""
    m = min(a, b)

    def h(w):
        u = m * mp.expm1(w)
        return w - q * mp.log1p(u / a) - (s + 1) * mp.log1p(u / b)

    return mp.log(s * m / b) + log_integral(h, mpf(0), mp.log1p(time / m))


def leaving_closed(q, a, s, b, time):
    """The same by 2F1 (Fader, Hardie, A note on deriving the Pareto/NBD model, 2005)."""
    def term(u):
        k = q + s
        if a >= b:
            return mp.hyp2f1(k, s + 1, k + 1, (a - b) / (a + u)) / (a + u) ** k
        return mp.hyp2f1(k, q, k + 1, (b - a) / (b + u)) / (b + u) ** k

    return mp.log(s / (q + s) * a ** q * b ** s * (term(mpf(0)) - term(time)))


class Customer:
    def __init__(self, parameters, history):
        self.r, self.alpha, self.s, self.beta = map(mpf, parameters)
        self.x, self.t_x, self.age = map(mpf, history)
        self.q = self.r + self.x
        self.a = self.alpha + self.age
        self.b = self.beta + self.age

    def log_odds(self, integral=leaving):
        """of having left"""
        if self.t_x == self.age:
            return -mp.inf
        a, b, time = self.alpha + self.t_x, self.beta + self.t_x, self.age - self.t_x
        return (integral(self.q, a, self.s, b, time)
                + self.q * mp.log1p(time / a) + self.s * mp.log1p(time / b))

    def p_alive(self, integral=leaving):
        return 1 / (1 + mp.exp(self.log_odds(integral)))

    def loglik(self):
        """as published, Gamma(r + x) / Gamma(r) and all"""
        return (mp.loggamma(self.q) - mp.loggamma(self.r) + self.r * mp.log(self.alpha) - self.q * mp.log(self.a)
                + self.s * mp.log(self.beta / self.b) + mp.log1p(mp.exp(self.log_odds())))

    def expected_purchases(self, horizon):
        grown = mp.log1p(mpf(horizon) / self.b)
        time = grown if self.s == 1 else mp.expm1((1 - self.s) * grown) / (1 - self.s)
        return self.p_alive() * self.q / self.a * self.b * time

    def dert(self, discount):
        y = mpf(discount) * self.b

        def h(v):
            return (1 - self.s) * v - y * mp.expm1(v)

        time = log_integral(h, mpf(0), mp.log1p(300 / y))
        if mpf("0.01") < y < 50 and self.s < 50:
            closed = y + mp.log(mp.expint(self.s, y))
            assert abs(time - closed) < mpf(10) ** -25, "dert"
        return self.p_alive() * self.q / self.a * self.b * mp.exp(time)

    def purchase_probability(self, horizon, n):
        t = mpf(horizon)
        q, a, s, b = self.q, self.a, self.s, self.b
        alive = self.p_alive()
        if n == 0:
            stay = mp.exp(-q * mp.log1p(t / a) - s * mp.log1p(t / b))
            return 1 - alive + alive * (stay + mp.exp(leaving(q, a, s, b, t)))

        def log_count(t):  # negative binomial
            return (mp.loggamma(q + n) - mp.loggamma(q) - mp.loggamma(n + 1)
                    + q * mp.log(a / (a + t)) + n * mp.log(t / (a + t)))

        def h(y):
            t = mp.exp(y)
            return n * y - (q + n) * mp.log1p(t / a) - (s + 1) * mp.log1p(t / b) + y

        low = mp.log(min(t, 1 / ((q + n) / a + (s + 1) / b))) - 250
        left = (log_integral(h, low, mp.log(t)) + mp.loggamma(q + n) - mp.loggamma(q) - mp.loggamma(n + 1)
                - n * mp.log(a) + mp.log(s / b))
        stay = log_count(t) - s * mp.log1p(t / b)
        return alive * (mp.exp(stay) + mp.exp(left))


def wide(low=-6, high=6):
    """A number that is short in decimal, uniform in its logarithm."""
    return float("%.4g" % 10 ** random.uniform(low, high))


def history():
    age = wide()
    x = float(random.choice([0, 1, 2, round(wide(0, 2)), round(wide(0, 4))]))
    t_x = random.choice([age, age * (1 - wide(-9, 0)), age * random.random(), age * wide(-6, 0), 0.0]) if x else 0.0
    return x, min(max(t_x, 0.0), age), age


def near_shapes():
    """Parameters that are known to be hard."""
    yield 0.5534, 10.5802, 0.6061, 11.6562
    for _ in range(4):
        t = wide(-1, 2)
        yield wide(-1, 1), t, wide(-1, 1), t  # alpha = beta
    for s in (1.0, 1 + 1e-15, 1 - 1e-12, 1 + 1e-8, 1 - 1e-5):
        yield wide(-1, 1), wide(-1, 2), s, wide(-1, 2)
    for large in (1e4, 1e6):
        yield 0.5, 10.0, large, 30 * large  # all leave at one rate
        yield large, 10 * large, 0.6, 12.0  # all buy at one rate
        yield large, 3 * large, large, 30 * large
    yield 1e-6, 1e-6, 1e-6, 1e6
    yield 1e-6, 1e6, 1e-6, 1e-6
    yield 0.3, 1e-6, 1e6, 1e6
    yield 0.999999, 1e-6, 1e-6, 1e6
    yield 2.0, 1e6, 1e6, 1e-6


def parameters():
    yield from near_shapes()
    while True:
        kind = random.random()
        if kind < 0.5:
            yield wide(), wide(), wide(), wide()
        else:
            yield wide(-2, 2), wide(-2, 3), wide(-2, 2), wide(-2, 3)


def rows(function, count):
    found = 0
    for p in parameters():
        h = (0.0, 0.0, 0.0) if random.random() < 0.1 and function != "p_alive" else history()
        if random.random() < 0.3:
            t = 10 ** random.uniform(0, 2)  # an ordinary customer
            h = (3.0, round(t * 0.7, 2), round(t, 2))
        customer = Customer(p, h)
        option = wide() if random.random() < 0.5 else wide(-1, 2.5)
        n = random.choice([0, 1, 2, 5, round(wide(0, 4))])
        if function == "p_alive":
            option = 0.0
            value = customer.p_alive()
            a, b = customer.alpha + customer.t_x, customer.beta + customer.t_x
            if max(abs(mp.log(a / b)), customer.q, customer.s) < 20 and customer.t_x < customer.age:
                mp.dps = 80
                closed = customer.p_alive(leaving_closed)
                mp.dps = 40
                assert abs(value / closed - 1) < mpf(10) ** -25, "closed form"
        elif function == "expected_purchases":
            value = customer.expected_purchases(option)
        elif function == "loglik":
            option = 0.0
            value = customer.loglik()
        elif function == "dert":
            value = customer.dert(option)
        else:
            value = customer.purchase_probability(option, n)
        if not mpf(10) ** -290 < abs(value) < mpf(10) ** 290:
            continue
        yield "('%s', %s, %s, %s, %d, %s)" % (function, ", ".join(map(repr, p)), ", ".join(map(repr, h)),
                                              repr(option), n if function == "purchase_probability" else 0,
                                              mp.nstr(value, 20, min_fixed=-5, max_fixed=17))
        found += 1
        if found == count:
            return


def main():
    random.seed(20261129)
    print("-- Predictions and log-likelihoods of Pareto/NBD: written by test/oracle/pareto_nbd_values.py, computed with 40 digits.")
    print("-- option is the horizon, or the discount of dert.\n")
    print("CREATE TABLE pareto_value (")
    print("    function text, r float8, alpha float8, s float8, beta float8, x float8, t_x float8, age float8,")
    print("    option float8, n int, value float8")
    print(");\n")
    for function, count in ("p_alive", 140), ("expected_purchases", 60), ("purchase_probability", 120), ("dert", 90), ("loglik", 60):
        print("INSERT INTO pareto_value VALUES")
        print(",\n".join(rows(function, count)) + ";")
        print(function, file=sys.stderr)


if __name__ == "__main__":
    main()
