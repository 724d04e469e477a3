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
	"first_purchase", "gaps", NULL
};

static const char *const sum_keys[N_SUMS] = {
	"spend", "refunds", "first_day_spend", "cost"
};

static void
OpenValue(FunctionCallInfo fcinfo, int n, bool want_days, Purchases *p)
{
	struct varlena *value = PG_GETARG_VARLENA_PP(n);

	if (!PurchasesUnpack(VARDATA_ANY(value), VARSIZE_ANY_EXHDR(value),
						 want_days, p))
		PurchasesCorrupted();
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
ReadSums(Jsonb *object, Node *context, Purchases *p)
{
	p->cost_known = false;
	for (int i = 0; i < N_SUMS; i++)
	{
		JsonbValue *v = JsonField(object, sum_keys[i]);

		p->sums[i] = DecimalFromInt(0);
		if (v == NULL)
			continue;
		if (v->type != jbvNumeric ||
			DecimalFromNumeric(v->val.numeric, &p->sums[i]) != DECIMAL_OK)
			return JsonError(context, "purchases",
							 psprintf("\"%s\" must be a number.", sum_keys[i]));
		if (i == SUM_COST)
			p->cost_known = true;
	}
	return true;
}

static bool
ReadDays(Jsonb *object, Node *context, Purchases *p)
{
	JsonbValue *first = JsonField(object, "first_purchase");
	JsonbContainer *gaps;
	int			n_gaps;
	int64		day;

	p->n_days = 0;
	p->days = NULL;
	if (!JsonArray(object, "purchases", "gaps", context, &gaps, &n_gaps))
		return false;
	if (first == NULL)
		return n_gaps <= 0 ||
			JsonError(context, "purchases", "\"gaps\" need a \"first_purchase\".");
	if (first->type != jbvString ||
		!IsoDateDecode(first->val.string.val, first->val.string.len, &p->first_day))
		return JsonError(context, "purchases",
						 "\"first_purchase\" must be a date such as \"2024-01-31\".");

	p->n_days = Max(n_gaps, 0) + 1;
	PurchasesMakeDays(p);
	p->days[0] = day = p->first_day;
	for (int i = 0; i < n_gaps; i++)
	{
		JsonbValue *v = getIthJsonbValueFromContainer(gaps, i);
		int64		gap;

		if (!JsonValueInt64(v, "purchases", "Each of \"gaps\"", 1, PG_UINT32_MAX,
							context, &gap))
			return false;
		day += gap;
		if (!IS_VALID_DATE(day))
			return JsonError(context, "purchases", "\"gaps\" lead beyond the last date.");
		p->days[i + 1] = (int32) day;
		pfree(v);
		POLL_EVERY(i);
	}
	p->last_day = (int32) day;
	return true;
}

PG_FUNCTION_INFO_V1(custseg_purchases_in);
Datum
custseg_purchases_in(PG_FUNCTION_ARGS)
{
	Node	   *context = fcinfo->context;
	Jsonb	   *object;
	Purchases	p;

	p.orders = 0;
	if (!JsonParseObject(PG_GETARG_CSTRING(0), "purchases", known_keys,
						 PURCHASES_VERSION, context, &object) ||
		!JsonInt64(object, "purchases", "orders", 0, PG_INT64_MAX, context, &p.orders) ||
		!ReadSums(object, context, &p) ||
		!ReadDays(object, context, &p))
		PG_RETURN_NULL();
	if (!PurchasesConsistent(&p))
	{
		(void) JsonError(context, "purchases",
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
	StringInfo	buffer = (StringInfo) PG_GETARG_POINTER(0);
	int			length = buffer->len - buffer->cursor;
	const char *content = pq_getmsgbytes(buffer, length);
	Purchases	p;

	if (length == 0 || content[0] != PURCHASES_VERSION)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
				 errmsg("invalid binary data for type purchases"),
				 errdetail("The version byte must be %d.", PURCHASES_VERSION)));
	if (!PurchasesUnpack(content, length, true, &p) || !PurchasesConsistent(&p))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
				 errmsg("invalid binary data for type purchases")));
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
