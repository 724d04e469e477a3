/*
 * portfolio_run.c
 *		What the procedure run_refresh cannot find out in PL/pgSQL.
 *
 * It commits on its way. Where it may not, its first COMMIT would fail with a
 * message that says nothing to its user; so it asks first. A procedure is told
 * whether it may by a node that PL/pgSQL keeps to itself, but SPI, which both
 * use, knows it too. No memory is used.
 */
#include "postgres.h"

#include "common/compat.h"

#include "executor/spi.h"
#include "fmgr.h"

PG_FUNCTION_INFO_V1(custseg_can_commit);

/* Whether the PL/pgSQL code that calls it could COMMIT here. */
Datum
custseg_can_commit(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(SPI_inside_nonatomic_context());
}
