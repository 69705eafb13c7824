/*
 * petition.h
 *		The register of what persons have asked for: its rows.
 */
#ifndef PVEXT_PETITION_H
#define PVEXT_PETITION_H

#include "access/htup.h"
#include "base/spi.h"
#include "datatype/timestamp.h"
#include "fmgr.h"
#include "map/map.h"
#include "utils/jsonb.h"
#include "utils/uuid.h"

/* SQL: a month after a moment (timestamptz), and more (an interval), by the clocks of zone $2. */
#define PVEXT_MONTH_AFTER(moment, more) \
	"(CAST(" moment " AS timestamptz) AT TIME ZONE CAST($2 AS text) + (interval '1 month' + " more ")) AT TIME ZONE CAST($2 AS text)"

/* The states of one that waits for something, in SQL. */
#define PVEXT_OPEN_PETITION "('received', 'identity', 'open', 'review')"

/* Those of one of which it is known who asks. */
#define PVEXT_KNOWN_PETITION "('open', 'review')"

/* A row of the register, as far as the code decides by it. */
typedef struct PvextPetition
{
	pg_uuid_t	id;
	char	   *kind;
	int32		relation_id;
	char	   *key;			/* NULL: not known */
	bytea	   *digest;			/* of the subject's key; NULL: not known */
	char	   *state;
	TimestampTz received_at;
	TimestampTz due_at;			/* as the view has it: the clock may stand still */
	Interval   *extended_by;	/* NULL: not */
	pg_uuid_t	erasure;
	char	   *erasure_state;	/* NULL: none has begun */
	bytea	   *claimed;		/* encrypted; NULL: nothing, as the next */
	bytea	   *evidence;
} PvextPetition;

extern bool pvext_is_open_petition(const PvextPetition *petition);
extern bool pvext_is_known_petition(const PvextPetition *petition);
extern void pvext_read_petition(const pg_uuid_t *id, bool lock, PvextPetition *petition);
extern void pvext_lock_open_petition(const pg_uuid_t *id, PvextPetition *petition);
extern HeapTuple pvext_petition_row(const pg_uuid_t *id);
extern Datum pvext_return_petition(FunctionCallInfo fcinfo, PvextScope *scope,
								   const pg_uuid_t *id);
extern void pvext_record_petition_event(const char *call, const PvextPetition *petition);
extern bytea *pvext_encrypt_for_petition(const pg_uuid_t *id, Jsonb *value);
extern Jsonb *pvext_decrypt_of_petition(const pg_uuid_t *id, const bytea *value);
extern void pvext_destroy_petition_keys(List *ids);
extern void pvext_review_petition(const pg_uuid_t *id);

#endif							/* PVEXT_PETITION_H */
