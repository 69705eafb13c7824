/*
 * returned_key.h
 *		Keys of subjects that pvext itself hands out.
 */
#ifndef PVEXT_RETURNED_KEY_H
#define PVEXT_RETURNED_KEY_H

#include "nodes/pg_list.h"

extern void pvext_hand_out(Oid relid, List *key, int64 rows, List *first);

#endif							/* PVEXT_RETURNED_KEY_H */
