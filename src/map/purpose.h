/*
 * purpose.h
 *		Purposes: what personal data is processed for.
 */
#ifndef PVEXT_PURPOSE_H
#define PVEXT_PURPOSE_H

#include "map/model.h"
#include "utils/array.h"

/* Words that consent to a purpose is given to. */
typedef struct PvextWording
{
	char	   *version;
	char	   *language;
	bytea	   *digest;			/* SHA-256 */
	bool		withdrawn;
} PvextWording;

struct PvextPurpose
{
	int32		id;
	char	   *name;
	char	   *basis;			/* a label of pv.legal_basis */
	bool		is_consent;
	List	   *wordings;		/* PvextWording, by version and language */
};

extern void pvext_check_purposes(Datum purposes, const char *hint);
extern void pvext_load_purposes(PvextMap *map);
extern PvextPurpose *pvext_purpose(PvextMap *map, const char *name);
extern void pvext_check_rests_on_consent(PvextPurpose *purpose);
extern PvextPurpose *pvext_consent_purpose(PvextMap *map, const char *name);

#endif							/* PVEXT_PURPOSE_H */
