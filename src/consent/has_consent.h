/*
 * has_consent.h
 *		Is a subject's consent in force?
 */
#ifndef PVEXT_HAS_CONSENT_H
#define PVEXT_HAS_CONSENT_H

#include "map/purpose.h"

extern bool pvext_has_consent_now(PvextTable *subject, PvextPurpose *purpose,
								  const char *key);

#endif							/* PVEXT_HAS_CONSENT_H */
