/*
 * trace.h
 *		Which records of the audit log are about a subject.
 */
#ifndef PVEXT_TRACE_H
#define PVEXT_TRACE_H

#include "known.h"
#include "log.h"
#include "past.h"
#include "plan.h"
#include "sides.h"

/* One way in which rows belong: they hold what is known of a parent's rows. */
typedef struct PvextWay
{
	List	   *columns;
	PvextKnown *parents;
	PvextPast  *condition;		/* NULL: none */
} PvextWay;

/* Rows of a table that belong to the subjects, now or once. */
typedef struct PvextTracedSet
{
	PvextTable *table;
	PvextSet   *set;			/* of the plan; NULL: they hold a key of such a set's */
	PvextLink  *link;			/* by which they do */
	PvextKnown *keys;			/* the subjects', where their own rows are among them */
	List	   *ways;			/* PvextWay */
	List	   *known;			/* PvextKnown: what others are found by */
	PvextKnown *rows;			/* their primary keys; NULL: the table has none */
	bool		belongs[2];		/* do they, in the record looked at: PVEXT_OLD, PVEXT_NEW */
} PvextTracedSet;

typedef struct PvextTracing
{
	MemoryContext context;
	PvextTable *subject;
	PvextKnown *keys;			/* the subjects' */
	PvextTable *reader;			/* in whose spelling reads name the subjects */
	PvextKnown *read_keys;		/* the subjects' keys, as reads have them */
	List	   *former;			/* bytea: digests of keys that they had before */
	bool		erases;			/* else it may find more than is the subjects' */
	List	   *sets;			/* PvextTracedSet */
	bool		any_key;		/* a record of a subject's own row has been seen */
	bool		left;			/* one in which it gets a key that is not known */

	/* the record looked at */
	PvextSides	sides;
	PvextMetShape *change;		/* NULL: it is none */

	/* the pass over the log */
	bool		grew;
	bool		rows_grew;
	bool		missed;			/* a record that says by no link whose it is */
	PvextChunkList *found;
	PvextUnread unread;			/* what it could not read */
	const char *why;			/* of the record looked at: it cannot be read; or NULL */
} PvextTracing;

extern PvextTracing *pvext_begin_tracing(PvextPlan *plan, bool erases);
extern PvextTracedSet *pvext_traced_set(PvextTracing *tracing, PvextSet *set);
extern PvextTracedSet *pvext_trace_link(PvextTracing *tracing, PvextTracedSet *parent,
										PvextLink *link);
extern void pvext_trace_key(PvextTracing *tracing, PvextKnown *keys, const char *key);
extern void pvext_trace_others(PvextTracing *tracing, PvextTracing *other);
extern void pvext_trace_readers(PvextTracing *tracing, PvextTable *subject);
extern void pvext_trace_rows(void *arg);
extern void pvext_trace_log(PvextTracing *tracing, Snapshot snapshot, PvextChunkList *found);
extern bool pvext_trace_item(PvextTracing *tracing, PvextReadItem item);
extern bool pvext_side_is_known(PvextTracing *tracing, PvextTable *table, List *columns,
								PvextKnown *known, PvextSide side);
extern bool pvext_read_is_known(PvextTracing *tracing, PvextKnown *keys,
								const PvextReadValue *value);

#endif							/* PVEXT_TRACE_H */
