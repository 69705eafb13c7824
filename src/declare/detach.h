/*
 * detach.h
 *		A partition or child that leaves a declared table takes its declarations along.
 */
#ifndef PVEXT_DETACH_H
#define PVEXT_DETACH_H

#include "nodes/parsenodes.h"

extern bool pvext_is_half_detached(Node *parsetree);
extern List *pvext_follow_parts(Node *parsetree);
extern void pvext_forget_parts(void);
extern void pvext_prepare_parts(AlterTableStmt *stmt);

#endif							/* PVEXT_DETACH_H */
