/*
 * segment_rules.h
 *		From the tables to rules and models, for src/tiering only.
 */
#ifndef CUSTSEG_SEGMENT_RULES_H
#define CUSTSEG_SEGMENT_RULES_H

#include "tiering/segment_model_data.h"

/*
 * Reads the rules of a segmentation under the active snapshot, with the rights
 * of the caller. Everything is palloc'd in the caller's context.
 */
extern SegmentRules *SegmentRulesLoad(const char *name);

#endif							/* CUSTSEG_SEGMENT_RULES_H */
