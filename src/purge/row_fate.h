/*
 * row_fate.h
 *		What becomes of rows that are due: what holds the subjects whom they are about.
 */
#ifndef PVEXT_ROW_FATE_H
#define PVEXT_ROW_FATE_H

#include "purge/due.h"

/* What becomes of a row. */
typedef struct PvextFate
{
	bool		clean;			/* there is nothing to take, as is known by now */
	bool		spared;
	bool		late;			/* is not due any more, or elsewhere, once it is locked */
	bool		taken;			/* from a subject that it is about */
	List	   *reasons;		/* C strings: by what; NIL where somebody has locked a subject */
	char	   *blocked;		/* of a subject: as PvextRowSubject.blocked */
} PvextFate;

extern bool pvext_keeps_due(PvextPlan *plan, PvextDue *due, PvextBlocker *blocker);
extern List *pvext_reasons_by_answers(PvextMap *map, PvextTable *subject, PvextDue *due, const char *answers);
extern void pvext_judge_subjects(PvextMap *map, PvextDue *due, List *row_subjects, bool lock,
								 PvextFate *fates);

#endif							/* PVEXT_ROW_FATE_H */
