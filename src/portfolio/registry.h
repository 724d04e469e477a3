/*
 * registry.h
 *		The registry of portfolios.
 */
#ifndef CUSTSEG_REGISTRY_H
#define CUSTSEG_REGISTRY_H

#include "postgres.h"

/* As custseg._newest_layout() of sql/portfolio/lifecycle.sql says. */
#define PORTFOLIO_NEWEST_LAYOUT		1

/*
 * The schema of a portfolio. 42704 when there is no such portfolio, 3F000 when
 * its schema is gone.
 */
extern Oid	PortfolioSchema(const char *name);

/* The same, but InvalidOid when the schema is gone. */
extern Oid	PortfolioSchemaIfThere(const char *name);

/* The role that owns a schema. */
extern Oid	PortfolioSchemaOwner(Oid schema);

/* 42501 unless the current user has the privileges of the portfolio's owner. */
extern void PortfolioCheckOwner(const char *name, Oid owner);

/* 0A000 when the portfolio's tables are of a layout that came after this library. */
extern void PortfolioCheckLayout(const char *name);

#endif							/* CUSTSEG_REGISTRY_H */
