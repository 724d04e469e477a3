#!/usr/bin/python3
"""Values of the sBG and BG/BB models, computed with 40 digits from the published formulas.

    /usr/bin/python3 test/oracle/discrete_values.py > test/pgtap/include/discrete_values.psql

Needs python3-mpmath. The formulas are taken as published, with beta functions; 2F1 by Euler's integral, which is checked against the series.
"""

import random

from mpmath import binomial, exp, expm1, fsum, log, log1p, loggamma, mp, mpf, nstr, quad, sqrt

mp.dps = 40
rng = random.Random(20101)


def beta_ratio(a, b, k, m):
    """B(a + k, b + m) / B(a, b)"""
    return exp(loggamma(a + k) - loggamma(a) + loggamma(b + m) - loggamma(b) + loggamma(a + b) - loggamma(a + b + k + m))


def discounted(a, b, e):
    """b / (a + b) 2F1(1, b + 1; a + b + 1; 1 - e) by Euler's integral, in the log-odds of its variable"""
    if e == 0:
        return b / (a - 1)
    mode, width = log((b + 1) / a), sqrt(1 / a + 1 / (b + 1))
    # of exp(-w) = theta / (1 - theta): the left end is that of theta = 1
    low = mode - 80 / (b + 1) - 20 * width
    high = max(mode, -log(e)) + 80 / a + 20 * width
    points = {low, high} | {mode + k * width for k in (-12, -4, 0, 4, 12)} | {-log(e) + k for k in (-12, -3, 0, 3, 12)}
    points = sorted(w for w in points if low <= w <= high)

    def weight(w):
        return exp(b * (w - mode) - (a + b + 1) * (log1p(exp(w)) - log1p(exp(mode))) + w - mode)

    def gain(w):
        return (1 + exp(w)) / (1 + e * exp(w))

    upper, error = quad(lambda w: weight(w) * gain(w), points, error=True)
    lower, error2 = quad(weight, points, error=True)
    value = b / (a + b) * upper / lower
    assert error < 1e-18 * upper and error2 < 1e-18 * lower, (a, b, e, error / upper, error2 / lower)
    if e > .1 or a < 50 and b < 50 and e > 1e-3:
        assert abs(value / series(a, b, e) - 1) < 1e-17, (a, b, e, value, series(a, b, e))
    return value


def series(a, b, e):
    term = total = b / (a + b)
    k = 0
    while term > total * e * mpf(10)**-25:
        k += 1
        term *= (1 - e) * (b + k) / (a + b + k)
        total += term
    return total


# --- sBG ----------------------------------------------------------------------

def residual_lifetime(p, n, d):
    return discounted(p[0], p[1] + n, d / (1 + d))


def survival(p, n):
    return beta_ratio(p[0], p[1], 0, n)


def retention_rate(p, n):
    return (p[1] + n) / (p[0] + p[1] + n)


# --- BG/BB: Fader, Hardie, Shang (2010), equations 5, 11, 13, 14 and A.7 -----------

def alive_so_far(p, x, t_x, n):
    """Up to the last opportunity; the sum over those after which the customer may have died."""
    a, b, c, d = p
    alive = beta_ratio(a, b, x, n - x) * beta_ratio(c, d, 0, n)
    dead = fsum(beta_ratio(a, b, x, m - x) * beta_ratio(c, d, 1, m) for m in range(int(t_x), int(n)))
    return alive / (alive + dead)


def p_alive(p, x, t_x, n):
    return alive_so_far(p, x, t_x, n) * (p[3] + n) / (p[2] + p[3] + n)


def expected_purchases(p, x, t_x, n, horizon):
    a, b, c, d = p
    mean = (a + x) / (a + b + n)
    stay = fsum(beta_ratio(c, d + n, 0, k) for k in range(1, int(horizon) + 1))
    return alive_so_far(p, x, t_x, n) * mean * stay


def purchase_probability(p, x, t_x, n, horizon, k):
    a, b, c, d = p[0] + p[1] * 0 + x, p[1] + n - x, p[2], p[3] + n
    k, horizon = int(k), int(horizon)
    alive = alive_so_far(p, x, t_x, n)
    taken = fsum(binomial(i, k) * beta_ratio(a, b, k, i - k) * beta_ratio(c, d, 1, i) for i in range(k, horizon))
    taken += binomial(horizon, k) * beta_ratio(a, b, k, horizon - k) * beta_ratio(c, d, 0, horizon)
    return alive * taken + (1 - alive if k == 0 else 0)


def dert(p, x, t_x, n, discount):
    a, b, c, d = p
    return alive_so_far(p, x, t_x, n) * (a + x) / (a + b + n) * exp(-discount) * discounted(c, d + n, -expm1(-discount))


# --- Cases -----------------------------------------------------------------------

def spread(low, high):
    """Uniform in the logarithm, of 12 digits."""
    return float('%.12g' % 10**rng.uniform(low, high))


def whole(high):
    """0 .. 10^high, small numbers more often."""
    return int(10**rng.uniform(0, high)) - 1


def contract_cases():
    published = [[.6681, 3.8061], [.7041, 1.1820]]
    for p in published:
        for n in (0, 1, 7, 100):
            yield 'residual_lifetime', p, [n, .1]
            yield 'survival', p, [n]
            yield 'retention_rate', p, [n]
    for p, n, d in (([1.5, 2], 3, 0), ([1.0001, 2], 3, 0), ([1e6, 1e-6], 10, 0), ([1, 1], 0, 1e-12), ([2, 1], 0, 1e-9),
                    ([1 - 1e-9, 3], 5, 1e-6), ([1e-6, 1e-6], 1, 1e-12), ([1e-6, 1e6], 1000000, 1e-12),
                    ([1e6, 1e6], 1000000, 1e-12), ([1e6, 1e-6], 0, 1e6), ([.5, .5], 0, 1e6), ([3, 4], 2, .0526)):
        yield 'residual_lifetime', p, [n, d]
    for i in range(90):
        yield 'residual_lifetime', [spread(-6, 6), spread(-6, 6)], [whole(6), spread(-12, 6 if i % 2 else 0)]
    for i in range(20):
        yield 'survival', [spread(-6, 2), spread(-6, 6)], [whole(6)]


def history():
    n = whole(2.3)
    t_x = rng.choice([n, rng.randint(0, n), rng.randint(0, n)])
    return [rng.choice([1, t_x, rng.randint(1, t_x)]) if t_x else 0, t_x, n]


def opportunity_cases():
    donations = [1.2035, .7498, .6568, 2.784]
    for h in ([0, 0, 6], [1, 1, 6], [1, 6, 6], [3, 5, 6], [6, 6, 6], [0, 0, 0]):
        yield 'p_alive', donations, h
        yield 'expected_purchases', donations, h + [5]
        yield 'dert', donations, h + [.1]
        yield 'purchase_probability', donations, h + [5, 2]
    ugly = [[1e-6] * 4, [1e6] * 4, [1e6, 1e-6, 1e-6, 1e6], [1e-6, 1e6, 1e6, 1e-6], [2, 3, 1, 5], [2, 3, 1 + 1e-9, 5], [1, 1, 1, 1]]
    for p in ugly + [[spread(-6, 6) for i in range(4)] for j in range(22)]:
        yield 'p_alive', p, history()
        h = history()
        yield 'expected_purchases', p, h + [whole(2.7)]
        yield 'expected_purchases', p, h + [whole(3.5)]
        yield 'dert', p, history() + [spread(-9, 1)]
        horizon = whole(2)
        yield 'purchase_probability', p, history() + [horizon, rng.randint(0, horizon)]
    yield 'p_alive', donations, [10000, 10000, 10000]
    yield 'p_alive', donations, [4000, 9990, 10000]
    yield 'expected_purchases', donations, [5, 9, 12, 10000]


def main():
    print('-- Written by test/oracle/discrete_values.py: do not edit.\n')
    print('CREATE TEMP TABLE discrete_value (what text, parameter float8[], argument float8[], value float8);')
    print('COPY discrete_value FROM stdin;')
    for what, p, arguments in list(contract_cases()) + list(opportunity_cases()):
        value = globals()[what]([mpf(v) for v in p], *[mpf(v) for v in arguments])
        if 1e-300 < value < 1e300:
            print(what, *('{%s}' % ','.join(repr(v) for v in row) for row in (p, arguments)), nstr(value, 20), sep='\t')
    print('\\.')


main()
