/*
 * customers.c
 *		Simulated customers whose true parameters are known, for the benchmark.
 *
 *	customers bgnbd | mbgnbd | pareto_nbd  N
 *
 * Writes N rows in COPY's binary format, all float8 but the first:
 *
 *	id bigint		from 1 on
 *	x				repeat purchases
 *	t_x, age		weeks, as they are; ages are uniform from 26 to 78
 *	t_x_days, age_days
 *					the same in whole days, nearest, in weeks
 *	m_x				mean value of the repeat purchases; NULL when x is 0
 *	future			purchases of the 39 weeks after
 *
 * The parameters are those that were published for CDNOW, except that all
 * values are gamma-gamma. Everything follows from a seed of the kind's, by a
 * generator of its own: each machine makes the same rows, as far as its log
 * and pow round alike.
 */
#include <endian.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FUTURE	39.0

static uint64_t seed;

/* splitmix64; in (0, 1) */
static double
Uniform(void)
{
	uint64_t	z = (seed += UINT64_C(0x9e3779b97f4a7c15));

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	z ^= z >> 31;
	return ((z >> 11) + 0.5) * (1.0 / 9007199254740992.0);
}

static double
Exponential(double rate)
{
	return -log(Uniform()) / rate;
}

/* The polar method of Marsaglia, one of its two values. */
static double
Normal(void)
{
	double		u,
				v,
				s;

	do
	{
		u = 2 * Uniform() - 1;
		v = 2 * Uniform() - 1;
		s = u * u + v * v;
	} while (s >= 1 || s == 0);
	return u * sqrt(-2 * log(s) / s);
}

/* Marsaglia and Tsang (2000), with their way to shapes below 1. */
static double
Gamma(double shape, double rate)
{
	double		d,
				c,
				n,
				v;

	if (shape < 1)
		return Gamma(shape + 1, rate) * pow(Uniform(), 1 / shape);
	d = shape - 1.0 / 3;
	c = 1 / sqrt(9 * d);
	do
	{
		n = Normal();
		v = 1 + c * n;
		v = v * v * v;
	} while (v <= 0 || log(Uniform()) >= n * n / 2 + d - d * v + d * log(v));
	return d * v / rate;
}

static double
Beta(double a, double b)
{
	double		x = Gamma(a, 1);

	return x / (x + Gamma(b, 1));
}

/* --- Purchases ------------------------------------------------------------------- */

typedef struct Customer
{
	double		x,
				t_x,
				age,
				future;
} Customer;

/* Of a rate, until a death at a time or, with a probability, after each repeat purchase. */
static void
Buy(Customer *customer, double rate, double death, double dropout)
{
	double		t = 0;

	for (;;)
	{
		t += Exponential(rate);
		if (t > death || t > customer->age + FUTURE)
			return;
		if (t <= customer->age)
		{
			customer->x++;
			customer->t_x = t;
		}
		else
			customer->future++;
		if (dropout > 0 && Uniform() < dropout)
			return;
	}
}

static Customer
Bgnbd(double age)
{
	Customer	customer = {.age = age};
	double		rate = Gamma(0.243, 4.414);

	Buy(&customer, rate, INFINITY, Beta(0.793, 2.426));
	return customer;
}

/* Some leave after the first purchase already. */
static Customer
Mbgnbd(double age)
{
	Customer	customer = {.age = age};
	double		rate = Gamma(0.525, 6.183);
	double		dropout = Beta(0.891, 1.614);

	Buy(&customer, rate, Uniform() < dropout ? 0 : INFINITY, dropout);
	return customer;
}

static Customer
ParetoNbd(double age)
{
	Customer	customer = {.age = age};
	double		rate = Gamma(0.553, 10.578);

	Buy(&customer, rate, Exponential(Gamma(0.606, 11.669)), 0);
	return customer;
}

/* --- COPY's binary format ---------------------------------------------------------- */

static void
PutInt16(int n)
{
	uint16_t	bytes = htobe16((uint16_t) n);

	fwrite(&bytes, 2, 1, stdout);
}

static void
PutInt32(int n)
{
	uint32_t	bytes = htobe32((uint32_t) n);

	fwrite(&bytes, 4, 1, stdout);
}

static void
PutInt64(int64_t n)
{
	uint64_t	bytes = htobe64((uint64_t) n);

	PutInt32(8);
	fwrite(&bytes, 8, 1, stdout);
}

static void
PutDouble(double x)
{
	int64_t		bits;

	memcpy(&bits, &x, 8);
	PutInt64(bits);
}

static void
PutCustomer(long id, Customer customer)
{
	PutInt16(8);
	PutInt64(id);
	PutDouble(customer.x);
	PutDouble(customer.t_x);
	PutDouble(customer.age);
	PutDouble(round(customer.t_x * 7) / 7);
	PutDouble(round(customer.age * 7) / 7);
	if (customer.x > 0)
		PutDouble(Gamma(6.25 * customer.x, Gamma(3.744, 15.444)) / customer.x);
	else
		PutInt32(-1);
	PutDouble(customer.future);
}

int
main(int argc, char **argv)
{
	static const char *const kinds[] = {"bgnbd", "mbgnbd", "pareto_nbd"};
	Customer	(*const simulate[]) (double age) = {Bgnbd, Mbgnbd, ParetoNbd};
	long		n = argc == 3 ? atol(argv[2]) : 0;
	int			kind = 0;

	while (kind < 3 && argc == 3 && strcmp(argv[1], kinds[kind]) != 0)
		kind++;
	if (n < 1 || kind == 3)
	{
		fprintf(stderr, "usage: customers bgnbd|mbgnbd|pareto_nbd N\n");
		return 2;
	}
	seed = (uint64_t) kind + 1;
	fwrite("PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0\0", 1, 19, stdout);
	for (long id = 1; id <= n; id++)
		PutCustomer(id, simulate[kind] (26 + 52 * Uniform()));
	PutInt16(-1);
	return fclose(stdout) == 0 ? 0 : 1;
}
