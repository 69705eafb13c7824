/*
 * wording.h
 *		The words that consents are given to.
 */
#ifndef PVEXT_WORDING_H
#define PVEXT_WORDING_H

#include "consent.h"

extern void pvext_choose_wording(PvextPurpose *purpose, const char *version,
								 const char *language, PvextConsentChange *change);

#endif							/* PVEXT_WORDING_H */
