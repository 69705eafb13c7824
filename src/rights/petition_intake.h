/*
 * petition_intake.h
 *		Requests as they come in, and whose they are.
 */
#ifndef PVEXT_PETITION_INTAKE_H
#define PVEXT_PETITION_INTAKE_H

#include "map/map.h"

/* Whom a request is about. */
typedef struct PvextPetitioner
{
	PvextTable *subject;
	char	   *key;			/* in the row's own spelling; NULL: not known, or there is no row */
	bytea	   *digest;			/* NULL: not known */
} PvextPetitioner;

extern void pvext_find_petitioner(Oid relid, const char *key, PvextPetitioner *who);

#endif							/* PVEXT_PETITION_INTAKE_H */
