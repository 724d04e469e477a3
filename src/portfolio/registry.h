/*
 * registry.h
 *		The registry of portfolios.
 */
#ifndef CUSTSEG_REGISTRY_H
#define CUSTSEG_REGISTRY_H

#include "postgres.h"

/*
 * The schema of a portfolio. 42704 when there is no such portfolio, 3F000 when
 * its schema is gone.
 */
extern Oid	PortfolioSchema(const char *name);

/* The role that owns a schema. */
extern Oid	PortfolioSchemaOwner(Oid schema);

/* 42501 unless the current user has the privileges of the portfolio's owner. */
extern void PortfolioCheckOwner(const char *name, Oid owner);

#endif							/* CUSTSEG_REGISTRY_H */
