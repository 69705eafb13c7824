/*
 * missing_subject.h
 *		Persons whose own row is gone, while links still hold their key.
 */
#ifndef PVEXT_MISSING_SUBJECT_H
#define PVEXT_MISSING_SUBJECT_H

#include "execution/slot.h"

extern PvextRow *pvext_find_gone(PvextMap *map, PvextPlan *plan, const char *key);
extern List *pvext_add_gone(PvextMap *map, PvextPlan *plan, List *keys, List *rows);
extern PvextRow *pvext_find_gone_by_digest(PvextMap *map, PvextPlan *plan, const bytea *digest);
extern char *pvext_lock_gone(PvextTable *subject, const char *key);
extern void pvext_check_still_gone(PvextTable *subject, const char *key);

#endif							/* PVEXT_MISSING_SUBJECT_H */
