/*
 * erase.h
 *		Erasure: from the call to the ledger.
 */
#ifndef PVEXT_ERASE_H
#define PVEXT_ERASE_H

#include "ledger.h"
#include "nodes/pg_list.h"

extern List *pvext_erase(Oid relid, List *keys, char *reason);

#endif							/* PVEXT_ERASE_H */
