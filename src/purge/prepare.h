/*
 * prepare.h
 *		The statements that take what is due from the rows of one table.
 */
#ifndef PVEXT_PREPARE_H
#define PVEXT_PREPARE_H

#include "purge/taking.h"

extern PvextTaking *pvext_begin_taking(PvextMap *map, PvextDue *due, Oid relid, bool lock);
extern void pvext_lock_taking(PvextTaking *taking, LOCKMODE mode);
extern bool pvext_reads_log(PvextTaking *taking);

#endif							/* PVEXT_PREPARE_H */
