/*
 * consent_text.h
 *		The words that consents are given to.
 */
#ifndef PVEXT_CONSENT_TEXT_H
#define PVEXT_CONSENT_TEXT_H

#include "map/purpose.h"

/* What a consent is given to. */
typedef struct PvextOfferedText
{
	const char *language;		/* NULL: not known */
	bytea	   *digest;
} PvextOfferedText;

extern void pvext_choose_wording(PvextPurpose *purpose, const char *version,
								 const char *language, PvextOfferedText *offer);

extern void pvext_wording_of_then(PvextPurpose *purpose, const char *version,
								  const char *language, PvextOfferedText *offer);

#endif							/* PVEXT_CONSENT_TEXT_H */
