/*
 * known.h
 *		Values by which rows of the audit log are known to be somebody's.
 */
#ifndef PVEXT_KNOWN_H
#define PVEXT_KNOWN_H

#include "nodes/pg_list.h"
#include "utils/hsearch.h"

/* Tuples of texts, of some columns of a table. */
typedef struct PvextKnown
{
	List	   *columns;		/* names, as the table has them now */
	bool		fold;			/* whatever the case of letters */
	HTAB	   *tuples;
	MemoryContext context;
} PvextKnown;

extern PvextKnown *pvext_make_known(List *columns);
extern bool pvext_learn(PvextKnown *known, char **texts);
extern void pvext_learn_all(PvextKnown *known, PvextKnown *other);
extern bool pvext_knows(PvextKnown *known, char **texts);
extern bool pvext_folds(Oid relid, List *columns);
extern char *pvext_comparable_text(Oid type, Datum value);
extern char *pvext_comparable(Oid type, char *text);
extern char *pvext_comparable_column(Oid relid, const char *column, char *text);

#endif							/* PVEXT_KNOWN_H */
