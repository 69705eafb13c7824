/*
 * ledger.h
 *		The erasure ledger: requests, and what became of them.
 */
#ifndef PVEXT_LEDGER_H
#define PVEXT_LEDGER_H

#include "access/htup.h"
#include "datatype/timestamp.h"
#include "map/map.h"
#include "utils/uuid.h"

/* A row of the ledger, as far as the code decides by it. */
typedef struct PvextRequest
{
	bool		exists;
	pg_uuid_t	id;
	int32		relation_id;
	char	   *key;
	char	   *state;
	bytea	   *former_digest;
	bytea	   *subject_digest;
	TimestampTz requested_at;
	TimestampTz due_at;
	char	   *requested_by;
	char	   *requested_role;
	char	   *approved_by;
	bool		executed;
	bool		was_clear;
	TimestampTz clear_since;
	int64		verify_after;	/* a set of older transactions; 0: none */
	bytea	   *former_keys;	/* see replaced_key.h; NULL: none */
	bool		has_traits;		/* they are known; see trait.c */
	List	   *traits;			/* bytea */
	/* what this call adds */
	char	   *reason;
	bool		carried_out;	/* by this call, and something may have gone */
	int64		anonymised;
	int64		deleted;
	TimestampTz until;			/* DT_NOBEGIN: none */
	List	   *blocked_by;		/* C strings */
} PvextRequest;

extern bool pvext_any_request(PvextTable *subject, List *digests);
extern void pvext_find_request(PvextTable *subject, const bytea *digest,
							   PvextRequest *request);
extern void pvext_read_request(const pg_uuid_t *id, bool lock, PvextRequest *request);
extern bool pvext_is_open(const PvextRequest *request);
extern void pvext_new_request(PvextRequest *request, bytea *digest);
extern HeapTuple pvext_save_request(PvextTable *subject, PvextRequest *request);
extern HeapTuple pvext_request_row(const pg_uuid_t *id);
extern HeapTuple pvext_former_row(PvextTable *subject, const bytea *digest);
extern char *pvext_key_of_request(PvextTable *subject, const bytea *former_digest);
extern void pvext_conclude_deleted(PvextTable *subject, const bytea *digest);
extern void pvext_rekey_request(PvextTable *subject, const bytea *digest, const char *key,
								const bytea *new_digest);
extern int64 pvext_erased_lately(void);

#endif							/* PVEXT_LEDGER_H */
