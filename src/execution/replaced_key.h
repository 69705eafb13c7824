/*
 * replaced_key.h
 *		Keys that an erasure has replaced, until it has looked for them again.
 */
#ifndef PVEXT_REPLACED_KEY_H
#define PVEXT_REPLACED_KEY_H

#include "plan/plan.h"

/* Values of a leading column that were replaced. */
typedef struct PvextKeptKeys
{
	int32		relation_id;
	char	   *column;
	List	   *columns;		/* of the key: C strings */
	List	   *old;			/* for each of them a List of C strings */
	List	   *made;			/* C strings */
} PvextKeptKeys;

extern PvextKeptKeys *pvext_note_keys(PvextTarget *target);
extern bytea *pvext_encrypt_keys(const bytea *digest, List *kept);
extern List *pvext_decrypt_keys(const bytea *digest, const bytea *encrypted);
extern void pvext_destroy_keys(const bytea *digest);
extern void pvext_follow_kept(PvextPlan *plan, List *kept);

#endif							/* PVEXT_REPLACED_KEY_H */
