/*
 * key_match.h
 *		How what a row holds of its parent's key is compared with the parent's.
 */
#ifndef PVEXT_KEY_MATCH_H
#define PVEXT_KEY_MATCH_H

/* How a value of the one is called the same as a value of the other. */
typedef struct PvextMatch
{
	const char *equals;			/* the operator; NULL: there is none */
	bool		array;			/* the child's is an array: one of its elements is the same */
	bool		as_text;		/* both are made text of */
	bool		folded;			/* and of lower case */
	Oid			type;			/* the child's own, or its elements', but for domains */
	Oid			cast;			/* the child's, or its elements, are cast to it; InvalidOid: as it is */
	Oid			element;		/* type in which the parent's are passed on */
	const char *collate;		/* SQL: after the child's; or "" */
	const char *key_collate;	/* SQL: after the parent's, where that is a column, too; or "" */
	Oid			collation;		/* that, or InvalidOid */
} PvextMatch;

extern void pvext_match(Oid relid, const char *column, Oid parent, const char *parent_column,
						PvextMatch *match);
extern void pvext_match_value(Oid type, Oid collation, Oid parent, const char *parent_column,
							  bool ignore_case, PvextMatch *match);
extern char *pvext_match_held(const PvextMatch *match, const char *held);
extern char *pvext_match_column(const PvextMatch *match, const char *row, const char *column);
extern char *pvext_match_key(const PvextMatch *match, const char *key);
extern char *pvext_match_text(const PvextMatch *match, const char *text);
extern char *pvext_match_one(const PvextMatch *match, const char *held, const char *key);
extern char *pvext_match_any(const PvextMatch *match, const char *held, const char *keys);

#endif							/* PVEXT_KEY_MATCH_H */
