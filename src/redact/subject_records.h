/*
 * subject_records.h
 *		Which records of the audit log are about a subject.
 */
#ifndef PVEXT_SUBJECT_RECORDS_H
#define PVEXT_SUBJECT_RECORDS_H

#include "audit/key_set.h"
#include "audit/log_reader.h"
#include "plan/plan.h"
#include "redact/past_condition.h"
#include "redact/row_image.h"

/* One way in which rows belong: they hold what is known of a parent's rows. */
typedef struct PvextSearchedLink
{
	List	   *columns;
	PvextKeySet *parents;
	PvextPastCondition  *condition;		/* NULL: none */
	PvextPastCondition  *keys;			/* what is made of the columns; NULL: they are it */
	bool		kept;			/* not rows that somebody else who lives refers to */
} PvextSearchedLink;

/* Rows of a table that belong to the subjects, now or once. */
typedef struct PvextSearchedSet
{
	PvextTable *table;
	PvextSet   *set;			/* of the plan; NULL: they hold a key of such a set's */
	PvextLink  *link;			/* by which they do */
	PvextKeySet *keys;			/* the subjects', where their own rows are among them */
	List	   *ways;			/* PvextSearchedLink */
	List	   *known;			/* PvextKeySet: what others are found by */
	PvextKeySet *rows;			/* their primary keys; NULL: the table has none */
	PvextKeySet *taken;			/* of rows to which nobody else refers; NULL: that is not asked */
	PvextKeySet *kept;			/* and of those to which somebody does */
	bool		belongs[2];		/* do they, in the record looked at: PVEXT_OLD, PVEXT_NEW */
} PvextSearchedSet;

typedef struct PvextRecordSearch
{
	MemoryContext context;
	PvextTable *subject;
	PvextKeySet *keys;			/* the subjects' */
	PvextTable *reader;			/* in whose spelling reads name the subjects */
	PvextKeySet *read_keys;		/* the subjects' keys, as reads have them */
	PvextKeySet *erased;		/* keys of all whom the call has erased; NULL: these */
	List	   *former;			/* bytea: digests of keys that they had before */
	bool		erases;			/* else it may find more than is the subjects' */
	List	   *sets;			/* PvextSearchedSet */
	bool		any_key;		/* a record of a subject's own row has been seen */
	bool		left;			/* one in which it gets a key that is not known */

	/* the record looked at */
	PvextRowImages	sides;
	PvextMetShape *change;		/* NULL: it is none */

	/* the pass over the log */
	bool		grew;
	bool		rows_grew;
	bool		missed;			/* a record that says by no link whose it is */
	PvextChunkList *found;
	PvextUnreadable unread;			/* what it could not read */
	const char *why;			/* of the record looked at: it cannot be read; or NULL */
} PvextRecordSearch;

extern PvextRecordSearch *pvext_begin_search(PvextPlan *plan, bool erases);
extern PvextSearchedSet *pvext_searched_set(PvextRecordSearch *search, PvextSet *set);
extern PvextSearchedSet *pvext_search_by_link(PvextRecordSearch *search, PvextSearchedSet *parent,
										PvextLink *link);
extern void pvext_search_for_key(PvextRecordSearch *search, PvextKeySet *keys, const char *key);
extern void pvext_search_with(PvextRecordSearch *search, PvextRecordSearch *other);
extern void pvext_search_among(PvextRecordSearch *search, PvextRecordSearch *other);
extern void pvext_search_readers(PvextRecordSearch *search, PvextTable *subject);
extern void pvext_search_for_rows(void *arg);
extern void pvext_search_log(PvextRecordSearch *search, Snapshot snapshot, PvextChunkList *found);
extern bool pvext_is_found_item(PvextRecordSearch *search, PvextReadItem item);
extern bool pvext_way_is_known(PvextRecordSearch *search, PvextTable *table, PvextSearchedLink *way,
							   PvextKeySet *known, PvextSide side);
extern bool pvext_side_is_known(PvextRecordSearch *search, PvextTable *table, List *columns,
								PvextKeySet *known, PvextSide side);
extern bool pvext_read_is_known(PvextRecordSearch *search, PvextKeySet *keys,
								const PvextReadValue *value);

#endif							/* PVEXT_SUBJECT_RECORDS_H */
