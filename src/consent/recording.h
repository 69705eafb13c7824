/*
 * recording.h
 *		Consents and objections: the ledger, and the state that it leads to.
 */
#ifndef PVEXT_RECORDING_H
#define PVEXT_RECORDING_H

#include "datatype/timestamp.h"
#include "fmgr.h"
#include "map/purpose.h"
#include "utils/jsonb.h"

/* What a call is about; the subject is locked. */
typedef struct PvextConsentCall
{
	PvextTable *subject;
	char	   *key;			/* in the row's own spelling */
	PvextPurpose *purpose;
} PvextConsentCall;

/* One entry of the ledger to be made. */
typedef struct PvextConsentChange
{
	const char *action;			/* requested, given, withdrawn, expired, objected, allowed */
	const char *version;		/* or NULL, as all of the following */
	const char *language;
	bytea	   *text_digest;
	const char *channel;
	Jsonb	   *evidence;
	TimestampTz expires;		/* of requested and given: DT_NOEND for never */
	const char *source;			/* as in PvextEntry, NULL but for imports */
	TimestampTz claimed_at;
	bool		by_list;		/* a list says so: nobody has asked for it now */
} PvextConsentChange;

extern void pvext_hear_refusals(void (*hear) (const PvextConsentCall *call, const PvextConsentChange *change,
											  const bytea *digest));
extern bool pvext_find_consent_call(PvextConsentCall *call, Oid relid,
									const char *key, const char *purpose);
extern void pvext_begin_consent_call(PvextConsentCall *call, FunctionCallInfo fcinfo);
extern TimestampTz pvext_consent_expiry(FunctionCallInfo fcinfo, int arg, const char *what);
extern void pvext_read_offer(PvextConsentCall *call, FunctionCallInfo fcinfo,
							 PvextConsentChange *change);
extern void pvext_check_can_object(PvextPurpose *purpose);
extern bool pvext_record_consent(PvextConsentCall *call, PvextConsentChange *change);
extern void pvext_stop_new_consents(void);
extern bool pvext_is_consented_to(int32 purpose_id);
extern bool pvext_is_objected_to(int32 purpose_id);
extern char *pvext_consents_naming(int32 purpose_id);
extern void pvext_forget_requests(PvextConsentCall *call);

#endif							/* PVEXT_RECORDING_H */
