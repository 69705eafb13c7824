/*
 * spi.h
 *		Statements: who runs them, under which settings, with which values.
 */
#ifndef PVEXT_SPI_H
#define PVEXT_SPI_H

#include "executor/spi.h"
#include "nodes/pg_list.h"

/* The search_path under which pvext's statements are parsed, planned and run. */
#define PVEXT_PINNED_PATH "pg_catalog, pg_temp"

/* The values of a statement, in the order of $1, $2, ...; begins as zeroes. */
typedef struct PvextArgs
{
	int			n;
	int			size;
	Oid		   *types;
	Datum	   *values;
	char	   *nulls;
} PvextArgs;

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

extern void pvext_arg(PvextArgs *args, Oid type, Datum value, bool isnull);
extern void pvext_arg_text(PvextArgs *args, const char *value);
extern void pvext_arg_name(PvextArgs *args, const char *value);
extern void pvext_arg_oids(PvextArgs *args, List *oids);
extern void pvext_arg_names(PvextArgs *args, List *names, bool isnull);
extern Datum pvext_text_array(List *texts);
extern void pvext_arg_digests(PvextArgs *args, List *digests);
extern void pvext_arg_int4(PvextArgs *args, int32 value);
extern void pvext_arg_oid(PvextArgs *args, Oid type, Oid value);
extern void pvext_arg_bool(PvextArgs *args, bool value);

extern PvextStatement pvext_statement(char *sql);
extern uint64 pvext_run(Oid role, const char *sql, PvextArgs *args);
extern uint64 pvext_run_kept(Oid role, PvextStatement *statement,
							 PvextArgs *args, int cursor_options);
extern uint64 pvext_own(const char *sql, PvextArgs *args);
extern uint64 pvext_own_kept(PvextStatement *statement, PvextArgs *args);

extern void pvext_own_each(const char *sql, PvextArgs *args,
						   void (*each) (uint64 row, void *arg), void *arg);

extern HeapTuple pvext_result_row(uint64 row);
extern char *pvext_value(uint64 row, int column);
extern Datum pvext_datum(uint64 row, int column, bool *isnull);
extern bool pvext_bool(uint64 row, int column);
extern int64 pvext_int(uint64 row, int column);
extern List *pvext_names(uint64 row, int column);
extern List *pvext_texts(uint64 row, int column);
extern ErrorData *pvext_catch_all(void (*body) (void *), void *arg);
extern ErrorData *pvext_catch(void (*body) (void *), void *arg);
extern ErrorData *pvext_try(void (*body) (void *), void *arg);

#endif							/* PVEXT_SPI_H */
