/*
 * finding.h
 *		What a check of the data map has found.
 */
#ifndef PVEXT_FINDING_H
#define PVEXT_FINDING_H

#include "nodes/pg_list.h"

/* Something that no longer fits. */
typedef struct PvextFinding
{
	char	   *relation;		/* qualified and quoted */
	char	   *column;			/* or NULL */
	bool		error;			/* an erasure would fail; else a warning */
	char	   *problem;
	char	   *hint;
	char	   *statement;		/* that settles it, or NULL */
} PvextFinding;

/* A run of checks. */
typedef struct PvextCheck
{
	int32		only;			/* a relation's id, 0 for all */
	List	   *findings;		/* PvextFinding */
} PvextCheck;

/* A declared relation that is there, as r; c is its row of pg_class. */
#define PVEXT_LIVE_RELATION \
	"pv.relation r JOIN pg_class c ON c.oid = r.relation AND c.relkind <> 'f'"
#define PVEXT_ONLY "($1 = 0 OR r.id = $1)"

extern void pvext_add_finding(PvextCheck *check, const char *relation, const char *column,
							  bool error, char *problem, char *hint);
extern void pvext_settle_by(PvextCheck *check, char *statement);
extern List *pvext_check_rows(PvextCheck *check, const char *sql);
extern List *pvext_parse_names(char *text);
extern bool pvext_says_true(const char *value);
extern List *pvext_mapped_relations(PvextCheck *check);

#endif							/* PVEXT_FINDING_H */
