/*
 * stored_expression.h
 *		The expressions that declarations carry, as they are kept.
 */
#ifndef PVEXT_STORED_EXPRESSION_H
#define PVEXT_STORED_EXPRESSION_H

#include "base/expression.h"
#include "nodes/pg_list.h"

typedef enum PvextStoredKind
{
	PVEXT_SUBJECT_CONDITION,
	PVEXT_LINK_CONDITION,
	PVEXT_BLOCKER_CONDITION,
	PVEXT_PERSONAL_VALUE,
	PVEXT_RETENTION_AFTER,
	PVEXT_RETENTION_OTHERWISE,
	PVEXT_RETENTION_CONDITION,
	PVEXT_LINK_EXPRESSION
} PvextStoredKind;

typedef struct PvextStored
{
	PvextStoredKind kind;
	int32		relation_id;	/* with name, the row of its table in pv */
	char	   *name;			/* of the link, rule ...; empty for a subject */
	char	   *relation;		/* of the declaration, qualified and quoted */
	Oid			relid;			/* the table whose rows the expression is over */
	bool		aggregate;		/* over many of them */
	char	   *bound;
	char	   *owner;			/* on whose behalf it runs */
} PvextStored;

extern List *pvext_stored_expressions(int32 relation_id);
extern char *pvext_describe_stored(PvextStored *stored);
extern char *pvext_rebind_stored(PvextStored *stored, PvextRenaming *renaming,
								 bool prefix);
extern void pvext_update_stored(PvextStored *stored, const char *bound,
								const char *text);

#endif							/* PVEXT_STORED_EXPRESSION_H */
