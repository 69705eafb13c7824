/*
 * import.h
 *		Consents and objections of an earlier system.
 */
#ifndef PVEXT_IMPORT_H
#define PVEXT_IMPORT_H

#include "consent/recording.h"

/* What has become of an entry. */
typedef enum PvextOutcome
{
	PVEXT_RECORDED,				/* it counts from now on */
	PVEXT_EXPIRED,				/* it would, but that it has expired */
	PVEXT_SUPERSEDED,			/* recorded, but something later counts */
	PVEXT_REPEATED,				/* the same was imported before */
	PVEXT_SUPPRESSED,			/* not recorded: who was erased is not to be written to */
	PVEXT_UNDATED,				/* not recorded: nobody claims when */
	PVEXT_FUTURE,				/* not recorded: it is claimed for a time to come */
	PVEXT_UNKNOWN,				/* not recorded: there is no such subject */
	PVEXT_OUTCOMES
} PvextOutcome;

/* An entry as it is claimed; texts are NULL where nothing is said. */
typedef struct PvextClaim
{
	char	   *key;
	bool		malformed;		/* that is no key of the table */
	bool		suppressed;		/* an address of the subject's is not to be written to */
	char	   *purpose;
	char	   *action;
	TimestampTz claimed_at;		/* DT_NOBEGIN: not said */
	char	   *version;
	char	   *language;
	char	   *channel;
	TimestampTz expires;		/* DT_NOEND: never */
	Jsonb	   *evidence;
} PvextClaim;

extern const char *pvext_outcome_name(PvextOutcome outcome);
extern bool pvext_is_permission(const char *action);
extern PvextOutcome pvext_import_claim(Oid relid, const char *source, const PvextClaim *claim);

#endif							/* PVEXT_IMPORT_H */
