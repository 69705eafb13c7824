/*
 * key_match.h
 *		How the column of a link is compared with the parent's.
 */
#ifndef PVEXT_KEY_MATCH_H
#define PVEXT_KEY_MATCH_H

/* How a value of the one is called the same as a value of the other. */
typedef struct PvextMatch
{
	const char *equals;			/* the operator; NULL: there is none */
	bool		as_text;		/* both are made text of */
	Oid			cast;			/* the child's is cast to it; InvalidOid: as it is */
	Oid			element;		/* type in which the parent's are passed on */
	const char *collate;		/* SQL: after the child's; or "" */
	Oid			collation;		/* that, or InvalidOid */
} PvextMatch;

extern void pvext_match(Oid relid, const char *column, Oid parent, const char *parent_column,
						PvextMatch *match);
extern char *pvext_match_column(const PvextMatch *match, const char *row, const char *column);

#endif							/* PVEXT_KEY_MATCH_H */
