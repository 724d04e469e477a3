/*
 * workload_bound.c
 *		An upper bound of assignments with loads, exact for any prices.
 *
 * Let edge (i, j) be worth w_ij, and p_j be a price of a unit of agent j's capacity.
 * An assignment that gives customer i to agent a(i) and agent j the load L_j is
 * worth
 *
 *		sum w_ia(i) = sum (w_ia(i) - p_a(i) load_i) + sum p_j L_j
 *				   <= sum max(0, max_j (w_ij - p_j load_i)) + sum p_j M_j
 *
 * over customers who are served and over agents, where M_j is the capacity when
 * p_j >= 0, and the minimum when p_j < 0.  This holds for every p, whatever made
 * it, so a bound is true even if prices are bad; the best one equals the optimum
 * of the linear relaxation (the subproblem has the integrality property).
 * A. M. Geoffrion, Lagrangean relaxation for integer programming, Mathematical
 * Programming Study 2 (1974).
 *
 * Prices are rounded to multiples of 2^-shift, and from there everything is done
 * in integers.
 */
#include "allocation/workload.h"

#include <math.h>

#define MAX_SHIFT 60

/* Bits that a positive number needs. */
static int
BitsOf(double x)
{
	int			exponent;

	frexp(x, &exponent);
	return exponent;
}

/*
 * So that rounding of prices moves the bound by less than a millionth of a unit,
 * unless sums could then pass 2^120.  Every sum and product below is at most
 * `most` times 2^shift: an edge's load is at most its agent's capacity, and the
 * loads of all customers that gain by a negative price are at most all load.
 */
static int
ChooseShift(const Workload *p, const double *prices, double max_worth)
{
	double		most = max_worth * p->n_eligible + 1;
	int			shift;

	for (int32 j = 0; j < p->n_agents; j++)
		most += fabs(prices[j]) * (prices[j] < 0 ? p->total_load : p->capacity[j]);
	shift = Min(120 - BitsOf(most), BitsOf(p->total_load + 1.0) + 20);
	return Max(0, Min(shift, MAX_SHIFT));
}

/* What a customer can earn above prices, at most; 0 when it does not. */
static int128
BestNet(const Workload *p, int32 customer, const int128 *scaled, int shift, int64 served,
		bool use_values)
{
	int64		load = p->load[customer];
	int128		best = 0;

	for (int64 e = p->first[customer]; e < p->first[customer + 1]; e++)
	{
		int64		worth = served + (use_values ? p->value[e] : 0);
		int128		net = (int128) worth * ((int128) 1 << shift) - scaled[p->agent[e]] * load;

		if (net > best)
			best = net;
	}
	return best;
}

int128
PriceBound(const Workload *p, const double *prices, bool minima_count, int64 served,
		   bool use_values)
{
	double		max_worth = (double) served + (use_values ? (double) p->max_value : 0);
	double	   *valid = WorkloadAlloc(p->n_agents, sizeof(double));
	int128	   *scaled = WorkloadAlloc(p->n_agents, sizeof(int128));
	int128		bound = 0;
	int			shift;

	for (int32 j = 0; j < p->n_agents; j++)
	{
		bool		has_minimum = minima_count && p->minimum != NULL && p->minimum[j] > 0;

		valid[j] = prices[j] < 0 && !has_minimum ? 0 : prices[j];
	}
	shift = ChooseShift(p, valid, max_worth);
	for (int32 j = 0; j < p->n_agents; j++)
	{
		scaled[j] = (int128) rint(ldexp(valid[j], shift));
		bound += scaled[j] * (scaled[j] < 0 ? p->minimum[j] : p->capacity[j]);
	}
	for (int32 i = 0; i < p->n_customers; i++)
	{
		bound += BestNet(p, i, scaled, shift, served, use_values);
		POLL_EVERY(i);
	}
	pfree(valid);
	pfree(scaled);
	return bound >> shift;
}
