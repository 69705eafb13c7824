/*
 * key_collector.c
 *		Keys of subjects, collected from the rows that a statement reads.
 *
 * Where in its plan they come by is found out when it starts (key_source.c).  There they are
 * read as a node hands over a row, until for each table there are as many different
 * ones as pvext.audit_read_keys says.  The plan does what it would do without.
 *
 * Where a statement ends in an error, the rows at which its scans stand are those that it
 * was about.  Where a scan has given no row that has a key, what the statement compares the
 * key with says whom it asked about (compared_key.c).
 */
#include "postgres.h"
#include "base/message.h"

#include "access/tableam.h"
#include "base/guc.h"
#include "executor/executor.h"
#include "lib/stringinfo.h"
#include "port/pg_bitutils.h"
#include "reads/compared_key.h"
#include "reads/key_collector.h"
#include "reads/key_source.h"
#include "reads/key_text.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"

static PvextCollection *collections = NULL; /* of statements in progress */

/*
 * Noting them
 */

/* Has the key been found already? */
static bool
is_found(PvextCollection *collection, const PvextScannedKey *key, const char *text)
{
	ListCell   *lc;

	foreach(lc, collection->found)
	{
		const PvextFoundKey *found = lfirst(lc);

		if (found->subject_id == key->subject_id && found->relation_id == key->relation_id &&
			strcmp(found->key, text) == 0)
			return true;
	}
	return false;
}

/* Add a key that has been found, once, as a copy that lasts as long as the statement. */
static void
add_found(PvextCollection *collection, PvextScannedKey *key, const char *text)
{
	PvextFoundKey *found;
	MemoryContext old;

	if (is_found(collection, key, text))
		return;
	old = MemoryContextSwitchTo(collection->context);
	found = palloc(offsetof(PvextFoundKey, key) + strlen(text) + 1);
	found->relation_id = key->relation_id;
	found->subject_id = key->subject_id;
	strcpy(found->key, text);
	collection->found = lappend(collection->found, found);
	MemoryContextSwitchTo(old);
	key->budget->keys++;
}

/* Add an integer; mostly keys are. */
static void
note_integer(PvextCollection *collection, PvextScannedKey *key, int64 value)
{
	char		text[MAXINT8LEN + 1];

	key->found = true;
	pg_lltoa(value, text);
	add_found(collection, key, text);
}

/* The key that is in those columns; nothing where a part of it is null, or there is no row. */
static void
note_slot(PvextCollection *collection, PvextScannedKey *key, TupleTableSlot *slot,
		  const AttrNumber *attnums)
{
	char	  **parts = palloc(sizeof(char *) * key->n);

	for (int i = 0; i < key->n; i++)
	{
		bool		isnull;
		Datum		value = slot_getattr(slot, attnums[i], &isnull);

		if (isnull)
			return;
		parts[i] = pvext_key_value_text(key->columns[i].type, value, key->n == 1);
	}
	key->found = true;
	add_found(collection, key, pvext_join_key(parts, key->n));
}

/* Has the integer just been found?  It is remembered, in the place of an older one. */
static bool
was_seen(PvextCollection *collection, PvextKeySite *site, int64 value)
{
	int64	   *place;

	if (site->any && site->before == value)
		return true;
	if (!site->any)
	{
		site->any = true;
		site->before = value;
		return false;
	}
	site->before = value;
	if (site->seen == NULL)
	{
		uint32		size = pg_nextpower2_32(4 * Max(pvext_audit_read_keys, 1));

		site->seen = MemoryContextAlloc(collection->context, sizeof(int64) * size);
		site->mask = size - 1;	/* the setting may be another before the next row */
		for (uint32 i = 0; i < size; i++)
			site->seen[i] = ~(int64) i; /* which belongs elsewhere */
	}
	place = &site->seen[value & site->mask];
	if (*place == value)
		return true;
	*place = value;
	return false;
}

/* The row at which a scan of an index alone stands, from the table. */
static void
look_up(PvextCollection *collection, PvextScannedKey *key)
{
	IndexOnlyScanState *scan = (IndexOnlyScanState *) key->scan;
	Relation	table = scan->ss.ss_currentRelation;
	IndexFetchTableData *fetch;
	ItemPointerData tid;
	TupleTableSlot *slot;
	AttrNumber *attnums = palloc(sizeof(AttrNumber) * key->n);
	bool		again = false;

	if (scan->ioss_ScanDesc == NULL || TupIsNull(scan->ss.ss_ScanTupleSlot))
		return;
	key->budget->probes++;
	for (int i = 0; i < key->n; i++)
		attnums[i] = key->columns[i].attnum;
	tid = scan->ioss_ScanDesc->xs_heaptid;
	slot = table_slot_create(table, NULL);
	fetch = table_index_fetch_begin(table);

	/* As the statement's own snapshot sees it: the version that the index stood for. */
	if (table_index_fetch_tuple(fetch, &tid, collection->estate->es_snapshot, slot, &again, NULL))
		note_slot(collection, key, slot, attnums);
	ExecDropSingleTupleTableSlot(slot);
	table_index_fetch_end(fetch);
}

/* Note the key that is there with the row which has been handed over. */
static void
note_site(PvextCollection *collection, PvextKeySite *site)
{
	PvextScannedKey *key = site->key;
	TupleTableSlot *slot = site->slot ? *site->slot : NULL;
	MemoryContext old;

	if (site->integer > 0 && site->slot)
	{
		bool		isnull;
		Datum		value;
		int64		integer;

		if (TupIsNull(slot))
			return;
		value = slot_getattr(slot, site->attnums[0], &isnull);
		integer = site->integer == sizeof(int16) ? DatumGetInt16(value) :
			site->integer == sizeof(int32) ? DatumGetInt32(value) : DatumGetInt64(value);
		if (!isnull && !was_seen(collection, site, integer))
			note_integer(collection, key, integer);
		return;
	}
	if (site->slot && TupIsNull(slot))
		return;
	old = MemoryContextSwitchTo(GetPerTupleMemoryContext(collection->estate));
	if (site->slot)
		note_slot(collection, key, slot, site->attnums);
	else
		look_up(collection, key);
	MemoryContextSwitchTo(old);
}

/* Has enough been collected there? */
static inline bool
is_enough(const PvextKeySite *site)
{
	const PvextBudget *budget = site->key->budget;

	return budget->keys >= pvext_audit_read_keys ||
		(site->slot == NULL && budget->probes >= pvext_audit_read_keys);
}

/*
 * The nodes
 */

/* The collector of a node that is being asked for a row: mostly the one of the row before. */
static PvextCollector *
find_collector(PlanState *node, PvextCollection **whose)
{
	for (PvextCollection *collection = collections; collection; collection = collection->outer)
	{
		ListCell   *lc;

		foreach(lc, collection->collectors)
		{
			PvextCollector *collector = lfirst(lc);

			if (collector->node != node)
				continue;
			if (lc != list_head(collection->collectors))
			{
				lfirst(lc) = linitial(collection->collectors);
				linitial(collection->collectors) = collector;
			}
			*whose = collection;
			return collector;
		}
	}
	elog(ERROR, "pvext does not collect of this statement");
	return NULL;				/* not reached */
}

/* From now on the node does what it did before. */
static void
let_go(PvextCollector *collector)
{
	PlanState  *node = collector->node;

	/* Else it is being measured, and calls the real one. */
	if (node->ExecProcNode == node->ExecProcNodeReal)
		node->ExecProcNode = collector->next;
	node->ExecProcNodeReal = collector->next;
}

/* A node's next row, with its keys noted. */
static TupleTableSlot *
next_row(PlanState *node)
{
	PvextCollection *collection;
	PvextCollector *collector = find_collector(node, &collection);
	TupleTableSlot *slot = collector->next(node);
	bool		enough = true;
	ListCell   *lc;

	if (TupIsNull(slot))
		return slot;
	collector->row = slot;
	foreach(lc, collector->sites)
	{
		PvextKeySite *site = lfirst(lc);

		if (!site->done)
		{
			note_site(collection, site);
			site->done = is_enough(site);
		}
		enough = enough && site->done;
	}
	if (enough)
		let_go(collector);
	return slot;
}

/*
 * Statements
 */

/*
 * The statement has started: collect the keys of the rows that it reads, in the current
 * context, which is to last as long as the statement; led says that it is a parallel
 * worker's share.
 */
void
pvext_begin_collecting(PvextCollection *collection, QueryDesc *query, bool led)
{
	ListCell   *lc;

	memset(collection, 0, sizeof(*collection));
	if (pvext_audit_read_keys == 0)
		return;
	collection->estate = query->estate;
	collection->context = CurrentMemoryContext;
	pvext_find_keys(collection, query, led);
	foreach(lc, collection->collectors)
	{
		PvextCollector *collector = lfirst(lc);

		/*
		 * The first call of a node puts the real function in the place of ExecProcNode,
		 * or one that measures it and calls the real one: either way it is ours then.
		 */
		collector->next = collector->node->ExecProcNodeReal;
		if (collector->node->ExecProcNode == collector->next)
			collector->node->ExecProcNode = next_row;	/* it has run already */
		collector->node->ExecProcNodeReal = next_row;
	}
	collection->outer = collections;
	collections = collection;
}

/* Is no part of the key kept elsewhere than in the row? */
static bool
is_at_hand(PvextScannedKey *key, TupleTableSlot *slot)
{
	for (int i = 0; i < key->n; i++)
	{
		Form_pg_attribute column = TupleDescAttr(slot->tts_tupleDescriptor, key->attnums[i] - 1);
		bool		isnull;
		Datum		value = slot_getattr(slot, key->attnums[i], &isnull);

		if (!isnull && column->attlen == -1 && VARATT_IS_EXTERNAL(DatumGetPointer(value)))
			return false;
	}
	return true;
}

/*
 * The statement has ended in an error, and nothing of it is gone yet: note the rows at which
 * its scans stand.  What other nodes hold may be half of a row.  No catalog is looked at.
 */
void
pvext_collect_current(PvextCollection *collection)
{
	ListCell   *lc;

	foreach(lc, collection->keys)
	{
		PvextScannedKey *key = lfirst(lc);
		MemoryContext old;

		if (key->scan == NULL || key->attnums == NULL || TupIsNull(key->scan->ss_ScanTupleSlot))
			continue;
		old = MemoryContextSwitchTo(collection->context);

		/*
		 * To fetch a value from a TOAST table would be to read a table in a transaction
		 * that has failed.
		 */
		if (is_at_hand(key, key->scan->ss_ScanTupleSlot))
			note_slot(collection, key, key->scan->ss_ScanTupleSlot, key->attnums);
		MemoryContextSwitchTo(old);
	}
}

/* See what the scans that have given no row with a key compare it with. */
void
pvext_look_at_comparisons(PvextCollection *collection)
{
	ListCell   *lc;

	foreach(lc, collection->keys)
	{
		PvextScannedKey *key = lfirst(lc);
		MemoryContext old;

		if (key->scan == NULL || key->found || key->is_compared)
			continue;
		key->is_compared = true;
		old = MemoryContextSwitchTo(collection->context);
		key->compared = pvext_compared_keys(collection->estate, key);
		MemoryContextSwitchTo(old);
	}
}

/* Where a scan has given no row with a key, add what it compares the key with, if it does. */
bool
pvext_add_compared(PvextCollection *collection)
{
	bool		any = false;
	ListCell   *lc;
	ListCell   *cell;

	foreach(lc, collection->keys)
	{
		PvextScannedKey *key = lfirst(lc);

		if (key->found)
			continue;
		foreach(cell, key->compared)
		{
			if (key->budget->keys >= pvext_audit_read_keys)
				break;
			any = any || !is_found(collection, key, lfirst(cell));
			add_found(collection, key, lfirst(cell));
		}
	}
	return any;
}

/* Nothing more is collected; what has been found stays. */
void
pvext_end_collecting(PvextCollection *collection)
{
	for (PvextCollection **link = &collections; *link; link = &(*link)->outer)
		if (*link == collection)
		{
			*link = collection->outer;
			break;
		}
}
