/*
 * value_reader.h
 *		Looking for somebody's values in those of a column, by its type.
 */
#ifndef PVEXT_VALUE_READER_H
#define PVEXT_VALUE_READER_H

#include "nodes/pg_list.h"

/* What is looked for. */
typedef struct PvextSought
{
	List	   *matchers;		/* PvextMatcher */
	bool		codes;			/* numbers are among it */
	List	   *uuids;			/* pg_uuid_t */
	List	   *addresses;		/* of networks and devices: C strings */
} PvextSought;

/* How much of a value it is; the more the greater. */
typedef enum PvextShare
{
	PVEXT_NOT_FOUND,
	PVEXT_WITHIN,
	PVEXT_WHOLE
} PvextShare;

typedef struct PvextReader PvextReader;

extern void pvext_prepare_sought(PvextSought *sought, List *values);
extern PvextReader *pvext_make_reader(const PvextSought *sought, Oid type);
extern bool pvext_is_unread_type(Oid type);
extern PvextShare pvext_find_in_value(const PvextSought *sought, PvextReader *reader, Datum value);

#endif							/* PVEXT_VALUE_READER_H */
