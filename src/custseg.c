/*
 * custseg.c
 *		Module magic and settings. Nothing else lives here.
 */
#include "postgres.h"

#include "common/compat.h"

#include "fmgr.h"
#include "utils/guc.h"

#if SIZEOF_DATUM != 8 || !defined(USE_FLOAT8_BYVAL)
#error "custseg needs a 64-bit server"
#endif

CUSTSEG_MODULE_MAGIC;

void		_PG_init(void);

/* Read by SQL only; the server owns the memory. */
static char *caller_search_path = NULL;

void
_PG_init(void)
{
	/*
	 * Set by the library around a call of the portfolio layer, see
	 * portfolio/portfolio_call.c. A user may set it, and changes nothing by it:
	 * every call sets it anew.
	 */
	DefineCustomStringVariable("custseg.caller_search_path",
							   "The schemas that the caller of a portfolio function searches.",
							   "Set by custseg during such a call; empty otherwise.",
							   &caller_search_path, "", PGC_USERSET,
							   GUC_NO_SHOW_ALL | GUC_NO_RESET_ALL | GUC_NOT_IN_SAMPLE | GUC_DISALLOW_IN_FILE,
							   NULL, NULL, NULL);
}
