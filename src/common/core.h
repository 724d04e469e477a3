/*
 * core.h
 *		What the core (plain C functions on arrays and structs) may see.
 *
 * Core files know no fmgr, no SPI and no Datum. They take memory from the
 * caller's memory context and poll for a cancel through one small hook.
 */
#ifndef CUSTSEG_CORE_H
#define CUSTSEG_CORE_H

#include "postgres.h"

#include "common/compat.h"

/* Stops with an error when a cancel is pending. Implemented in poll.c. */
extern void custseg_poll(void);

/* For loops over data: polls once in 4096 steps of the counter i. */
#define POLL_EVERY(i) \
	do { if (unlikely(((i) & 4095) == 4095)) custseg_poll(); } while (0)

#endif							/* CUSTSEG_CORE_H */
