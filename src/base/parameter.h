/*
 * parameter.h
 *		The values of a statement, in the order of $1, $2, ...
 */
#ifndef PVEXT_PARAMETER_H
#define PVEXT_PARAMETER_H

#include "nodes/pg_list.h"

/* The values of a statement, in the order of $1, $2, ...; begins as zeroes. */
typedef struct PvextArgs
{
	int			n;
	int			size;
	Oid		   *types;
	Datum	   *values;
	char	   *nulls;
} PvextArgs;

extern void pvext_arg(PvextArgs *args, Oid type, Datum value, bool isnull);
extern void pvext_arg_text(PvextArgs *args, const char *value);
extern void pvext_arg_name(PvextArgs *args, const char *value);
extern void pvext_arg_oids(PvextArgs *args, List *oids);
extern void pvext_arg_names(PvextArgs *args, List *names, bool isnull);
extern Datum pvext_text_array(List *texts);
extern void pvext_arg_digests(PvextArgs *args, List *digests);
extern void pvext_arg_int4(PvextArgs *args, int32 value);
extern void pvext_arg_oid(PvextArgs *args, Oid type, Oid value);
extern void pvext_arg_bool(PvextArgs *args, bool value);

#endif							/* PVEXT_PARAMETER_H */
