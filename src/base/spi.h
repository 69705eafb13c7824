/*
 * spi.h
 *		Statements: who runs them, under which settings, with which values.
 */
#ifndef PVEXT_SPI_H
#define PVEXT_SPI_H

#include "base/parameter.h"
#include "executor/spi.h"
#include "nodes/pg_list.h"

/* The search_path under which pvext's statements are parsed, planned and run. */
#define PVEXT_PINNED_PATH "pg_catalog, pg_temp"

/* A statement whose plan is kept: for the life of the backend, or as long as its text is. */
typedef struct PvextStatement
{
	const char *sql;
	SPIPlanPtr	plan;
	bool		read_only;		/* sees what the active snapshot sees */
	Snapshot	snapshot;		/* as of when it sees others' work; NULL: now */
	MemoryContext context;		/* of its text: see pvext_statement(); or NULL */
} PvextStatement;

/* What pvext_enter() changed and pvext_leave() restores. */
typedef struct PvextScope
{
	int			nestlevel;
} PvextScope;

extern int	pvext_pin_settings(void);
extern void pvext_enter(PvextScope *scope);
extern void pvext_leave(PvextScope *scope);

/* Whom to go back to after pvext_switch_user(). */
typedef struct PvextUser
{
	Oid			user;
	int			context;
} PvextUser;

extern void pvext_switch_user(Oid role, PvextUser *back);
extern void pvext_restore_user(const PvextUser *back);

extern Oid	pvext_role(void);

extern PvextStatement pvext_statement(char *sql);
extern uint64 pvext_run(Oid role, const char *sql, PvextArgs *args);
extern uint64 pvext_run_kept(Oid role, PvextStatement *statement,
							 PvextArgs *args, int cursor_options);
extern uint64 pvext_own(const char *sql, PvextArgs *args);
extern uint64 pvext_own_kept(PvextStatement *statement, PvextArgs *args);

extern void pvext_run_each(Oid role, const char *sql, PvextArgs *args, long at_a_time,
						   void (*each) (uint64 n, void *arg), void *arg);
extern void pvext_own_each(const char *sql, PvextArgs *args,
						   void (*each) (uint64 row, void *arg), void *arg);

#endif							/* PVEXT_SPI_H */
