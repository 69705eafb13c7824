/*
 * former_key.h
 *		Erasing by a key that no row has.
 */
#ifndef PVEXT_FORMER_KEY_H
#define PVEXT_FORMER_KEY_H

#include "execution/execute.h"

extern List *pvext_former_rows(PvextMap *map, PvextPlan *plan, List *keys, List *rows, char *reason,
							   bool stopped);
extern bool pvext_follow_requests(PvextTable *subject, List **keys, List *rows);

#endif							/* PVEXT_FORMER_KEY_H */
