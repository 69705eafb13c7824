/*
 * due.h
 *		What retention rules make due, by the rules alone.
 */
#ifndef PVEXT_DUE_H
#define PVEXT_DUE_H

#include "plan/row_set.h"

/*
 * Values, or rows, of one table that are due under the same conditions: the
 * rules that have a say are the same, and so are the persons that it is about.
 */
typedef struct PvextDue
{
	PvextRows	rows;
	PvextRule  *rule;			/* of those that are active, the one that keeps longest */
	List	   *rules;			/* PvextRule: all must have ended */
	List	   *columns;		/* PvextColumn; NIL: the rows go */
	bool		clocks;			/* the columns are read by clocks, and go last */
	bool		by_subject;		/* each subject's are taken apart from others' */
	bool		redacts;		/* it identifies subjects whose texts are to lose it */
	char	   *takes;			/* SQL over r: it goes in the name of that rule; NULL: always */
	char	   *until;			/* SQL over r: when the last rule ends */
	char	   *also;			/* SQL over r: and this must hold; or NULL */
	char	   *dirty;			/* SQL over r: there is something to take; or NULL */
	List	   *texts;			/* PvextColumn: of strategy redact, dirty until known by digest */
	List	   *cutoffs;		/* PvextCutoff or NULL, as rules */
} PvextDue;

extern List *pvext_dues(PvextMap *map, PvextTable *table, PvextRule *as_if);
extern void pvext_complete_due(PvextMap *map, PvextDue *due);
extern void pvext_append_due(PvextSql *sql, PvextDue *due, bool by_index);
extern void pvext_append_any_due(PvextSql *sql, List *dues);
extern void pvext_set_cutoffs(PvextDue *due);
extern char *pvext_text_is_gone(PvextColumn *column);
extern char *pvext_missing_index(PvextDue *due);

#endif							/* PVEXT_DUE_H */
