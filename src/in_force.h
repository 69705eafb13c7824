/*
 * in_force.h
 *		Is a subject's consent in force?
 */
#ifndef PVEXT_IN_FORCE_H
#define PVEXT_IN_FORCE_H

#include "purpose.h"

extern bool pvext_has_consent_now(PvextTable *subject, PvextPurpose *purpose,
								  const char *key);

#endif							/* PVEXT_IN_FORCE_H */
