"""BG/NBD by numpy and scipy: the peer of bgnbd_fit in the benchmark.

    bgnbd_fit.py RELATION [COLUMNS] [RUNS]

Reads COLUMNS (default x,t_x,age) of RELATION through psycopg2 from the database
of the environment, and fits by L-BFGS-B. Prints a line for each of the runs
(default 1): seconds to read, seconds to fit, log-likelihood, r, alpha, a, b,
evaluations. The time to start Python and to import is not in it.

Written to be fast. Rows come in COPY's binary format, which numpy takes as it
is. Log parameters, time in units of the mean age, an analytic gradient, all in
whole arrays; the gamma functions are taken once for each number of purchases,
and customers without a repeat purchase have a term of their own. Settings of
the optimiser are scipy's. No standard errors are computed.
"""
import io
import sys
import time

import numpy as np
import psycopg2
from scipy.optimize import minimize
from scipy.special import digamma, gammaln


def read(relation, columns):
    """The columns as three arrays."""
    fields = [(f"{part}{i}", ">i4" if part == "length" else ">f8")
              for i in range(3) for part in ("length", "value")]
    record = np.dtype([("fields", ">i2")] + fields)
    buffer = io.BytesIO()
    with psycopg2.connect("") as connection, connection.cursor() as cursor:
        cursor.copy_expert(f"COPY (SELECT {columns} FROM {relation}) TO STDOUT (FORMAT binary)", buffer)
    rows = np.frombuffer(buffer.getbuffer()[19:-2], dtype=record)
    return tuple(rows[f"value{i}"].astype(float) for i in range(3))


def fit(x, t_x, age):
    """Log-likelihood, parameters and number of evaluations."""
    n = len(x)
    scale = age.mean()
    repeats = x > 0
    age1 = age[~repeats] / scale
    x2, t2, age2 = x[repeats], t_x[repeats] / scale, age[repeats] / scale
    customers = np.bincount(x.astype(int))
    k = np.arange(len(customers))

    def loss(log_parameters):
        r, alpha, a, b = np.exp(log_parameters)
        # what depends on x alone
        value = customers @ (gammaln(r + k) - gammaln(r) + r * np.log(alpha) + gammaln(a + b)
                             + gammaln(b + k) - gammaln(b) - gammaln(a + b + k))
        of_r = customers @ (digamma(r + k) - digamma(r) + np.log(alpha))
        of_alpha = n * r / alpha
        of_a = customers @ (digamma(a + b) - digamma(a + b + k))
        of_b = customers @ (digamma(a + b) - digamma(a + b + k) + digamma(b + k) - digamma(b))
        # without a repeat purchase
        log_age = np.log(alpha + age1)
        value -= r * log_age.sum()
        of_r -= log_age.sum()
        of_alpha -= r * (1 / (alpha + age1)).sum()
        # with one: alive or dead
        log_age, log_t = np.log(alpha + age2), np.log(alpha + t2)
        odds = np.log(a) - np.log(b + x2 - 1) + (r + x2) * (log_age - log_t)
        dead = 1 / (1 + np.exp(-odds))
        alive = 1 - dead
        value += (np.logaddexp(0, odds) - (r + x2) * log_age).sum()
        of_r -= alive @ log_age + dead @ log_t
        of_alpha -= (r + x2) @ (alive / (alpha + age2) + dead / (alpha + t2))
        of_a += dead.sum() / a
        of_b -= (dead / (b + x2 - 1)).sum()
        gradient = np.array([of_r * r, of_alpha * alpha, of_a * a, of_b * b])
        return -value / n, -gradient / n

    result = minimize(loss, np.zeros(4), jac=True, method="L-BFGS-B")
    r, alpha, a, b = np.exp(result.x)
    return -result.fun * n - x.sum() * np.log(scale), (r, alpha * scale, a, b), result.nfev


def main():
    relation = sys.argv[1]
    columns = sys.argv[2] if len(sys.argv) > 2 else "x,t_x,age"
    for _ in range(int(sys.argv[3]) if len(sys.argv) > 3 else 1):
        begin = time.perf_counter()
        arrays = read(relation, columns)
        middle = time.perf_counter()
        loglik, parameters, evaluations = fit(*arrays)
        end = time.perf_counter()
        print(f"{middle - begin:.3f} {end - middle:.3f} {loglik:.6f}", *(f"{p:.8f}" for p in parameters), evaluations, flush=True)


if __name__ == "__main__":
    main()
