/*
 * refused_row.h
 *		Rows that a purge cannot take.
 */
#ifndef PVEXT_REFUSED_ROW_H
#define PVEXT_REFUSED_ROW_H

#include "duty/duty_run.h"
#include "purge/apply.h"
#include "storage/itemptr.h"

/* One of them. */
typedef struct PvextRefused
{
	char	   *name;			/* "row" and by what it is known */
	Oid			leaf;			/* the relation that holds it */
	ItemPointerData place;
	ErrorData  *error;
} PvextRefused;

extern bool pvext_is_of_row(const ErrorData *error);
extern PvextRefused *pvext_refuse_row(PvextTaking *taking, Oid leaf, ItemPointer place,
									  ErrorData *error, MemoryContext context);
extern void pvext_record_refused(PvextDutyRun *run, int32 relation_id, const char *rule, List *refused);
extern void pvext_leave_refused(PvextDutyRun *run, int32 relation_id, const char *rule, Oid leaf,
								PvextPlaces *places);
extern void pvext_forget_refused(PvextDutyRun *run, int32 relation_id, const char *rule,
								 TimestampTz begun);

#endif							/* PVEXT_REFUSED_ROW_H */
