/*
 * erase.h
 *		Erasure, for the duties.
 */
#ifndef PVEXT_ERASE_H
#define PVEXT_ERASE_H

#include "access/htup.h"
#include "plan.h"
#include "utils/uuid.h"

extern void pvext_run_deferred_triggers(void);
extern List *pvext_retention_bases(PvextPlan *plan);
extern bool pvext_carry_out(Oid relid, const pg_uuid_t *id, char *key);

#endif							/* PVEXT_ERASE_H */
