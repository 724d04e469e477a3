/*
 * measure_window.c
 *		measure_window(): the days that a measure is computed over.
 *
 * All calendar arithmetic is PostgreSQL's own: months clamp to the last day of
 * the shorter month, and 29 February to the 28th.
 */
#include "tiering/tier_policy_sql.h"

#include "catalog/pg_type.h"
#include "common/checks.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/datetime.h"
#include "utils/fmgrprotos.h"
#include "utils/rangetypes.h"
#include "utils/timestamp.h"

PG_FUNCTION_INFO_V1(custseg_measure_window);

static DateADT
AddMonths(DateADT day, int32 months)
{
	Interval	term = {.month = months};
	Datum		sum = DirectFunctionCall2(date_pl_interval, DateADTGetDatum(day),
										  IntervalPGetDatum(&term));

	return DatumGetDateADT(DirectFunctionCall1(timestamp_date, sum));
}

/* The first day of the calendar period of so many months that holds the day. */
static DateADT
PeriodStart(DateADT day, int months)
{
	int			year;
	int			month;
	int			unused;

	j2date(day + POSTGRES_EPOCH_JDATE, &year, &month, &unused);
	return date2j(year, (month - 1) / months * months + 1, 1) - POSTGRES_EPOCH_JDATE;
}

/* The latest anniversary of the enrolment that is not after as_of. */
static DateADT
LastAnniversary(DateADT enrolled, DateADT as_of)
{
	int			year;
	int			enrolled_year;
	int			unused;
	DateADT		day;

	if (enrolled > as_of)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("enrolled must not be after as_of"),
				 errhint("The first window begins on the day on which the customer enrolled.")));
	j2date(as_of + POSTGRES_EPOCH_JDATE, &year, &unused, &unused);
	j2date(enrolled + POSTGRES_EPOCH_JDATE, &enrolled_year, &unused, &unused);
	day = AddMonths(enrolled, (year - enrolled_year) * MONTHS_PER_YEAR);
	return day <= as_of ? day : AddMonths(enrolled, (year - enrolled_year - 1) * MONTHS_PER_YEAR);
}

/* measure_window("window" text, as_of date, enrolled date) -> daterange */
Datum
custseg_measure_window(PG_FUNCTION_ARGS)
{
	text	   *window;
	DateADT		as_of;
	WindowKind	kind;
	int			months;
	Datum		end;
	RangeBound	lower = {.inclusive = true, .lower = true};
	RangeBound	upper = {0};

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		PG_RETURN_NULL();
	window = PG_GETARG_TEXT_PP(0);
	as_of = PG_GETARG_DATEADT(1);
	CheckFiniteDate(as_of, "as_of");
	if (!MeasureWindowParse(VARDATA_ANY(window), VARSIZE_ANY_EXHDR(window), &kind, &months))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("there is no window \"%s\"", text_to_cstring(window)),
				 errhint("%s", measure_window_hint)));
	if (kind == WINDOW_ANNIVERSARY)
	{
		if (PG_ARGISNULL(2))
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("the window 'anniversary' needs enrolled, the day on which the customer enrolled"),
					 errhint("Such as measure_window('anniversary', current_date, enrolled => DATE '2021-03-15').")));
		CheckFiniteDate(PG_GETARG_DATEADT(2), "enrolled");
	}
	end = DirectFunctionCall2(date_pli, DateADTGetDatum(as_of), Int32GetDatum(1));
	upper.val = end;
	switch (kind)
	{
		case WINDOW_LIFETIME:
			lower.infinite = true;
			lower.inclusive = false;
			break;
		case WINDOW_ROLLING:
			lower.val = DateADTGetDatum(AddMonths(DatumGetDateADT(end), -months));
			break;
		case WINDOW_ANNIVERSARY:
			lower.val = DateADTGetDatum(LastAnniversary(PG_GETARG_DATEADT(2), as_of));
			break;
		default:
			lower.val = DateADTGetDatum(PeriodStart(as_of, tier_period_months[kind - WINDOW_MONTH]));
			break;
	}
	PG_RETURN_RANGE_P(MAKE_RANGE(range_get_typcache(fcinfo, DATERANGEOID), &lower, &upper, false));
}
