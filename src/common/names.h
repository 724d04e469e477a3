/*
 * names.h
 *		Short lists of names: keys, methods, measures.
 */
#ifndef CUSTSEG_NAMES_H
#define CUSTSEG_NAMES_H

#include "postgres.h"

/* The index of a name (not NUL-terminated) among n names, or -1. */
static inline int
FindName(const char *const *names, int n, const char *name, int length)
{
	for (int i = 0; i < n; i++)
		if (strlen(names[i]) == length && memcmp(names[i], name, length) == 0)
			return i;
	return -1;
}

#endif							/* CUSTSEG_NAMES_H */
