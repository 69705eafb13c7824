/*
 * key_set.h
 *		Values by which rows of the audit log are known to be somebody's.
 */
#ifndef PVEXT_KEY_SET_H
#define PVEXT_KEY_SET_H

#include "nodes/pg_list.h"
#include "utils/hsearch.h"

/* What a column's equality calls the same though it is spelled in other ways. */
typedef struct PvextSpelling
{
	bool		blanks;			/* with blanks at its end */
	bool		letters;		/* in another case */
	Oid			collation;		/* nondeterministic; or InvalidOid */
} PvextSpelling;

/* Tuples of texts, of some columns of a table. */
typedef struct PvextKeySet
{
	List	   *columns;		/* names, as the table has them now */
	PvextSpelling *spellings;	/* of each */
	bool		exact;			/* the texts as they are */
	bool		ignore_case;	/* whatever the column says */
	HTAB	   *tuples;
	MemoryContext context;
} PvextKeySet;

extern PvextKeySet *pvext_make_key_set(Oid relid, List *columns);
extern void pvext_ignore_case(PvextKeySet *known);
extern bool pvext_add_to_key_set(PvextKeySet *known, char **texts);
extern void pvext_add_key_set(PvextKeySet *known, PvextKeySet *other);
extern bool pvext_is_in_key_set(PvextKeySet *known, char **texts);
extern char *pvext_comparable_text(Oid type, Datum value);
extern char *pvext_comparable(Oid type, char *text);
extern char *pvext_comparable_column(Oid relid, const char *column, char *text);

#endif							/* PVEXT_KEY_SET_H */
