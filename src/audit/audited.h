/*
 * audited.h
 *		Which tables are audited.
 */
#ifndef PVEXT_AUDITED_H
#define PVEXT_AUDITED_H

#include "base/finding.h"
#include "nodes/pg_list.h"

/* The triggers of an audited table, for rows and for TRUNCATE. */
#define PVEXT_ROW_TRIGGER		"0_pvext_audit"
#define PVEXT_TRUNCATE_TRIGGER	"0_pvext_audit_truncate"

extern bool pvext_is_changing_audit(void);
extern void pvext_complete_audit(void);
extern bool pvext_has_row_trigger(Oid relid);
extern void pvext_drop_row_trigger(Oid relid);
extern void pvext_check_audit(PvextCheck *check);
extern bool pvext_is_audited(List *tables);

#endif							/* PVEXT_AUDITED_H */
