/*
 * breaks_method.c
 *		The names of the ways to fit breaks.
 */
#include "scoring/breaks.h"

const char *const breaks_method_names[N_BREAKS_METHODS] = {
	"balanced", "quantile", "mean"
};
