/*
 * key_column.h
 *		Columns that others follow, and those that follow.
 */
#ifndef PVEXT_KEY_COLUMN_H
#define PVEXT_KEY_COLUMN_H

#include "nodes/pg_list.h"

extern bool pvext_column_leads(Oid relid, int32 id, const char *column);
extern bool pvext_column_follows(int32 id, const char *column,
								 const char **strategy, char **argument);
extern void pvext_update_followers(int32 id, const char *column,
								   const char *strategy, const char *argument);
extern void pvext_refuse_followed(Oid relid, int32 id, const char *column);

#endif							/* PVEXT_KEY_COLUMN_H */
