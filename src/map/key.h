/*
 * key.h
 *		Keys of subjects: from what a caller passes to the row's own value.
 */
#ifndef PVEXT_KEY_H
#define PVEXT_KEY_H

#include "fmgr.h"
#include "map/map.h"

extern char *pvext_key_arg(FunctionCallInfo fcinfo, int arg);
extern bool pvext_has_integer_key(PvextTable *subject);
extern List *pvext_try_split_key(PvextTable *subject, const char *key);
extern List *pvext_split_key(PvextTable *subject, const char *key);
extern char *pvext_cast_key(Oid type, const char *text);
extern char *pvext_key_sql(PvextTable *subject);
extern char *pvext_key_match_sql(PvextTable *subject, const char *format, int first);
extern char *pvext_key_rows_sql(PvextTable *subject);
extern void pvext_arg_key_columns(PvextArgs *args, PvextTable *subject, List *keys);
extern void pvext_malformed_key(PvextTable *subject);
extern void pvext_unknown_key(PvextTable *subject);
extern uint64 pvext_run_keys(PvextTable *subject, PvextStatement *statement,
							 PvextArgs *args, int cursor_options);
/* What a subject's row is looked for: nothing stronger than is needed. */
typedef enum PvextFind
{
	PVEXT_TO_LOOK,				/* as the active snapshot sees it, without a lock */
	PVEXT_TO_RECORD,			/* keeps erasures and other records out */
	PVEXT_TO_HOLD,				/* what an erasure takes: keeps referring rows out, too */
	PVEXT_WAYS_TO_FIND
} PvextFind;

extern char *pvext_find_subject(PvextTable *subject, const char *key, PvextFind how);
extern char *pvext_lock_subject(PvextTable *subject, const char *key, PvextFind how);

#endif							/* PVEXT_KEY_H */
