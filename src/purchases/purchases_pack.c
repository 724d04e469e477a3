/*
 * purchases_pack.c
 *		The packed form of a purchase summary: what is stored and sent.
 *
 * After the varlena header:
 *
 *		version 1 | flags
 *		scale of the money | scale of the cost, when it is known
 *		orders									varint
 *		spend | refunds | first day's amount | cost, when it is known
 *		number of days							varint
 *		first day								signed varint
 *		days from the first to the last			varint, when there are two
 *		gaps from each day to the next			varints, each at least 1;
 *												the last one follows
 *
 * A varint holds 7 bits a byte, lowest first, the high bit says that more
 * follow; a signed one is folded first (0, -1, 1, -2, ...). With the flag
 * PURCHASES_BIG there are no scales, and sums are decimal text, each after its
 * length. The form of a value is unique, so that equal summaries have equal
 * bytes: all money is shown with one scale, the largest that any amount had,
 * and PURCHASES_BIG stands only where a sum needs it.
 *
 * A customer with ten purchase days takes about 30 bytes.
 *
 * The reader trusts nothing: the bytes may come from a client.
 */
#include "purchases/purchases.h"

#include "purchases/purchases_private.h"
#include "utils/date.h"
#include "utils/memutils.h"

#define MAX_VARINT		19		/* bytes of 128 bits, 7 a byte */

/* numeric has at most 131072 digits before and 16383 after the point */
#define MAX_DECIMAL_TEXT	150000

void
PurchasesCorrupted(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_DATA_CORRUPTED),
			 errmsg("value of type purchases is corrupted")));
}

/* --- Writing -------------------------------------------------------------- */

static inline char *
PutVarint(char *to, uint64 value)
{
	while (value >= 0x80)
	{
		*to++ = (char) (0x80 | (value & 0x7F));
		value >>= 7;
	}
	*to++ = (char) value;
	return to;
}

static char *
PutWide(char *to, uint128 value)
{
	while (value > PG_UINT64_MAX)
	{
		*to++ = (char) (0x80 | (value & 0x7F));
		value >>= 7;
	}
	return PutVarint(to, (uint64) value);
}

static char *
PutSigned(char *to, int128 value)
{
	return PutWide(to, value < 0 ? ~((uint128) value << 1) : (uint128) value << 1);
}

static char *
PutDecimal(char *to, const Decimal *d)
{
	char	   *text = DecimalToString(d);
	Size		length = strlen(text);

	to = PutVarint(to, length);
	memcpy(to, text, length);
	pfree(text);
	return to + length;
}

/*
 * Shows spend, refunds and the first day's amount with the largest scale among
 * them; false when a sum has no 128-bit form at its scale. Aggregates give the
 * spend the largest scale, but the text form may give it to any of them.
 */
bool
PurchasesCommonScale(const Purchases *p, Decimal *sums)
{
	bool		narrow = true;
	bool		common = true;

	memcpy(sums, p->sums, sizeof(p->sums));
	for (int i = SUM_SPEND; i <= SUM_FIRST; i++)
		if (sums[i].big != NULL || sums[i].scale != sums[SUM_SPEND].scale)
			common = false;
	if (!common)
	{
		Decimal		all = DecimalSum(&sums[SUM_SPEND], &sums[SUM_REFUNDS]);
		Decimal		minus;

		all = DecimalSum(&all, &sums[SUM_FIRST]);
		minus = DecimalNegated(&all);
		for (int i = SUM_SPEND; i <= SUM_FIRST; i++)
		{
			/* x + all - all is x with the scale of all */
			sums[i] = DecimalSum(&sums[i], &all);
			sums[i] = DecimalSum(&sums[i], &minus);
			if (sums[i].big != NULL)
				narrow = false;
		}
	}
	if (p->cost_known && sums[SUM_COST].big != NULL)
		narrow = false;
	return narrow;
}

/* What Pack will write at most. */
static Size
PackBound(const Purchases *p, const Decimal *sums, bool narrow)
{
	Size		size = 4 + (3 + N_SUMS) * MAX_VARINT + ((Size) p->n_days + 1) * 5;

	/* sums that have a 128-bit form may lose it at their common scale */
	if (!narrow)
		for (int i = 0; i < N_SUMS; i++)
		{
			char	   *text = DecimalToString(&sums[i]);

			size += strlen(text);
			pfree(text);
		}
	return size;
}

/* sums are those of p at their common scale. Returns the bytes written. */
static Size
Pack(const Purchases *p, const Decimal *sums, bool narrow, char *buffer)
{
	char	   *to = buffer;

	*to++ = PURCHASES_VERSION;
	*to++ = (p->cost_known ? 0 : PURCHASES_COST_UNKNOWN) |
		(narrow ? 0 : PURCHASES_BIG);
	if (narrow)
	{
		*to++ = (char) sums[SUM_SPEND].scale;
		if (p->cost_known)
			*to++ = (char) sums[SUM_COST].scale;
	}
	to = PutVarint(to, p->orders);
	for (int i = 0; i < N_SUMS; i++)
	{
		if (i == SUM_COST && !p->cost_known)
			continue;
		if (!narrow)
			to = PutDecimal(to, &sums[i]);
		else
			to = PutSigned(to, sums[i].value);
	}
	to = PutVarint(to, p->n_days);
	if (p->n_days > 0)
		to = PutSigned(to, p->days[0]);
	if (p->n_days > 1)
		to = PutVarint(to, (uint32) p->days[p->n_days - 1] - (uint32) p->days[0]);
	for (int32 i = 1; i < p->n_days - 1; i++)
		to = PutVarint(to, (uint32) p->days[i] - (uint32) p->days[i - 1]);
	return to - buffer;
}

/* Into *buffer, which is made larger where it lies. */
static Size
PackInto(const Purchases *p, char **buffer, Size *capacity)
{
	Decimal		sums[N_SUMS];
	bool		narrow = PurchasesCommonScale(p, sums);
	Size		bound = PackBound(p, sums, narrow);

	if (bound > *capacity)
	{
		*buffer = repalloc_huge(*buffer, bound);
		*capacity = bound;
	}
	return Pack(p, sums, narrow, *buffer);
}

Size
PurchasesPackState(PurchaseState *state, char **buffer, Size *capacity)
{
	Purchases	p;

	PurchasesOpenState(state, true, &p);
	return PackInto(&p, buffer, capacity);
}

Size
PurchasesPackRow(const Purchase *row, char **buffer, Size *capacity)
{
	Purchases	p;
	Decimal		zero = {0, row->amount.scale, NULL};
	int32		day = row->day;

	p.orders = row->is_refund ? 0 : 1;
	p.sums[SUM_SPEND] = row->amount;
	p.sums[SUM_REFUNDS] = row->is_refund ? DecimalNegated(&row->amount) : zero;
	p.sums[SUM_FIRST] = row->is_refund ? zero : row->amount;
	p.cost_known = row->has_cost;
	p.sums[SUM_COST] = row->has_cost ? row->cost : zero;
	p.n_days = row->is_refund ? 0 : 1;
	p.days = &day;
	return PackInto(&p, buffer, capacity);
}

struct varlena *
PurchasesDatum(const Purchases *p)
{
	Decimal		sums[N_SUMS];
	bool		narrow = PurchasesCommonScale(p, sums);
	struct varlena *result = MemoryContextAllocHuge(CurrentMemoryContext,
													VARHDRSZ + PackBound(p, sums, narrow));
	Size		size = VARHDRSZ + Pack(p, sums, narrow, VARDATA(result));

	if (!AllocSizeIsValid(size))
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("value of type purchases exceeds 1 GB")));
	SET_VARSIZE(result, size);
	return result;
}

/* --- Reading ---------------------------------------------------------------- */

typedef struct Reader
{
	const unsigned char *at;
	const unsigned char *end;
	bool		ok;
} Reader;

static inline uint128
GetVarint(Reader *r)
{
	uint128		value = 0;

	for (int shift = 0; shift < 7 * MAX_VARINT; shift += 7)
	{
		unsigned char byte;

		if (r->at == r->end)
			break;
		byte = *r->at++;
		if (shift == 7 * (MAX_VARINT - 1) && byte > 3)
			break;				/* more than 128 bits */
		value |= (uint128) (byte & 0x7F) << shift;
		if (!(byte & 0x80))
			return value;
	}
	r->ok = false;
	return 0;
}

/* A varint of at most `limit`. */
static inline uint64
GetBounded(Reader *r, uint64 limit)
{
	uint64		value = 0;

	if (r->at < r->end && *r->at < 0x80)
		value = *r->at++;		/* one byte is the rule */
	else
	{
		uint128		wide = GetVarint(r);

		if (wide > limit)
			r->ok = false;
		else
			value = (uint64) wide;
	}
	if (value > limit)
	{
		r->ok = false;
		value = 0;
	}
	return value;
}

static int128
GetSigned(Reader *r)
{
	uint128		folded = GetVarint(r);

	return (folded & 1) ? (int128) ~(folded >> 1) : (int128) (folded >> 1);
}

static uint8
GetByte(Reader *r)
{
	if (r->at == r->end)
	{
		r->ok = false;
		return 0;
	}
	return *r->at++;
}

static void
GetTextDecimal(Reader *r, Decimal *d)
{
	uint64		length = GetBounded(r, MAX_DECIMAL_TEXT);
	char	   *text;

	if (!r->ok || length > r->end - r->at)
	{
		r->ok = false;
		return;
	}
	text = pnstrdup((const char *) r->at, length);
	r->at += length;
	/* an embedded zero byte ends the string early and is caught here */
	r->ok = strlen(text) == length && DecimalFromString(text, d);
	pfree(text);
}

static void
GetSums(Reader *r, uint8 flags, Purchases *p)
{
	int			scale = 0;
	int			cost_scale = 0;
	int128		limit = DecimalPowers()[DECIMAL_MAX_SCALE];

	if (!(flags & PURCHASES_BIG))
	{
		scale = GetByte(r);
		if (p->cost_known)
			cost_scale = GetByte(r);
		if (scale > DECIMAL_MAX_SCALE || cost_scale > DECIMAL_MAX_SCALE)
			r->ok = false;
	}
	p->orders = (int64) GetBounded(r, PG_INT64_MAX);
	for (int i = 0; i < N_SUMS && r->ok; i++)
	{
		p->sums[i] = DecimalFromInt(0);
		if (i == SUM_COST && !p->cost_known)
			continue;
		if (flags & PURCHASES_BIG)
			GetTextDecimal(r, &p->sums[i]);
		else
		{
			p->sums[i].value = GetSigned(r);
			p->sums[i].scale = i == SUM_COST ? cost_scale : scale;
			if (p->sums[i].value >= limit || p->sums[i].value <= -limit)
				r->ok = false;
		}
	}
}

static void
GetDays(Reader *r, bool want_days, Purchases *p)
{
	int64		first;
	int64		last;
	int64		day;

	/* each day takes at least a byte: do not believe a larger number */
	p->n_days = (int32) GetBounded(r, Min(r->end - r->at, PG_INT32_MAX));
	p->days = NULL;
	if (!r->ok || p->n_days == 0)
		return;
	first = last = (int64) GetSigned(r);
	if (p->n_days > 1)
		last += GetBounded(r, PG_UINT32_MAX);
	if (!r->ok || !IS_VALID_DATE(first) || !IS_VALID_DATE(last))
	{
		r->ok = false;
		return;
	}
	p->first_day = (int32) first;
	p->last_day = (int32) last;
	if (!want_days)
	{
		r->at = r->end;
		return;
	}

	PurchasesMakeDays(p);
	p->days[0] = p->first_day;
	day = first;
	for (int32 i = 1; i < p->n_days && r->ok; i++)
	{
		uint64		gap = i < p->n_days - 1 ? GetBounded(r, PG_UINT32_MAX) : last - day;

		day += gap;
		if (gap == 0 || day > last)
			r->ok = false;
		p->days[i] = (int32) day;
		POLL_EVERY(i);
	}
}

bool
PurchasesUnpack(const char *content, Size length, bool want_days,
				Purchases *result)
{
	Reader		r = {(const unsigned char *) content,
	(const unsigned char *) content + length, true};
	uint8		version = GetByte(&r);
	uint8		flags = GetByte(&r);

	if (version == (PURCHASES_VERSION | PURCHASES_WORKING))
	{
		/* only ever made by this code; copied, since opening sorts the days */
		PurchaseState *copy = MemoryContextAllocHuge(CurrentMemoryContext,
													 length + VARHDRSZ);

		SET_VARSIZE(copy, length + VARHDRSZ);
		memcpy(VARDATA(copy), content, length);
		PurchasesOpenState(copy, want_days, result);
		pfree(copy);
		return true;
	}
	if (!r.ok || version != PURCHASES_VERSION ||
		(flags & ~(PURCHASES_COST_UNKNOWN | PURCHASES_BIG)))
		return false;

	result->cost_known = !(flags & PURCHASES_COST_UNKNOWN);
	GetSums(&r, flags, result);
	if (r.ok)
		GetDays(&r, want_days, result);
	return r.ok && r.at == r.end;
}

/*
 * Each purchase day has at least one order, refunds and the first day's
 * amount are not negative, and the first day's amount is not more than all
 * purchases, which are spend plus refunds.
 */
bool
PurchasesConsistent(const Purchases *p)
{
	Decimal		purchases = DecimalSum(&p->sums[SUM_SPEND], &p->sums[SUM_REFUNDS]);
	int			first_to_all = DecimalCompare(&p->sums[SUM_FIRST], &purchases);

	if (p->orders < p->n_days || (p->orders > 0) != (p->n_days > 0))
		return false;
	if (DecimalSign(&p->sums[SUM_REFUNDS]) < 0 ||
		DecimalSign(&p->sums[SUM_FIRST]) < 0)
		return false;
	return p->n_days > 1 ? first_to_all <= 0 : first_to_all == 0;
}
