/*
 * purchases_type.c
 *		Input, output, comparison and casts of the type purchases.
 *
 * The text form is a JSON object:
 *
 *		{"version": 1, "orders": 3, "spend": 120.50, "refunds": 0.00,
 *		 "first_day_spend": 40.00, "cost": null,
 *		 "first_purchase": "2024-01-05", "gaps": [12, 30]}
 *
 * gaps are the days from each purchase day to the next. The binary form is the
 * packed form, byte by byte, which has no byte order.
 */
#include "postgres.h"

#include "common/compat.h"

#include "common/binary.h"
#include "common/decimal.h"
#include "common/hashfn.h"
#include "common/iso_date.h"
#include "common/json.h"
#include "fmgr.h"
#include "lib/stringinfo.h"
#include "libpq/pqformat.h"
#include "purchases/purchases.h"
#include "purchases/purchases_private.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/fmgrprotos.h"
#include "utils/numeric.h"

static const char *const known_keys[] = {
	"version", "orders", "spend", "refunds", "first_day_spend", "cost",
	"first_purchase", "gaps"
};

static const char *const sum_keys[N_SUMS] = {
	"spend", "refunds", "first_day_spend", "cost"
};

static void
OpenValue(FunctionCallInfo fcinfo, int n, bool want_days, Purchases *p)
{
	PurchasesOpenValue(PG_GETARG_VARLENA_PP(n), want_days, p);
}

static char *
PurchasesText(const Purchases *p)
{
	StringInfoData out;
	char		day[MAXDATELEN + 1];

	initStringInfo(&out);
	appendStringInfo(&out, "{\"version\": %d, \"orders\": " INT64_FORMAT,
					 PURCHASES_VERSION, p->orders);
	for (int i = 0; i < N_SUMS; i++)
		appendStringInfo(&out, ", \"%s\": %s", sum_keys[i],
						 i == SUM_COST && !p->cost_known ? "null" :
						 DecimalToString(&p->sums[i]));
	if (p->n_days == 0)
		appendStringInfoString(&out, ", \"first_purchase\": null, \"gaps\": [");
	else
	{
		IsoDateEncode(p->days[0], day);
		appendStringInfo(&out, ", \"first_purchase\": \"%s\", \"gaps\": [", day);
	}
	for (int32 i = 1; i < p->n_days; i++)
	{
		appendStringInfo(&out, i == 1 ? "%u" : ", %u",
						 (uint32) p->days[i] - (uint32) p->days[i - 1]);
		POLL_EVERY(i);
	}
	appendStringInfoString(&out, "]}");
	return out.data;
}

static bool
ReadSums(JsonReader *r, Purchases *p)
{
	p->cost_known = false;
	for (int i = 0; i < N_SUMS; i++)
	{
		p->sums[i] = DecimalFromInt(0);
		if (!JsonFind(r, sum_keys[i]))
			continue;
		if (r->value.type != jbvNumeric ||
			DecimalFromNumeric(r->value.val.numeric, &p->sums[i]) != DECIMAL_OK)
			return JsonMustBe(r, "a number");
		if (i == SUM_COST)
			p->cost_known = true;
	}
	return true;
}

static bool
ReadDays(JsonReader *r, Purchases *p)
{
	bool		has_first = JsonFind(r, "first_purchase");
	int			n_gaps = 0;
	int64		day;

	p->n_days = 0;
	p->days = NULL;
	if ((has_first && !JsonDate(r, &p->first_day)) ||
		(JsonFind(r, "gaps") && !JsonArray(r, "integers", &n_gaps)))
		return false;
	if (!has_first)
		return n_gaps == 0 ||
			JsonRefuse(r, "\"gaps\" need a \"first_purchase\".");

	p->n_days = n_gaps + 1;
	PurchasesMakeDays(p);
	p->days[0] = day = p->first_day;
	while (JsonNext(r))
	{
		int64		gap;

		if (!JsonInt64(r, 1, PG_UINT32_MAX, &gap))
			return false;
		day += gap;
		if (!IS_VALID_DATE(day))
			return JsonRefuse(r, "\"gaps\" lead beyond the last date.");
		p->days[r->index + 1] = (int32) day;
	}
	p->last_day = (int32) day;
	return true;
}

PG_FUNCTION_INFO_V1(custseg_purchases_in);
Datum
custseg_purchases_in(PG_FUNCTION_ARGS)
{
	JsonReader	r;
	Purchases	p;

	p.orders = 0;
	if (!JsonOpen(&r, fcinfo, "purchases", known_keys, lengthof(known_keys),
				  PURCHASES_VERSION) ||
		(JsonFind(&r, "orders") && !JsonInt64(&r, 0, PG_INT64_MAX, &p.orders)) ||
		!ReadSums(&r, &p) ||
		!ReadDays(&r, &p))
		PG_RETURN_NULL();
	if (!PurchasesConsistent(&p))
	{
		(void) JsonRefuse(&r,
						  "Counts and amounts contradict each other: each purchase day needs an order, and the first day's spend must lie between 0 and spend plus refunds.");
		PG_RETURN_NULL();
	}
	PG_RETURN_POINTER(PurchasesDatum(&p));
}

PG_FUNCTION_INFO_V1(custseg_purchases_out);
Datum
custseg_purchases_out(PG_FUNCTION_ARGS)
{
	Purchases	p;

	OpenValue(fcinfo, 0, true, &p);
	PG_RETURN_CSTRING(PurchasesText(&p));
}

PG_FUNCTION_INFO_V1(custseg_purchases_recv);
Datum
custseg_purchases_recv(PG_FUNCTION_ARGS)
{
	StringInfo	in = (StringInfo) PG_GETARG_POINTER(0);
	const char *content = in->data + in->cursor;
	int			length = in->len - in->cursor;
	Purchases	p;

	/* the version is the first byte of the packed form, too */
	BinaryVersion(in, "purchases", PURCHASES_VERSION);
	(void) pq_getmsgbytes(in, length - 1);
	if (!PurchasesUnpack(content, length, true, &p) || !PurchasesConsistent(&p))
		BinaryRefuse("purchases", "Its bytes contradict each other.");
	PG_RETURN_POINTER(PurchasesDatum(&p));
}

PG_FUNCTION_INFO_V1(custseg_purchases_send);
Datum
custseg_purchases_send(PG_FUNCTION_ARGS)
{
	Purchases	p;

	/* packed anew, since the value may be a state in working form */
	OpenValue(fcinfo, 0, true, &p);
	PG_RETURN_BYTEA_P(PurchasesDatum(&p));
}

PG_FUNCTION_INFO_V1(custseg_purchases_to_jsonb);
Datum
custseg_purchases_to_jsonb(PG_FUNCTION_ARGS)
{
	Purchases	p;

	OpenValue(fcinfo, 0, true, &p);
	return DirectFunctionCall1(jsonb_in, CStringGetDatum(PurchasesText(&p)));
}

#define COMPARE(x, y) ((x) < (y) ? -1 : (x) > (y))

/*
 * By first and last day, then by counts, then by money, then by the days in
 * between. Amounts compare as numbers: 1.0 equals 1.00, as in numeric.
 */
static int
Compare(FunctionCallInfo fcinfo)
{
	Purchases	a;
	Purchases	b;
	int			result;

	OpenValue(fcinfo, 0, true, &a);
	OpenValue(fcinfo, 1, true, &b);
	if (a.n_days > 0 && b.n_days > 0)
	{
		if ((result = COMPARE(a.first_day, b.first_day)) != 0 ||
			(result = COMPARE(a.last_day, b.last_day)) != 0)
			return result;
	}
	if ((result = COMPARE(a.n_days, b.n_days)) != 0 ||
		(result = COMPARE(a.orders, b.orders)) != 0 ||
		(result = COMPARE(a.cost_known, b.cost_known)) != 0)
		return result;
	for (int i = 0; i < N_SUMS; i++)
		if ((i != SUM_COST || a.cost_known) &&
			(result = DecimalCompare(&a.sums[i], &b.sums[i])) != 0)
			return result;
	for (int32 i = 0; i < a.n_days; i++)
		if ((result = COMPARE(a.days[i], b.days[i])) != 0)
			return result;
	return 0;
}

PG_FUNCTION_INFO_V1(custseg_purchases_cmp);
Datum
custseg_purchases_cmp(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT32(Compare(fcinfo));
}

#define COMPARISON(name, operator) \
	PG_FUNCTION_INFO_V1(name); \
	Datum \
	name(PG_FUNCTION_ARGS) \
	{ \
		PG_RETURN_BOOL(Compare(fcinfo) operator 0); \
	} \
	extern int	no_such_variable

COMPARISON(custseg_purchases_lt, <);
COMPARISON(custseg_purchases_le, <=);
COMPARISON(custseg_purchases_eq, ==);
COMPARISON(custseg_purchases_ne, !=);
COMPARISON(custseg_purchases_ge, >=);
COMPARISON(custseg_purchases_gt, >);

/* Of what is equal in equal values; enough to tell customers apart. */
static uint64
Hash(FunctionCallInfo fcinfo, uint64 seed)
{
	Purchases	p;
	uint64		h;

	OpenValue(fcinfo, 0, true, &p);
	h = hash_bytes_extended((unsigned char *) p.days,
							p.n_days * (int) sizeof(int32), seed);
	h = hash_combine64(h, (uint64) p.orders);
	return hash_combine64(h, DecimalHash(&p.sums[SUM_SPEND], seed));
}

PG_FUNCTION_INFO_V1(custseg_purchases_hash);
Datum
custseg_purchases_hash(PG_FUNCTION_ARGS)
{
	/* the low half of the extended hash, as hash opclasses require for seed 0 */
	PG_RETURN_INT32((int32) Hash(fcinfo, 0));
}

PG_FUNCTION_INFO_V1(custseg_purchases_hash_extended);
Datum
custseg_purchases_hash_extended(PG_FUNCTION_ARGS)
{
	PG_RETURN_UINT64(Hash(fcinfo, (uint64) PG_GETARG_INT64(1)));
}
