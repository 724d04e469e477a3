/*
 * choose_offer.c
 *		choose_offer(), choose_offer_bound() and choose_offer_price() OVER ():
 *		which customer gets which offer under a budget.
 *
 * The first row of a partition reads the arguments of all its rows and solves the
 * partition; the result stays in the partition's memory and each row takes its
 * own.  Frame and ORDER BY of the window do not matter.  The bound and the price
 * come from the relaxation alone, so they do not repeat the search.
 *
 * Memory: see offer_rows.c, offer_menus.c, offer_search.c and offer_ties.c; when a partition is
 * solved, 1 byte a row remains.
 */
#include "postgres.h"

#include "common/compat.h"

#include <math.h>

#include "allocation/offer_rows.h"
#include "allocation/offers.h"
#include "common/decimal.h"
#include "miscadmin.h"
#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/float.h"
#include "utils/memutils.h"
#include "windowapi.h"

PG_FUNCTION_INFO_V1(custseg_choose_offer);
PG_FUNCTION_INFO_V1(custseg_choose_offer_bound);
PG_FUNCTION_INFO_V1(custseg_choose_offer_price);

/* What the search may use where work_mem gives less. */
#define LEAST_MEMORY ((Size) 32 * 1024 * 1024)

/* States that are looked at, about two seconds. */
#define MOST_WORK (INT64CONST(1) << 28)

/* What a row gets. */
enum
{
	NOT_CHOSEN,
	CHOSEN,
	NO_PART
};

/* Local memory of a partition; all zero before its first row. */
typedef struct PartitionOffers
{
	bool		done;
	char	   *choice;
	double		number;
} PartitionOffers;

/* A partition while it is solved. */
typedef struct OfferPartition
{
	OfferRows	rows;
	OfferScale	scale;
	OfferProblem problem;
} OfferPartition;

static void
ReadPartition(OfferPartition *partition, FunctionCallInfo fcinfo, const char *function)
{
	OfferRows  *rows = &partition->rows;
	int64	   *units;

	OfferRowsRead(rows, fcinfo, function);
	units = palloc_extended(Max(1, rows->first[rows->n_customers]) * sizeof(int64),
							MCXT_ALLOC_HUGE);
	partition->scale = OfferValueUnits(rows->value, rows->n_customers, rows->first, units);
	if (!OfferProblemInit(&partition->problem, rows->n_customers, rows->first, rows->cost, units,
						  rows->budget))
		OfferCostsTooLarge(rows->cost_scale);
	pfree(units);
}

static void
FreePartition(OfferPartition *partition)
{
	OfferRowsFree(&partition->rows);
	OfferProblemFree(&partition->problem);
}

/* A total value as a float8. */
static double
TotalValue(const OfferPartition *partition, int64 units, int128 numerator, int64 denominator)
{
	double		total = OfferValueOfUnits(&partition->scale, units, partition->problem.value_unit,
										  numerator, denominator);

	if (isinf(total))
		float_overflow_error();
	return total;
}

/* --- The choice ----------------------------------------------------------------------- */

/* Three quarters of the memory for states, see offer_search.c, the rest for links. */
static OfferLimits
SearchLimits(void)
{
	Size		memory = Max(get_hash_memory_limit(), LEAST_MEMORY);
	OfferLimits limits;

	limits.states = memory / 4 * 3 / 144;
	limits.links = Min(memory / 4 / 13, PG_INT32_MAX);
	limits.work = MOST_WORK;
	return limits;
}

static void
NotProven(const OfferPartition *partition, const OfferResult *result)
{
	ereport(NOTICE,
			(errmsg("choose_offer: a better choice may exist"),
			 errdetail("The choice has value %s, none has more than %s.",
					   float8out_internal(TotalValue(partition, result->value, 0, 1)),
					   float8out_internal(TotalValue(partition, result->bound, 0, 1))),
			 errhint("Costs and values of fewer digits make the search shorter; a larger work_mem lets it go on longer.")));
}

static void
ChooseOffers(FunctionCallInfo fcinfo, PartitionOffers *fit)
{
	OfferPartition partition;
	OfferLimits limits = SearchLimits();
	OfferResult result;
	OfferProblem *problem = &partition.problem;

	ReadPartition(&partition, fcinfo, "choose_offer");
	result = OfferSearch(problem, &limits);
	OfferTiesByKey(problem);
	if (!result.proven)
		NotProven(&partition, &result);

	fit->choice = MemoryContextAllocHuge(GetMemoryChunkContext(fit), partition.rows.n);
	memset(fit->choice, NO_PART, partition.rows.n);
	for (int64 j = 0; j < partition.rows.first[problem->n_customers]; j++)
	{
		fit->choice[partition.rows.row[j]] = NOT_CHOSEN;
		POLL_EVERY(j);
	}
	for (int64 i = 0; i < problem->n_customers; i++)
	{
		int32		offer = problem->options[problem->choice[i]].offer;

		if (offer >= 0)
			fit->choice[partition.rows.row[offer]] = CHOSEN;
		POLL_EVERY(i);
	}
	FreePartition(&partition);
}

/* Arguments: customer, offer, cost, value, budget. */
Datum
custseg_choose_offer(PG_FUNCTION_ARGS)
{
	WindowObject window = PG_WINDOW_OBJECT();
	PartitionOffers *fit = WinGetPartitionLocalMemory(window, sizeof(PartitionOffers));
	char		choice;

	if (!fit->done)
	{
		ChooseOffers(fcinfo, fit);
		fit->done = true;
	}
	choice = fit->choice[WinGetCurrentPosition(window)];
	if (choice == NO_PART)
		PG_RETURN_NULL();
	PG_RETURN_BOOL(choice == CHOSEN);
}

/* --- Bound and price ------------------------------------------------------------------ */

Datum
custseg_choose_offer_bound(PG_FUNCTION_ARGS)
{
	PartitionOffers *fit = WinGetPartitionLocalMemory(PG_WINDOW_OBJECT(), sizeof(PartitionOffers));

	if (!fit->done)
	{
		OfferPartition partition;
		OfferProblem *problem = &partition.problem;

		ReadPartition(&partition, fcinfo, "choose_offer_bound");
		/* of numbers up to 2^62 */
		fit->number = TotalValue(&partition, problem->value,
								 (int128) (problem->budget - problem->cost) * problem->price_value,
								 problem->price_cost);
		FreePartition(&partition);
		fit->done = true;
	}
	PG_RETURN_FLOAT8(fit->number);
}

Datum
custseg_choose_offer_price(PG_FUNCTION_ARGS)
{
	PartitionOffers *fit = WinGetPartitionLocalMemory(PG_WINDOW_OBJECT(), sizeof(PartitionOffers));

	if (!fit->done)
	{
		OfferPartition partition;
		OfferProblem *problem = &partition.problem;
		Decimal		cost;

		ReadPartition(&partition, fcinfo, "choose_offer_price");
		cost = (Decimal) {(int128) problem->price_cost * problem->cost_unit,
						  partition.rows.cost_scale, NULL};
		fit->number = TotalValue(&partition, problem->price_value, 0, 1) / DecimalToFloat8(&cost);
		if (isinf(fit->number))
			float_overflow_error();
		FreePartition(&partition);
		fit->done = true;
	}
	PG_RETURN_FLOAT8(fit->number);
}
