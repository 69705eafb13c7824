/*
 * index_fit.h
 *		What unique and exclusion indexes allow to become of a column's values.
 */
#ifndef PVEXT_INDEX_FIT_H
#define PVEXT_INDEX_FIT_H

#include "nodes/bitmapset.h"
#include "strategy/column_fit.h"
#include "utils/relcache.h"

extern Bitmapset *pvext_columns_of(Node *expr);
extern void pvext_fit_index(PvextFit *fit, Relation index, Bitmapset *affected);

#endif							/* PVEXT_INDEX_FIT_H */
