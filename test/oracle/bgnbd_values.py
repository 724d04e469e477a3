#!/usr/bin/python3
#
# test/oracle/bgnbd_values.py
#
# Writes test/pgtap/include/bgnbd_values.psql: predictions of BG/NBD and MBG/NBD, computed with 30 digits or more.
# Run it without arguments, after python3-mpmath is installed; it takes some minutes.
#
# The expected purchases are those of the published formula with 2F1 (Fader, Hardie, Lee 2005), with as many digits as
# it takes until two precisions agree. They are compared with the integral over p and the rate of
# [1 - exp(-rate p t)] / p, which stands alone where 2F1 does not converge. The discounted ones are the integral over
# p and the rate of rate / (discount + rate p). So no formula of the extension is used.

import os
import random

import mpmath as mp

rng = random.Random(20261129)
mp.mp.dps = 60
SEEN = 10 ** 250        # values below 1 / SEEN are near the end of float8


def log_uniform(low, high):
    return mp.mpf(10) ** rng.uniform(low, high)


def over_p(f, a, b, knees):
    """The mean of f(p) over p ~ Beta(a, b), by the log-odds of p; knees are where f changes. Beyond the ends f is flat."""
    margin = mp.mp.dps * 2.4 + 10
    flat = [-mp.log(b + 1), mp.log(a + 1)] + [mp.log(k) for k in knees]
    low, high = min(flat) - margin, max(flat[1], flat[0] + 1) + margin
    center, width = mp.log(a / b), mp.sqrt(1 / a + 1 / b)
    points = flat + [center + s * width for s in (-100, -20, -8, -4, -2, -1, 0, 1, 2, 4, 8, 20, 100)]
    pieces = [low]
    for end in sorted(p for p in points if low < p < high) + [high]:
        start, parts = pieces[-1], int(mp.ceil((end - pieces[-1]) / 15))
        pieces += [start + (end - start) * i / parts for i in range(1, parts + 1)]

    def term(s):
        y = mp.exp(s)
        return mp.exp(a * s - (a + b) * mp.log1p(y) - log_beta) * f(y / (1 + y))

    log_beta = mp.loggamma(a) + mp.loggamma(b) - mp.loggamma(a + b)
    y, z = mp.exp(low), mp.exp(-high)
    ends = f(y) * mp.exp(a * low - log_beta) / a + f(1 - z) * mp.exp(-b * high - log_beta) / b
    return ends + mp.quad(term, pieces, maxdegree=10)


def purchases_by_integral(k, a, b, w):
    return over_p(lambda p: -mp.expm1(-k * mp.log1p(p * w)) / p, a, b, [1 / w, 1 / (k * w)])


def purchases_by_formula(k, a, b, w):
    previous = None
    for digits in (80, 120, 200, 400, 800):
        with mp.workdps(digits):
            near = a if a != 1 else a + mp.mpf(10) ** (-digits // 2)
            c = near + b - 1
            try:
                f = mp.hyp2f1(k, b, c, w / (1 + w), maxprec=10000, maxterms=20000)
                value = c / (near - 1) * (1 - (1 + w) ** -k * f)
            except (mp.libmp.NoConvergence, ValueError, ZeroDivisionError):
                return None
        if previous is not None and value != 0 and abs(previous / value - 1) < mp.mpf(10) ** -30:
            return value if 0 < value <= k * w else None    # beyond: 2F1 failed
        previous = value
    return None


def stays(a, b, m):
    return mp.rf(b, m) / mp.rf(a + b, m)


def probability(k, a, b, w, n):
    z = w / (1 + w)
    if n == 0:
        return (1 - z) ** k
    with mp.workdps(400):
        some, below = (1 - z) ** k, mp.mpf(0)       # P(N = j) and P(N < j), if he bought for ever
        for j in range(n):
            below += some
            some *= z * (k + j) / (j + 1)
        tail = 1 - below
    return stays(a, b, n) * some + (stays(a, b, n - 1) - stays(a, b, n)) * tail


def discounted(k, a, b, theta):
    def over_rate(p):
        s = theta / p
        return k * s ** k * mp.exp(s) * mp.gammainc(-k, s) / p
    with mp.workdps(30):
        return over_p(over_rate, a, b, [theta, theta / k])


worst = mp.mpf(0)
rows = 0
alone = 0


def row(kind, group, parameters, history, horizon, n, discount=None):
    """One line of values, unless they are beyond float8."""
    global worst, rows, alone
    numbers = [float(v) for v in parameters + history + (horizon,)]
    r, alpha, a, b, x, t_x, age, t = [mp.mpf(v) for v in numbers]
    chances = x + (kind == 'mbgnbd')
    alive = mp.mpf(1)
    if chances > 0:
        odds = mp.log(a / (b + chances - 1)) + (r + x) * mp.log((alpha + age) / (alpha + t_x))
        alive = 1 / (1 + mp.exp(odds))
    k, b_now, w = r + x, b + chances, t / (alpha + age)
    value = purchases_by_formula(k, a, b_now, w)
    with mp.workdps(30):
        other = purchases_by_integral(k, a, b_now, w)
    if value is None:
        value = other
        alone += 1
    worst = max(worst, abs(other / value - 1))
    chance = alive * probability(k, a, b_now, w, n) + (1 - alive if n == 0 else 0)
    values = [alive, alive * value, chance]
    if min(values) < mp.mpf(1) / SEEN:
        return False
    dert = None
    if discount is not None:
        discount = float(discount)
        dert = alive * discounted(k, a, b_now, mp.mpf(discount) * (alpha + age))
    print("('%s','%s','{%s}',%s,%s,%s,%s,%d,%s,%s,%s)" % (
        kind, group, ','.join('%r' % v for v in numbers[:4]), *('%r' % v for v in numbers[4:]), n,
        ','.join(mp.nstr(v, 20) for v in values),
        'NULL' if discount is None else '%r' % discount, 'NULL' if dert is None else mp.nstr(dert, 20)),
        file=out, end='')
    rows += 1
    return True


def cases():
    fitted = {'bgnbd': (.24259, 4.4136, .79292, 2.4259), 'mbgnbd': (.52484, 6.18308, .89136, 1.614)}
    for kind in ('bgnbd', 'mbgnbd'):
        p = fitted[kind]
        for h in ((0, 0, 0), (0, 0, 39), (1, 1.71, 38.86), (2, 30.43, 38.86), (26, 30.86, 31), (10, 20, 39), (3, 0, 7)):
            for t, n in ((.1, 0), (1, 1), (39, 2), (104, 5), (1000, 3)):
                yield kind, 'fitted', p, h, t, n, .0027 if t == 39 else None
        for a in (1, 1 + 1e-15, 1 - 1e-12, 1 + 1e-9, 1 - 1e-6, 2, 2 + 1e-10):
            yield kind, 'a near 1', (.24, 4.4, a, 2.4), (2, 30, 38), rng.choice((39, 400, 4000)), 2, None
        for near in (0, 1e-15, -1e-12, 1e-9, -1e-6, 1e-3):
            for whole in (-1, 0, 1, 4):
                yield (kind, 'r + x - a near an integer', (.7, 5, 5.7 - whole + near, .6),
                       (5, 8, 12.5), rng.choice((10, 300, 30000)), whole + 1, None)
        for z in (.9, .95, .98, .99, .999, .9999, .99999, .9999999):
            for h in ((0, 0, 0), (1, 3, 5), (7, 30, 30.5), (100, 90, 93)):
                yield kind, 'z near 1', p, h, z / (1 - z) * (p[1] + h[2]), h[0] // 2, None
        for i in range(12):
            p = (log_uniform(-2, 1), log_uniform(-1, 2), mp.mpf('1e-6') if i % 2 else mp.mpf('.01'), log_uniform(-1, 1))
            yield kind, 'small a', p, (i // 3, i // 3, 40), log_uniform(-1, 6), i // 3, log_uniform(-2, 1) if i < 4 else None
        for i in range(12):
            p = (log_uniform(-1, 1), log_uniform(0, 2), log_uniform(4, 6), log_uniform(4, 6))
            yield kind, 'same dropout', p, (i % 4, i % 4 * 9.9, 40), log_uniform(0, 5), i % 3, None
        for i in range(12):
            scale = log_uniform(3, 6)
            p = (scale * log_uniform(-1, 0), scale * 40, log_uniform(-1, 1), log_uniform(-1, 1))
            yield kind, 'same rate', p, (i, i * 3, 40), log_uniform(0, 4), i % 4, None
        for x in (300, 1000, 10000):
            for t in (1, 50, 5000):
                yield kind, 'large x', fitted[kind], (x, 99.9, 100), t, rng.choice((0, 1, 3 * t)), None
        for i in range(1000):
            p = tuple(log_uniform(-6, 6) for _ in range(4))
            x = rng.choice((0, 0, 1, 2, 5, 40, 1000))
            age = log_uniform(-3, 6)
            t_x = age * rng.choice((rng.random(), 1 - mp.mpf(10) ** -rng.uniform(0, 12))) if x else 0
            yield kind, 'random', p, (x, t_x, age), log_uniform(-3, 6), rng.choice((0, 1, 2, 5, 30)), None


path = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'pgtap', 'include', 'bgnbd_values.psql')
with open(path, 'w') as out:
    out.write('''-- Predictions of BG/NBD and MBG/NBD, computed with 30 digits or more and rounded to 20. Written by
-- test/oracle/bgnbd_values.py.
-- parameters: r, alpha, a, b; probability: of n purchases in the horizon; dert where a discount is given
CREATE TEMPORARY TABLE bgnbd_value (kind text, shape text, parameters float8[], x float8, t_x float8, age float8,
    horizon float8, n int, alive float8, purchases float8, probability float8, discount float8, dert float8);
INSERT INTO bgnbd_value VALUES
''')
    random_rows = {}
    for kind, group, *case in cases():
        if group == 'random' and random_rows.get(kind, 0) >= 40:
            continue
        if rows:
            mark = out.tell()
            out.write(',\n')
        if row(kind, group, *case):
            random_rows[kind] = random_rows.get(kind, 0) + (group == 'random')
        elif rows:
            out.seek(mark)
            out.truncate()
    out.write(';\n')
print('%d rows; formula and integral agree to %s; %d by the integral alone' % (rows, mp.nstr(worst, 3), alone))
