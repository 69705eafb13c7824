/*
 * key_collector.h
 *		Keys of subjects, collected from the rows that a statement reads.
 */
#ifndef PVEXT_KEY_COLLECTOR_H
#define PVEXT_KEY_COLLECTOR_H

#include "reads/key_collection.h"

extern void pvext_begin_collecting(PvextCollection *collection, QueryDesc *query, bool led);
extern void pvext_collect_current(PvextCollection *collection);
extern void pvext_look_at_comparisons(PvextCollection *collection);
extern bool pvext_add_compared(PvextCollection *collection);
extern void pvext_end_collecting(PvextCollection *collection);

#endif							/* PVEXT_KEY_COLLECTOR_H */
