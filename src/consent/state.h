/*
 * state.h
 *		Rows of pv.consent_state and pv.consent_event.
 */
#ifndef PVEXT_STATE_H
#define PVEXT_STATE_H

#include "access/genam.h"
#include "datatype/timestamp.h"
#include "utils/snapshot.h"

/* One entry of the ledger, and the state that it leads to. */
typedef struct PvextEntry
{
	int32		relation_id;
	int32		purpose_id;
	const char *key;			/* in the row's own spelling */
	bytea	   *subject_digest;
	const char *action;
	TimestampTz at;
	const char *version;		/* or NULL, as all of the following */
	const char *language;
	bytea	   *text_digest;
	const char *channel;
	TimestampTz expires;		/* DT_NOEND for never */
	bytea	   *evidence;		/* encrypted */
	const char *source;			/* where it was imported from; NULL: it was witnessed */
	TimestampTz claimed_at;		/* when that is said to have been done */
} PvextEntry;

extern Relation pvext_open_states(LOCKMODE mode);
extern SysScanDesc pvext_scan_states(Relation states, int32 relation_id,
									 int32 purpose_id, const Datum *key,
									 Snapshot snapshot);
extern Datum pvext_state_key(Relation states, HeapTuple state, bool *isnull);
extern bool pvext_is_in_force(Relation states, HeapTuple state);
extern bool pvext_is_on_record(const PvextEntry *entry);
extern bool pvext_write_entry(const PvextEntry *entry, int *before);

#endif							/* PVEXT_STATE_H */
