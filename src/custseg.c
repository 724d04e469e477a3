/*
 * custseg.c
 *		Module magic. Nothing else lives here.
 */
#include "postgres.h"

#include "common/compat.h"

#include "fmgr.h"

#if SIZEOF_DATUM != 8 || !defined(USE_FLOAT8_BYVAL)
#error "custseg needs a 64-bit server"
#endif

CUSTSEG_MODULE_MAGIC;
