/*
 * obstacle.h
 *		What keeps old values from being scrubbed.
 */
#ifndef PVEXT_OBSTACLE_H
#define PVEXT_OBSTACLE_H

#include "access/xlogdefs.h"
#include "scrub/dead_tuple.h"

extern void pvext_check_obstacles(TransactionId before, bool wal);
extern void pvext_await_others(TransactionId before, bool catalogs);
extern void pvext_check_wal_kept(XLogRecPtr before);
extern void pvext_raise_remnants(PvextRemnants *remnants);

#endif							/* PVEXT_OBSTACLE_H */
