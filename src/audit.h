/*
 * audit.h
 *		Which tables are audited.
 */
#ifndef PVEXT_AUDIT_H
#define PVEXT_AUDIT_H

#include "nodes/pg_list.h"

extern void pvext_complete_audit(void);
extern bool pvext_is_audited(List *tables);

#endif							/* PVEXT_AUDIT_H */
