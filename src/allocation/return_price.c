/*
 * return_price.c
 *		Core of allocate_return: the price at which the budget is spent.
 *
 * Where returns diminish, the best distribution gives each row all units that
 * bring at least a price, the same for all, and the price is such that they
 * are as many as the budget has (the Lagrange multiplier of the budget; for
 * whole units: O. Gross, "A class of discrete type minimization problems",
 * RAND RM-1644, 1956).  The number of units that rows take is a sum of
 * integers, so it does not depend on the order of rows, and nor does anything
 * that follows from it.
 *
 * The price is found by Newton's method in its logarithm; the slope is added
 * up in integers too.  Every price that is tried becomes a bound, from above
 * or from below, and the counts of each row at both bounds are kept: later
 * counts are cut to lie between, so that they never contradict each other in
 * spite of rounding, and a row whose counts agree is left alone from then on.
 * Where Newton's steps do not help, as when many rows jump at one price, the
 * interval is halved, in the order of doubles, until nothing lies between.
 *
 * What remains is a set of units of nearly the same worth; SelectUnits()
 * takes the best of them.
 *
 * Memory: 4 bytes a row.
 */
#include "allocation/return_solve.h"

#include <float.h>
#include <math.h>

#include "common/float_image.h"

/* A slope is added up in units of 2^-SLOPE_BITS. */
#define SLOPE_BITS 10
#define SLOPE_LIMIT 4e18

/* What is known at one end of the interval of prices. */
typedef struct PriceEnd
{
	bool		known;			/* false: no price yet, the units are the rows' bounds */
	double		price;
	int128		units;
	double		slope;			/* of the units by the logarithm of the price, turned positive */
} PriceEnd;

typedef struct PriceSearch
{
	const ReturnProblem *problem;
	int64	   *units;			/* counts at the price tried last */
	int32	   *active;			/* rows whose counts at both ends differ */
	int32		n_active;
	int128		settled;		/* units of the other rows */
	PriceEnd	high;			/* the higher price: not more units than the budget */
	PriceEnd	low;			/* the lower price: more */
	int128		open;			/* units, or tangents, that are left between */
	int			passes;
	int			slow;			/* passes in a row that left more than half of it open */
} PriceSearch;

void
ReturnRowInit(ReturnRow *row)
{
	row->mode = ROW_ENVELOPE;
	row->turn = UnitsConcaveFrom(&row->curve, row->low, row->high);
	row->knee = row->low;
	row->tangent = 0;
	if (row->turn == row->low)
		return;
	row->knee = UnitsTangentEnd(&row->curve, row->low, row->high);
	if (row->knee > row->low)
		row->tangent = UnitRise(&row->curve, row->low, row->knee) / (double) (row->knee - row->low);
}

static inline int64
CountOfRow(const ReturnRow *row, const UnitPrice *price, double *slope)
{
	int64		low = RowLow(row);

	if (RowHasTangent(row))
	{
		if (row->tangent < price->price)
		{
			*slope = 0;
			return low;
		}
		low = row->knee;
	}
	return UnitsWorth(&row->curve, low, RowHigh(row), price, slope);
}

/* Units that are to be decided on one by one if these are the counts, a tangent being one. */
static inline int64
OpenUnits(const ReturnRow *row, int64 least, int64 most)
{
	if (RowHasTangent(row) && least < row->knee && most >= row->knee)
		return most - row->knee + 1;
	return most - least;
}

/*
 * Counts the units at a price, and makes it one of the ends.
 *
 * Sums: up to 2^31 rows of less than 2^62 units, or 2^62 units of slope.
 */
static void
TryPrice(PriceSearch *search, double price)
{
	const ReturnProblem *problem = search->problem;
	UnitPrice	at = {price, log(price)};
	PriceEnd	end = {true, price, search->settled, 0};
	int128		slopes = 0;
	int128		open_above = 0;
	int128		open_below = 0;
	int128		open_before = search->open;
	int32		kept = 0;
	bool		is_high;

	for (int32 j = 0; j < search->n_active; j++)
	{
		ReturnRow  *row = &problem->rows[search->active[j]];
		double		slope;
		int64		count = CountOfRow(row, &at, &slope);

		if (count <= row->least || count >= row->most)
			count = count <= row->least ? row->least : row->most;
		else
			slopes += (int64) Min(slope * (1 << SLOPE_BITS), SLOPE_LIMIT);
		search->units[search->active[j]] = count;
		end.units += count;
		open_above += OpenUnits(row, count, row->most);
		open_below += OpenUnits(row, row->least, count);
		POLL_EVERY(j);
	}
	end.slope = (double) slopes / (1 << SLOPE_BITS);
	is_high = end.units <= problem->budget;
	if (is_high)
		search->high = end;
	else
		search->low = end;
	search->open = is_high ? open_above : open_below;

	for (int32 j = 0; j < search->n_active; j++)
	{
		int32		i = search->active[j];
		ReturnRow  *row = &problem->rows[i];

		if (is_high)
			row->least = search->units[i];
		else
			row->most = search->units[i];
		if (row->least < row->most)
			search->active[kept++] = i;
		else
			search->settled += row->least;
		POLL_EVERY(j);
	}
	search->n_active = kept;
	search->passes++;
	search->slow = search->open > open_before / 2 ? search->slow + 1 : 0;
}

/*
 * A price to begin with: what a unit brings where every row has the same part
 * of its room, on the (binary) logarithmic mean over the rows.
 */
static double
FirstPrice(const PriceSearch *search)
{
	const ReturnProblem *problem = search->problem;
	double		part = (double) (problem->budget - search->high.units) /
		(double) (search->low.units - search->high.units);
	int64		exponents = 0;
	int64		n = 0;

	for (int32 j = 0; j < search->n_active; j++)
	{
		const ReturnRow *row = &problem->rows[search->active[j]];
		int64		room = (int64) (part * (double) (row->most - row->least));
		double		gain = UnitGain(&row->curve, Min(row->least + room, row->most - 1) + 1);

		if (RowHasTangent(row))
			gain = Min(gain, row->tangent);
		if (gain >= DBL_MIN)
		{
			exponents += ilogb(gain);
			n++;
		}
		POLL_EVERY(j);
	}
	return n == 0 ? 1 : ldexp(1, (int) (exponents / n));
}

/* Newton's step from an end towards a number of units. */
static double
NewtonPrice(const PriceEnd *from, int128 target)
{
	double		step;

	if (from->slope <= 0)
		return 0;
	step = (double) (from->units - target) / from->slope;
	return from->price * exp(Max(Min(step, 30), -30));
}

/* The next price to try, or 0 when no double lies between the ends. */
static double
NextPrice(const PriceSearch *search, int64 near)
{
	int128		budget = search->problem->budget;
	int128		below = budget - search->high.units;
	int128		above = search->low.units - budget;
	const PriceEnd *from;
	double		price;
	uint64		image;

	/* one end not known: away from the other, in steps that grow */
	if (!search->high.known || !search->low.known)
	{
		from = search->high.known ? &search->high : &search->low;
		price = NewtonPrice(from, budget);
		if (search->passes > 6 || price <= 0 || price == from->price)
			price = from->price * ldexp(1, (search->high.known ? -4 : 4) * (1 << Min(search->passes, 8)));
		/* prices below DBL_MIN are not told apart; see SolvePrice() */
		return Max(Min(price, DBL_MAX / 4), DBL_MIN);
	}

	/* an end that is near enough is left, for one as near on the other side */
	from = below <= above ? &search->high : &search->low;
	price = NewtonPrice(from, Min(below, above) > near ? budget : below <= above ? budget + near : budget - near);
	if (search->slow < 2 && price < search->high.price && price > search->low.price)
		return price;
	image = ImageOfFloat(search->low.price);
	image += (ImageOfFloat(search->high.price) - image) / 2;
	price = FloatOfImage(image);
	return price > search->low.price ? price : 0;
}

static void
BeginSearch(PriceSearch *search, const ReturnProblem *problem, int64 *units)
{
	memset(search, 0, sizeof(*search));
	search->problem = problem;
	search->units = units;
	search->active = palloc_extended(((Size) problem->n + 1) * sizeof(int32), MCXT_ALLOC_HUGE);
	for (int32 i = 0; i < problem->n; i++)
	{
		ReturnRow  *row = &problem->rows[i];

		row->least = RowLow(row);
		row->most = RowHigh(row);
		search->high.units += row->least;
		search->low.units += row->most;
		if (row->least < row->most)
			search->active[search->n_active++] = i;
		else
			search->settled += row->least;
		POLL_EVERY(i);
	}
	search->open = search->low.units - search->high.units;
}

/*
 * Narrows the interval until few units are open.  Returns whether those that
 * are open are worth the same as far as doubles can tell.
 */
static bool
Narrow(PriceSearch *search, double first)
{
	int64		budget = search->problem->budget;
	int64		few = 64 + search->problem->n / 16;
	double		price = first > 0 ? first : FirstPrice(search);

	while (search->high.units < budget)
	{
		TryPrice(search, price);
		if (search->high.units == budget)
			break;
		/* a unit that brings less than any normal double brings nothing */
		if (search->high.known && search->high.price <= DBL_MIN)
			return true;
		if (search->high.known && search->low.known &&
			(search->open <= few ||
			 (search->passes > 12 && search->open <= 2 * (int128) search->problem->n + few)))
			return false;
		price = NextPrice(search, few / 4);
		if (price == 0)
			return true;
	}
	return false;
}

void
SolvePrice(const ReturnProblem *problem, double *price, int64 *units, SplitRow *split)
{
	PriceSearch search;
	bool		flat = false;

	BeginSearch(&search, problem, units);
	split->row = -1;
	split->units = 0;
	if (search.low.units == problem->budget)
	{
		/* every row has all it can take */
		for (int32 i = 0; i < problem->n; i++)
			units[i] = problem->rows[i].most;
	}
	else
	{
		flat = Narrow(&search, *price);
		*price = search.high.known ? search.high.price : search.low.price;
		SelectUnits(problem, problem->budget - (int64) search.high.units, flat, units, split);
	}
	pfree(search.active);
}
