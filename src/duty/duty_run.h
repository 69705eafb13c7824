/*
 * duty_run.h
 *		A run of a duty, its steps, and the record of it.
 */
#ifndef PVEXT_DUTY_RUN_H
#define PVEXT_DUTY_RUN_H

#include "datatype/timestamp.h"
#include "nodes/pg_list.h"
#include "storage/lock.h"
#include "utils/elog.h"

/* A duty being done. */
typedef struct PvextDutyRun
{
	const char *duty;
	bool		worker;			/* by the background worker */
	bool		patient;		/* what has failed lately is left for later */
	bool		lazy;			/* what a crash takes back is done again */
	bool		own_code;		/* its steps run nobody else's: there is no time limit */
	bool		stop;			/* pvext, or the database, is about to go */
	TimestampTz until;			/* of the worker: the others are to have their turn then */
	bool		unfinished;		/* that was so before it was done */
	bool		waits;			/* and it is of no use to go on at once */
	char	   *resume;			/* where the last run was then, or NULL */
	char	   *stopped_at;		/* where this one is */
	int64		id;				/* in pv.run_log */
	int64		done;			/* rows, requests, ... */
	int			failures;
	char	   *error;			/* the first one */
	MemoryContext context;		/* as long as the run */
	MemoryContext step_context; /* as long as a transaction */
	Oid			relid;			/* of the purge: this table alone, or InvalidOid */
	char	   *rule;			/* and this rule alone, or NULL */
	int32		at_relation;	/* what is in hand, as in pv.duty_failure: a table, or 0 */
	const char *at_name;		/* and which of it; NULL for nothing */
	LOCKTAG		lock;			/* nobody else does the duty */
	char		version[NAMEDATALEN];	/* of the extension */
} PvextDutyRun;

/* The number of the duty that is not done by pvext_run_all_duties(). */
#define PVEXT_SCRUB_DUTY 4

/* The part of the extension that is locked by whoever does duty 0; the others' follow. */
#define PVEXT_DUTY_LOCK 1

extern void pvext_commit_lazily(void);
extern ErrorData *pvext_step(PvextDutyRun *run, void (*body) (void *), void *arg);
extern void pvext_rest(PvextDutyRun *run, int milliseconds);
extern void pvext_wait_for_standbys(PvextDutyRun *run);
extern bool pvext_is_over(PvextDutyRun *run);
extern bool pvext_begin_run(PvextDutyRun *run, int duty, const char *name);
extern bool pvext_log_begin(PvextDutyRun *run);
extern void pvext_log_end(PvextDutyRun *run);
extern void pvext_end_run(PvextDutyRun *run);

#endif							/* PVEXT_DUTY_RUN_H */
