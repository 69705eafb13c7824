/*
 * deferred.h
 *		Requests that could not be carried out at once, for somebody has a lock.
 */
#ifndef PVEXT_DEFERRED_H
#define PVEXT_DEFERRED_H

#include "nodes/pg_list.h"
#include "utils/uuid.h"

extern void pvext_warn_of_deferral(void);
extern List *pvext_defer_requests(Oid relid, List *keys, char *reason);
extern char *pvext_spell_request(Oid relid, const pg_uuid_t *id, char *key);

#endif							/* PVEXT_DEFERRED_H */
