/*
 * carried_key.h
 *		Keys of subjects, carried along by a statement that reads their data.
 */
#ifndef PVEXT_CARRIED_KEY_H
#define PVEXT_CARRIED_KEY_H

#include "nodes/parsenodes.h"
#include "nodes/plannodes.h"
#include "nodes/primnodes.h"

/* A key, or a part of one, that a column carries. */
typedef struct PvextCarried
{
	int32		relation_id;	/* of the table that is read, in pv.relation */
	int32		subject_id;		/* of the subject's */
	int			part;			/* those of a key follow each other */
	int			parts;
} PvextCarried;

extern bool pvext_is_plain(Query *query);
extern Query *pvext_carry_keys(Query *query);
extern void pvext_shed_keys(PlannedStmt *statement);
extern bool pvext_is_carried(const TargetEntry *entry, PvextCarried *carried);

#endif							/* PVEXT_CARRIED_KEY_H */
