/*
 * consent_text.h
 *		The words that consents are given to.
 */
#ifndef PVEXT_CONSENT_TEXT_H
#define PVEXT_CONSENT_TEXT_H

#include "consent/recording.h"

extern void pvext_choose_wording(PvextPurpose *purpose, const char *version,
								 const char *language, PvextConsentChange *change);

#endif							/* PVEXT_CONSENT_TEXT_H */
