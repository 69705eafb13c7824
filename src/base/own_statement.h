/*
 * own_statement.h
 *		pvext's own statements, as the hooks of the executor know them.
 */
#ifndef PVEXT_OWN_STATEMENT_H
#define PVEXT_OWN_STATEMENT_H

#include "base/parameter.h"
#include "executor/spi.h"
#include "nodes/pg_list.h"

/*
 * A statement that is running: what pvext_begin_statement() changed and
 * pvext_end_statement() restores, and what its triggers know of each other (trigger_path.c).
 */
typedef struct PvextStatementScope
{
	struct PvextStatementScope *outer;
	MemoryContext context;
	List	   *paths;			/* PvextPath: of the roles that triggers have run as */
	struct TriggerCall *call;	/* the trigger function that is running */
} PvextStatementScope;

extern PvextStatementScope *pvext_running;
extern uint64 pvext_statements;

extern void pvext_begin_statement(PvextStatementScope *scope);
extern void pvext_end_statement(PvextStatementScope *scope);
extern int	pvext_execute_own(SPIPlanPtr plan, PvextArgs *args, Snapshot snapshot,
							  bool read_only);
extern Portal pvext_open_own(SPIPlanPtr plan, PvextArgs *args);
extern bool pvext_is_own_statement(const char *text);

#endif							/* PVEXT_OWN_STATEMENT_H */
