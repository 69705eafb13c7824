/*
 * erase.h
 *		Erasure: from the call to the ledger.
 */
#ifndef PVEXT_ERASE_H
#define PVEXT_ERASE_H

#include "access/htup.h"
#include "base/spi.h"
#include "fmgr.h"
#include "utils/uuid.h"

extern void pvext_run_deferred_triggers(void);
extern void pvext_begin_erasure(PvextScope *scope);
extern Datum pvext_return_erasure(FunctionCallInfo fcinfo, PvextScope *scope, HeapTuple row);
extern List *pvext_erase_keys(Oid relid, List *keys, char *reason, const pg_uuid_t *request);
extern bool pvext_carry_out(Oid relid, const pg_uuid_t *id, char *key);

#endif							/* PVEXT_ERASE_H */
