/*
 * consent_target.h
 *		What has_consent() has to know of a subject table and a purpose.
 */
#ifndef PVEXT_CONSENT_TARGET_H
#define PVEXT_CONSENT_TARGET_H

#include "consent/bitmap.h"
#include "map/model.h"

/* How a key's text is found. */
typedef enum PvextConsentKey
{
	PVEXT_KEY_INTEGER,				/* it has bits */
	PVEXT_KEY_PLAIN,					/* equal keys have the same text */
	PVEXT_KEY_OTHER					/* the row is asked */
} PvextConsentKey;

/* A subject table and a purpose. */
typedef struct PvextConsentTarget
{
	Oid			relid;
	char	   *purpose;
	int			purpose_len;
	PvextTable *subject;		/* as far as finding a row needs; NULL: not read */
	int32		purpose_id;
	PvextConsentKey kind;
	Oid			key_type;		/* of a key of one column: its base type */
	MemoryContext context;		/* what has been read */
	int			busy;			/* calls that look for a row of the table */
	bool		stale;			/* to be read again */
	uint64		generation;		/* of the snapshot it was read by; 0: the latest */
	struct PvextConsentTarget *next;
} PvextConsentTarget;

extern PvextConsentTarget *pvext_find_consent_target(Oid relid, text *purpose);

/*
 * Does the target say what is so under the active snapshot?  One whose table a row is
 * being looked for in stays: what is read meanwhile may be heard to change, and the call
 * is in the middle of it.
 */
static inline bool
pvext_target_is_current(PvextConsentTarget *target)
{
	if (target->busy > 0)
		return true;
	return target->subject && !target->stale &&
		(target->generation == 0 || target->generation == pvext_snapshot_generation());
}

#endif							/* PVEXT_CONSENT_TARGET_H */
