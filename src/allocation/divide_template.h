/*
 * divide_template.h
 *		The division of divide.h, for a type of number that the including file defines.
 *
 * Wanted are x_i = clamp(lambda w_i, floor_i, cap_i) with the sum N, the budget.
 * The sum grows with lambda, in straight lines between the breakpoints
 * floor_i / w_i and cap_i / w_i.  The search keeps a bracket around lambda.  A
 * row is settled once no breakpoint of its own is inside: it stands at its floor,
 * at its cap, or moves freely in proportion.  Each step takes a breakpoint of
 * some open row, evaluates the sum there, which narrows the bracket, and settles
 * what it can.  This is the breakpoint search of Kiwiel (2008, Mathematical
 * Programming 112, 473-491) with a random pivot: O(n) steps expected whatever
 * the weights are.  Fixing violating variables pass by pass (Bitran and Hax
 * 1981) has about the same price on ordinary data, but with geometric weights it
 * fixes one row a pass.  Rows without floor and cap are settled at once.
 *
 * All is exact: lambda and breakpoints are quotients of integers, compared by
 * cross products.  The search ends with the one lambda (or a plateau on which
 * amounts are the same), so neither pivots nor the order of rows have an effect.
 *
 * Then each free row gets the whole part of lambda w_i, and what is left, less
 * than one unit a row with a remainder, goes to the largest remainders, found by
 * selection.  Floors and caps are integers, so a unit more keeps within the cap.
 *
 * The including file defines
 *		Number					a number; static inline Product, Sum, Difference, Compare
 *		Rows					its rows, with n, tie and arg
 *		Amounts					where amounts go
 *		ZERO, ONE
 *		Keep(&to, x)			sets to for the first time, for longer than Forget
 *		KeepNext(&to, x)		sets it again
 *		Forget(i)				drops temporary numbers, once in a while
 *		Room(size)				memory that outlives Forget
 *		CountOf(x)				as an int32, which it fits
 *		TakesPart, RowWeight, RowFloor, HasCap, RowCap (rows, i)
 *		Quotient(p, q)			floor of p / q
 *		RemainderKey(d, remainder)	64 bits that order like the remainder
 *		PrepareKeys(d)			before remainders are made
 *		KEYS_EXACT(d)			whether equal keys mean equal remainders
 *		SetAmount(amounts, i, x), SetNone(amounts, i), AddUnit(amounts, i)
 *		SetSum(problem, x)
 *
 * Memory, of the current context: 20 bytes a row.
 */

typedef struct Item
{
	uint64		key;			/* of the remainder */
	int32		row;
} Item;

typedef struct Division
{
	const Rows *rows;
	Number		budget;

	/* the bracket: lambda is from low to high; high_q may be 0, for infinity */
	Number		low_p;
	Number		low_q;
	Number		high_p;
	Number		high_q;

	/* settled rows: what those at a bound have, and the weight of the free ones */
	Number		fixed;
	Number		free_weight;

	int32	   *open;			/* rows not settled */
	int32		n_open;
	uint64		random;			/* for pivots, which have no effect on results */

	/* at the end lambda = p / q */
	Number		p;
	Number		q;
	int			shift;			/* of remainders to make keys */
} Division;

/* A generator of Knuth's; the upper bits are good enough for pivots. */
static int32
RandomBelow(Division *d, int32 n)
{
	d->random = d->random * UINT64CONST(6364136223846793005) + UINT64CONST(1442695040888963407);
	return (int32) ((d->random >> 33) % (uint64) n);
}

/* Whether a row can take all of the budget as far as its cap goes. */
static inline bool
Uncapped(const Division *d, int32 row)
{
	return !HasCap(d->rows, row) || Compare(RowCap(d->rows, row), d->budget) >= 0;
}

/* What a row can take at most: its cap, or the budget; its floor without a weight. */
static inline Number
RowLimit(const Division *d, int32 row)
{
	if (Compare(RowWeight(d->rows, row), ZERO) == 0)
		return RowFloor(d->rows, row);
	return Uncapped(d, row) ? d->budget : RowCap(d->rows, row);
}

/* --- Can it be done? --------------------------------------------------------------- */

static DivideStatus
Survey(const Division *d, DivideProblem *problem)
{
	const Rows *rows = d->rows;
	Number		floors;
	Number		limits;
	bool		weighted = false;

	Keep(&floors, ZERO);
	Keep(&limits, ZERO);
	for (int32 i = 0; i < rows->n; i++)
	{
		POLL_EVERY(i);
		Forget(i);
		if (!TakesPart(rows, i))
			continue;
		problem->row = i;
		if (HasCap(rows, i) && Compare(RowFloor(rows, i), RowCap(rows, i)) > 0)
			return DIVIDE_FLOOR_ABOVE_CAP;
		weighted = weighted || Compare(RowWeight(rows, i), ZERO) > 0;
		KeepNext(&floors, Sum(floors, RowFloor(rows, i)));
		/* enough is enough: the sum of all might be too large to compute */
		if (Compare(limits, d->budget) < 0)
			KeepNext(&limits, Sum(limits, RowLimit(d, i)));
	}
	SetSum(problem, floors);
	if (Compare(floors, d->budget) > 0)
		return DIVIDE_FLOORS_EXCEED;
	SetSum(problem, limits);
	if (Compare(limits, d->budget) >= 0)
		return DIVIDE_OK;
	return weighted ? DIVIDE_CAPS_BELOW : DIVIDE_NO_WEIGHT;
}

/* Every row gets what it can take. */
static void
GiveLimits(const Division *d, Amounts *amounts)
{
	for (int32 i = 0; i < d->rows->n; i++)
	{
		if (TakesPart(d->rows, i))
			SetAmount(amounts, i, RowLimit(d, i));
		else
			SetNone(amounts, i);
		POLL_EVERY(i);
		Forget(i);
	}
}

/* --- The search --------------------------------------------------------------------- */

/* Settles a row with a weight, if the bracket decides where it stands. */
static bool
Settle(Division *d, int32 row)
{
	Number		weight = RowWeight(d->rows, row);
	Number		floor = RowFloor(d->rows, row);
	bool		uncapped = Uncapped(d, row);
	Number		low;
	Number		high = Product(d->high_p, weight);

	if (Compare(high, Product(floor, d->high_q)) <= 0)
	{
		KeepNext(&d->fixed, Sum(d->fixed, floor));
		return true;
	}
	low = Product(d->low_p, weight);
	if (!uncapped && Compare(low, Product(RowCap(d->rows, row), d->low_q)) >= 0)
	{
		KeepNext(&d->fixed, Sum(d->fixed, RowCap(d->rows, row)));
		return true;
	}
	if (Compare(low, Product(floor, d->low_q)) >= 0 &&
		(uncapped || Compare(high, Product(RowCap(d->rows, row), d->high_q)) <= 0))
	{
		KeepNext(&d->free_weight, Sum(d->free_weight, weight));
		return true;
	}
	return false;
}

/* Whether bound / weight is strictly inside the bracket. */
static bool
Inside(const Division *d, Number bound, Number weight)
{
	return Compare(Product(d->low_p, weight), Product(bound, d->low_q)) < 0 &&
		Compare(Product(bound, d->high_q), Product(d->high_p, weight)) < 0;
}

/* The floor or the cap of an open row, whichever is a breakpoint inside the bracket. */
static Number
PivotBound(Division *d, int32 row)
{
	Number		weight = RowWeight(d->rows, row);
	bool		floor_inside = Inside(d, RowFloor(d->rows, row), weight);
	bool		cap_inside = !Uncapped(d, row) && Inside(d, RowCap(d->rows, row), weight);

	if (floor_inside && cap_inside)
		floor_inside = RandomBelow(d, 2) == 0;
	return floor_inside ? RowFloor(d->rows, row) : RowCap(d->rows, row);
}

/*
 * Compares the sum at lambda = p / q with the budget, both times q.  What the
 * fixed rows have, what the free ones would have, and what open rows would have
 * is each at most the budget, or the total weight times p: see Fits.
 */
static int
CompareAt(const Division *d, Number p, Number q)
{
	Number		sum;

	Keep(&sum, Sum(Product(d->fixed, q), Product(d->free_weight, p)));
	for (int32 i = 0; i < d->n_open; i++)
	{
		int32		row = d->open[i];
		Number		share = Product(p, RowWeight(d->rows, row));
		Number		bound = Product(RowFloor(d->rows, row), q);

		if (Compare(share, bound) < 0)
			share = bound;
		else if (!Uncapped(d, row))
		{
			bound = Product(RowCap(d->rows, row), q);
			if (Compare(share, bound) > 0)
				share = bound;
		}
		KeepNext(&sum, Sum(sum, share));
		POLL_EVERY(i);
		Forget(i);
	}
	return Compare(sum, Product(d->budget, q));
}

/* Narrows the bracket at a breakpoint of an open row and settles what it can. */
static void
Narrow(Division *d)
{
	int32		pivot = d->open[RandomBelow(d, d->n_open)];
	Number		p;
	Number		q;
	int			order;
	int32		n = 0;

	Keep(&p, PivotBound(d, pivot));
	Keep(&q, RowWeight(d->rows, pivot));
	order = CompareAt(d, p, q);
	if (order <= 0)
	{
		KeepNext(&d->low_p, p);
		KeepNext(&d->low_q, q);
	}
	if (order >= 0)
	{
		KeepNext(&d->high_p, p);
		KeepNext(&d->high_q, q);
	}
	for (int32 i = 0; i < d->n_open; i++)
	{
		if (!Settle(d, d->open[i]))
			d->open[n++] = d->open[i];
		POLL_EVERY(i);
		Forget(i);
	}
	d->n_open = n;
}

/* Finds lambda. */
static void
Search(Division *d)
{
	const Rows *rows = d->rows;

	Keep(&d->low_p, ZERO);
	Keep(&d->low_q, ONE);
	Keep(&d->high_p, ONE);
	Keep(&d->high_q, ZERO);
	Keep(&d->fixed, ZERO);
	Keep(&d->free_weight, ZERO);
	for (int32 i = 0; i < rows->n; i++)
	{
		POLL_EVERY(i);
		Forget(i);
		if (!TakesPart(rows, i))
			continue;
		if (Compare(RowWeight(rows, i), ZERO) == 0)
			KeepNext(&d->fixed, Sum(d->fixed, RowFloor(rows, i)));
		else if (!Settle(d, i))
			d->open[d->n_open++] = i;
	}
	while (d->n_open > 0)
		Narrow(d);

	/* without a free row any lambda in the bracket gives the same */
	if (Compare(d->free_weight, ZERO) > 0)
	{
		Keep(&d->p, Difference(d->budget, d->fixed));
		Keep(&d->q, d->free_weight);
	}
	else
	{
		Keep(&d->p, d->low_p);
		Keep(&d->q, d->low_q);
	}
}

/* --- The leftover units -------------------------------------------------------------- */

static Number
RemainderOf(const Division *d, int32 row)
{
	Number		share = Product(d->p, RowWeight(d->rows, row));

	return Difference(share, Product(Quotient(share, d->q), d->q));
}

/* Larger remainder, larger weight, lower key, larger floor, larger cap, earlier row. */
static bool
Before(const Division *d, const Item *a, const Item *b)
{
	const Rows *rows = d->rows;
	int			order;

	if (a->key != b->key)
		return a->key > b->key;
	order = KEYS_EXACT(d) ? 0 : Compare(RemainderOf(d, b->row), RemainderOf(d, a->row));
	if (order == 0)
		order = Compare(RowWeight(rows, b->row), RowWeight(rows, a->row));
	if (order == 0 && rows->tie != NULL)
		order = rows->tie(a->row, b->row, rows->arg);
	if (order == 0)
		order = Compare(RowFloor(rows, b->row), RowFloor(rows, a->row));
	if (order == 0)
		order = Compare(RowLimit(d, b->row), RowLimit(d, a->row));
	return order != 0 ? order < 0 : a->row < b->row;
}

/* Brings the k items that come first to the front: quickselect with random pivots. */
static void
SelectFirst(Division *d, Item *items, int32 n, int32 k)
{
	int32		low = 0;
	int32		high = n - 1;

	while (low < high)
	{
		Item		pivot = items[low + RandomBelow(d, high - low + 1)];
		int32		i = low;
		int32		j = high;

		while (i <= j)
		{
			for (; Before(d, &items[i], &pivot); i++)
			{
				POLL_EVERY(i);
				Forget(i);
			}
			for (; Before(d, &pivot, &items[j]); j--)
			{
				POLL_EVERY(j);
				Forget(j);
			}
			if (i <= j)
			{
				Item		swap = items[i];

				items[i] = items[j];
				items[j] = swap;
				POLL_EVERY(i);
				i++;
				j--;
			}
		}
		if (k - 1 <= j)
			high = j;
		else if (k - 1 >= i)
			low = i;
		else
			break;
	}
}

/* Amounts at lambda, and a unit more where the remainder is among the largest. */
static void
Share(Division *d, Amounts *amounts)
{
	const Rows *rows = d->rows;
	Item	   *items = Room(Max(1, rows->n) * sizeof(Item));
	int32		n = 0;
	int32		k = 0;
	Number		left;

	Keep(&left, d->budget);
	for (int32 i = 0; i < rows->n; i++)
	{
		Number		share;
		Number		amount;

		POLL_EVERY(i);
		Forget(i);
		if (!TakesPart(rows, i))
		{
			SetNone(amounts, i);
			continue;
		}
		share = Product(d->p, RowWeight(rows, i));
		amount = RowLimit(d, i);
		if (Compare(share, Product(RowFloor(rows, i), d->q)) <= 0)
			amount = RowFloor(rows, i);
		else if (Compare(share, Product(amount, d->q)) < 0)
		{
			Number		remainder;

			amount = Quotient(share, d->q);
			remainder = Difference(share, Product(amount, d->q));
			if (Compare(remainder, ZERO) > 0)
			{
				items[n].key = RemainderKey(d, remainder);
				items[n++].row = i;
			}
		}
		SetAmount(amounts, i, amount);
		KeepNext(&left, Difference(left, amount));
	}
	k = CountOf(left);
	Assert(k >= 0 && k <= n);
	if (k > 0 && k < n)
		SelectFirst(d, items, n, k);
	for (int32 i = 0; i < k; i++)
	{
		AddUnit(amounts, items[i].row);
		POLL_EVERY(i);
		Forget(i);
	}
	pfree(items);
}

static DivideStatus
DivideRowsOf(Division *d, bool keep, Amounts *amounts, DivideProblem *problem)
{
	DivideStatus status = Survey(d, problem);

	if (keep && (status == DIVIDE_CAPS_BELOW || status == DIVIDE_NO_WEIGHT))
	{
		GiveLimits(d, amounts);
		return DIVIDE_OK;
	}
	if (status != DIVIDE_OK)
		return status;
	d->open = Room(Max(1, d->rows->n) * sizeof(int32));
	Search(d);
	pfree(d->open);
	PrepareKeys(d);
	Share(d, amounts);
	return DIVIDE_OK;
}
