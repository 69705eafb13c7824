/*
 * row_subject.h
 *		Whom rows are about.
 */
#ifndef PVEXT_ROW_SUBJECT_H
#define PVEXT_ROW_SUBJECT_H

#include "executor/spi.h"
#include "plan/plan.h"

/* A subject that a row is about. */
typedef struct PvextRowSubject
{
	int			row;			/* from 0 */
	PvextTable *subject;
	char	   *key;			/* in the row's own spelling */
	bool		gone;			/* has no row: the key is what a link holds */
	char	   *blocked;		/* of whom something else is blocked; as PvextPlan.blocked */
	bool		taken;			/* what was due of it has been */
} PvextRowSubject;

/* Say of rows by whom they are about, as far as has been found, that no more of them has to be: by true. */
typedef void (*PvextSettle) (List *row_subjects, bool *settled, void *arg);

extern void pvext_append_row_subjects(StringInfo columns, PvextRows *start);
extern List *pvext_find_row_subjects(PvextRows *start, SPITupleTable *rows, uint64 n, int column);
extern void pvext_settle_rows(PvextRows *start, SPITupleTable *rows, uint64 n, int column, PvextSettle settle,
							  void *arg, bool *settled);

#endif							/* PVEXT_ROW_SUBJECT_H */
