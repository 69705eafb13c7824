/*
 * trigger.h
 *		The search_path of users' triggers that pvext's statements fire.
 */
#ifndef PVEXT_TRIGGER_H
#define PVEXT_TRIGGER_H

#include "postgres.h"
#include "nodes/pg_list.h"

/* What pvext_begin_statement() changed and pvext_end_statement() restores. */
typedef struct PvextStatementScope
{
	struct PvextStatementScope *outer;
	MemoryContext context;
	List	   *paths;			/* PvextPath: of the roles that triggers have run as */
	struct TriggerCall *call;	/* the trigger function that is running */
} PvextStatementScope;

extern void pvext_begin_statement(PvextStatementScope *scope);
extern void pvext_end_statement(PvextStatementScope *scope);
extern char *pvext_trigger_hint(int sqlerrcode);
extern void pvext_init_trigger(void);

#endif							/* PVEXT_TRIGGER_H */
