/*
 * redact.c
 *		Taking erased subjects out of the audit log.
 *
 * What an erasure takes from the tables it takes from the log as well, in the
 * same transaction: of the records that are about the subject (subject_records.c), the values
 * of the columns that the plan erases, on the sides that belong; of rows that
 * are deleted, all values but surrogate keys (surrogate_key.c).  In their place stand
 * their commitments (commitment.c), which say nothing, and by which the seals
 * still verify.  The records themselves stay: that something was changed, when
 * and by whom.
 *
 * What a retention rule, or a hold on somebody else, keeps of a row that is still there, the
 * log keeps of that row.
 * What is blocked stays.  All that goes when the erasure is completed.  Keys and links
 * that are personal, or of rows that are deleted, go last, when nothing of the subject is left to be
 * erased: by them the rest is found.
 */
#include "postgres.h"
#include "base/message.h"

#include "access/xact.h"
#include "audit/audited.h"
#include "audit/commitment.h"
#include "audit/log_writer.h"
#include "base/catalog.h"
#include "base/result.h"
#include "catalog/pg_class.h"
#include "catalog/pg_inherits.h"
#include "execution/step.h"
#include "map/surrogate_key.h"
#include "reads/drain.h"
#include "redact/redact.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"

/* Values that go. */
typedef struct Rule
{
	PvextSearchedSet *traced;		/* of whose rows */
	List	   *column;			/* its name; NIL: all but those of "spared" */
	List	   *spared;
	bool		last;			/* when nothing of the subject is left */
	List	   *find_held;		/* PvextStep: find rows of which it is still held */
	PvextKeySet *held;			/* their primary keys */
	bool		all_held;		/* of all rows */
} Rule;

struct PvextRedaction
{
	MemoryContext context;
	PvextMap   *map;
	PvextPlan  *plan;
	PvextRecordSearch *search;
	List	   *rules;
	List	   *followed;		/* PvextLink: what leads on from a personal key */
	PvextKeySet *now;			/* the subjects' keys, once they have been replaced */
	bool		reads;			/* the subjects' keys are personal */
	bool		complete;		/* nothing of the subjects is left to be erased */
	PvextHashing *hashing;
	PvextItem	item;			/* being written */
};

/*
 * What goes
 */

/* Values of a set's rows go: of the column, or for NULL of all that are not spared. */
static Rule *
add_rule(PvextRedaction *redaction, PvextSearchedSet *traced, const char *column, bool last)
{
	Rule	   *rule = palloc0(sizeof(Rule));

	rule->traced = traced;
	rule->column = column ? list_make1(pstrdup(column)) : NIL;
	rule->last = last;
	redaction->rules = lappend(redaction->rules, rule);
	return rule;
}

/* The columns that hold the value of a personal key go with it, at any distance. */
static void
add_followers(PvextRedaction *redaction, PvextSearchedSet *traced, const char *column)
{
	ListCell   *lc;
	ListCell   *cell;

	foreach(lc, redaction->map->tables)
		foreach(cell, ((PvextTable *) lfirst(lc))->links)
		{
			PvextLink  *link = lfirst(cell);
			PvextSearchedSet *follower = NULL;
			ListCell   *a;
			ListCell   *b;

			/* The columns that an expression reads are personal themselves, where the key is. */
			if (link->value || link->shared || link->parent->id != traced->table->id || !pvext_has_name(link->parent_columns, column) ||
				list_member_ptr(redaction->followed, link))
				continue;
			redaction->followed = lappend(redaction->followed, link);
			forboth(a, link->columns, b, link->parent_columns)
			{
				if (strcmp(lfirst(b), column) != 0)
					continue;
				if (follower == NULL)
					follower = pvext_search_by_link(redaction->search, traced, link);
				(void) add_rule(redaction, follower, lfirst(a), true);
				add_followers(redaction, follower, lfirst(a));
			}
			redaction->followed = list_delete_ptr(redaction->followed, link);
		}
}

/* The columns of a table, and those that children of its have besides. */
static List *
columns_of_all(PvextTable *table)
{
	List	   *columns = pvext_columns(table->relid);
	ListCell   *lc;
	ListCell   *cell;

	if (get_rel_relkind(table->relid) == RELKIND_PARTITIONED_TABLE)
		return columns;
	foreach(lc, find_all_inheritors(table->relid, AccessShareLock, NULL))
		foreach(cell, pvext_columns(lfirst_oid(lc)))
			if (!pvext_has_name(columns, lfirst(cell)))
				columns = lappend(columns, lfirst(cell));
	return columns;
}

/* What finds the rows in which something is held, if it is there. */
static List *
steps_that_find(PvextStep *held)
{
	return held ? list_make1(held) : NIL;
}

/*
 * What was in columns that have been dropped cannot be declared any more, and who
 * knows what it was: it goes with the rest.  Where others are held who share that, so may
 * they share what was in those columns.
 */
static void
add_dropped(PvextRedaction *redaction, PvextSearchedSet *traced, PvextTarget *target)
{
	Rule	   *rule = NULL;
	ListCell   *lc;

	foreach(lc, redaction->rules)
		if (((Rule *) lfirst(lc))->traced == traced && ((Rule *) lfirst(lc))->column == NIL)
			rule = lfirst(lc);
	if (rule == NULL)
	{
		rule = add_rule(redaction, traced, NULL, false);
		rule->spared = columns_of_all(traced->table);
	}
	if (target->others)
		rule->find_held = list_concat(rule->find_held, steps_that_find(target->held));
}

/* What triggers have derived from a target's values goes with them. */
static void
add_derived(PvextRedaction *redaction, PvextSearchedSet *traced, PvextTarget *target)
{
	ListCell   *lc;

	foreach(lc, target->table->columns)
	{
		PvextColumn *column = lfirst(lc);
		List	   *names;

		if (column->strategy.kind != PVEXT_DERIVED || column->missing)
			continue;
		names = pvext_derived_from(&column->strategy);
		if (names == NIL || pvext_has_name(names, target->column->name))
			add_rule(redaction, traced, column->name, false)->find_held = steps_that_find(target->held);
	}
}

/* What a target takes goes, and what it keeps stays, in the records of the same rows. */
static void
add_target(PvextRedaction *redaction, PvextTarget *target)
{
	PvextSearchedSet *traced = pvext_searched_set(redaction->search, target->set);
	PvextColumn *column = target->column;
	Rule	   *rule = add_rule(redaction, traced, column->name, column->leads);

	rule->find_held = steps_that_find(target->held);
	add_derived(redaction, traced, target);
	add_dropped(redaction, traced, target);
	if (!column->leads)
		return;
	add_followers(redaction, traced, column->name);
	if (target->table == target->plan->subject &&
		pvext_has_name(target->table->key, column->name))
		redaction->reads = true;
}

/* The columns of a table by which its rows are others', or others theirs. */
static List *
link_columns(PvextMap *map, PvextTable *table)
{
	List	   *columns = NIL;
	ListCell   *lc;
	ListCell   *cell;

	foreach(lc, map->tables)
		foreach(cell, ((PvextTable *) lfirst(lc))->links)
		{
			PvextLink  *link = lfirst(cell);

			if (link->table == table)
				columns = list_concat(columns, link->columns);
			if (link->parent == table)
				columns = list_concat(columns, link->parent_columns);
		}
	return columns;
}

/* What a table that subjects' rows are deleted of has to do with reads of theirs. */
static void
note_readers(PvextRedaction *redaction, PvextSearchedSet *traced, PvextTable *table)
{
	ListCell   *lc;

	if (!table->is_subject || table->id != redaction->plan->subject->id)
		return;
	foreach(lc, table->key)
		if (!pvext_is_surrogate(table, lfirst(lc)))
		{
			redaction->reads = true;
			pvext_search_readers(redaction->search, table);
			return;
		}
}

/*
 * Of rows that are deleted all goes: at once, or, what others are found by, in the end
 * with what repeats it.  Surrogates of keys and links stay.
 */
static void
add_removal(PvextRedaction *redaction, PvextRemoval *removal)
{
	PvextTable *table = removal->table;
	PvextSearchedSet *traced = pvext_searched_set(redaction->search, removal->set);
	Rule	   *rule = add_rule(redaction, traced, NULL, false);
	List	   *links = link_columns(redaction->map, table);
	List	   *keys = list_concat_copy(table->key, pvext_primary_key(table->relid));
	ListCell   *lc;

	rule->find_held = steps_that_find(removal->held);
	foreach(lc, list_concat_copy(links, keys))
	{
		char	   *column = lfirst(lc);
		bool		stays = pvext_is_surrogate(table, column);

		if (pvext_has_name(rule->spared, column) || (!stays && !pvext_has_name(links, column)))
			continue;
		rule->spared = lappend(rule->spared, column);
		if (stays)
			continue;
		add_rule(redaction, traced, column, true)->find_held = steps_that_find(removal->held);
		add_followers(redaction, traced, column);
	}
	note_readers(redaction, traced, table);
}

/*
 * Begin to redact what a plan is going to erase.  NULL where the log has nothing
 * of its tables.  Between pvext_enter() and pvext_leave().
 */
PvextRedaction *
pvext_begin_redaction(PvextMap *map, PvextPlan *plan)
{
	MemoryContext context;
	MemoryContext old;
	PvextRedaction *redaction;
	ListCell   *lc;

	if ((plan->targets == NIL && plan->removals == NIL) || !pvext_is_audited(plan->tables))
		return NULL;
	context = AllocSetContextCreate(CurrentMemoryContext, "pvext redaction",
									ALLOCSET_DEFAULT_SIZES);
	old = MemoryContextSwitchTo(context);
	redaction = palloc0(sizeof(PvextRedaction));
	redaction->context = context;
	redaction->map = map;
	redaction->plan = plan;
	redaction->search = pvext_begin_search(plan, true);
	redaction->now = pvext_make_key_set(plan->subject->relid, plan->subject->key);
	foreach(lc, plan->targets)
		if (!((PvextTarget *) lfirst(lc))->blocked)
			add_target(redaction, lfirst(lc));
	foreach(lc, plan->removals)
		if (!((PvextRemoval *) lfirst(lc))->blocked)
			add_removal(redaction, lfirst(lc));
	MemoryContextSwitchTo(old);
	return redaction;
}

/*
 * A subject that is about to be erased, and the digest of the key under which that
 * was asked for first, or NULL.
 */
void
pvext_redact_before(PvextRedaction *redaction, const char *key, bytea *former_digest)
{
	MemoryContext old;

	if (redaction == NULL)
		return;
	old = MemoryContextSwitchTo(redaction->context);
	pvext_search_for_key(redaction->search, redaction->search->keys, key);
	if (former_digest)
		redaction->search->former = lappend(redaction->search->former, former_digest);
	MemoryContextSwitchTo(old);
}

/*
 * The key that it has after that: by it the record is found that the erasure itself has
 * made, whose new side stays.
 */
void
pvext_redact_after(PvextRedaction *redaction, const char *key)
{
	if (redaction == NULL)
		return;
	pvext_search_for_key(redaction->search, redaction->search->keys, key);
	pvext_search_for_key(redaction->search, redaction->now, key);
}

/* What is to be told of the rows that are erased; NULL where nothing is redacted. */
PvextRecordSearch *
pvext_redaction_tracing(PvextRedaction *redaction)
{
	return redaction ? redaction->search : NULL;
}

/*
 * What is held
 */

/* Find the rows of which something is held still, after the plan has run. */
static void
find_held(Rule *rule, PvextStep *step)
{
	uint64		n = pvext_run_step(step, false);
	PvextKeySet *rows = rule->traced->rows;

	/* Without a key one row cannot be told from another. */
	rule->all_held = rule->all_held || (n > 0 && rows == NULL);
	if (n == 0 || rows == NULL)
		return;
	if (rule->held == NULL)
		rule->held = pvext_make_key_set(rule->traced->table->relid, rows->columns);
	for (uint64 i = 0; i < n; i++)
	{
		char	   *texts[INDEX_MAX_KEYS];

		for (int c = 0; c < list_length(rows->columns); c++)
			texts[c] = pvext_comparable_column(rule->traced->table->relid,
											   list_nth(rows->columns, c),
											   pvext_value(i, c + 1));
		(void) pvext_add_to_key_set(rule->held, texts);
	}
}

/* Is a key, or what follows it, the one that it has been replaced by? */
static bool
is_new_key(PvextRedaction *redaction, PvextSearchedSet *traced, PvextSide side)
{
	PvextRecordSearch *search = redaction->search;
	PvextSearchedLink   *way;

	if (traced == linitial(search->sets))
		return pvext_side_is_known(search, traced->table, search->keys->columns,
								   redaction->now, side);
	way = traced->link ? linitial(traced->ways) : NULL;
	return way && way->parents == search->keys &&
		pvext_way_is_known(search, traced->table, way, redaction->now, side);
}

/* Does the rule take its values from one side of the record looked at? */
static bool
takes(PvextRedaction *redaction, Rule *rule, PvextSide side)
{
	PvextSearchedSet *traced = rule->traced;

	if (!traced->belongs[side] || rule->all_held)
		return false;
	if (rule->held && pvext_side_is_known(redaction->search, traced->table,
										  rule->held->columns, rule->held, side))
		return false;
	return !rule->last || !is_new_key(redaction, traced, side);
}

/* Is the rule about the column, by its number in the shape of the record looked at? */
static bool
is_about(PvextRecordSearch *search, Rule *rule, uint32 column)
{
	int		   *spared;

	if (rule->column)
		return pvext_places(&search->sides, rule->traced->table->relid, rule->column)[0] == column;
	spared = pvext_places(&search->sides, rule->traced->table->relid, rule->spared);
	for (int i = 0; i < list_length(rule->spared); i++)
		if (spared[i] == column)
			return false;
	return true;
}

/* Does a value of the record looked at go? */
static bool
goes(const PvextReadValue *value, void *arg)
{
	PvextRedaction *redaction = arg;
	PvextRecordSearch *search = redaction->search;
	ListCell   *lc;

	if (value->form != PVEXT_IS_VALUE)
		return false;
	if (search->change == NULL)
		return redaction->reads && redaction->complete &&
			pvext_read_is_known(search, search->read_keys, value) &&
			!pvext_read_is_known(search, redaction->now, value);
	foreach(lc, redaction->rules)
	{
		Rule	   *rule = lfirst(lc);

		if ((rule->last && !redaction->complete) ||
			!list_member_ptr(search->change->sets, rule->traced) ||
			!is_about(search, rule, value->column))
			continue;
		if ((value->side != PVEXT_NEW && takes(redaction, rule, PVEXT_OLD)) ||
			(value->side != PVEXT_OLD && takes(redaction, rule, PVEXT_NEW)))
			return true;
	}
	return false;
}

/*
 * Redacting
 */

/* Does any value of the item go? */
static bool
any_goes(PvextRedaction *redaction, PvextReadItem item)
{
	PvextReadValue value;

	while (pvext_next_value(&item, &value))
		if (goes(&value, redaction))
			return true;
	return false;
}

/* For pvext_replace_chunks(). */
static bool
redact_chunk(const PvextChunk *chunk, PvextPayload *payload, void *arg)
{
	PvextRedaction *redaction = arg;
	PvextItems	items = pvext_items_of(chunk);
	const char *begin = items.next;
	PvextReadItem item;
	bool		any = false;

	for (; pvext_next_item(&items, &item); begin = items.next)
	{
		if (pvext_is_found_item(redaction->search, item) && any_goes(redaction, item))
		{
			Size		size;

			/* Of one that cannot be read to its end the rest goes, too. */
			(void) pvext_redact_item(redaction->hashing, &redaction->item, &item, goes, redaction);
			begin = pvext_end_item(&redaction->item, &size);
			pvext_put_bytes(payload, begin, size);
			any = true;
		}
		else
			pvext_put_bytes(payload, begin, items.next - begin);
	}
	/* What cannot be read stays; it has been noted. */
	pvext_put_bytes(payload, begin, items.end - begin);
	return any;
}

/*
 * Find the records and, unless wanted says no, redact them.  All that this transaction
 * has changed is in the log by then, and is read by a snapshot that sees it.  Returns
 * whether it was wanted.
 *
 * Reads of the subjects that wait to be recorded are recorded first, where they name keys
 * that go.
 */
static bool
redact_log(PvextRedaction *redaction, bool (*wanted) (PvextRecordSearch *search))
{
	PvextChunkList found = {redaction->context};
	Snapshot	snapshot;
	bool		redacts;

	if (redaction->reads && redaction->complete)
		(void) pvext_drain_all();	/* reads name the keys that go */

	/* Records are written by heap functions, which no statement's end makes visible. */
	pvext_flush_all_audit();
	CommandCounterIncrement();
	PushActiveSnapshot(GetTransactionSnapshot());
	snapshot = GetActiveSnapshot();
	pvext_search_log(redaction->search, snapshot, &found);
	redacts = wanted == NULL || wanted(redaction->search);
	if (redacts)
	{
		pvext_record_unread(&redaction->search->unread, true);
		redaction->hashing = pvext_begin_hashing();
		pvext_replace_chunks(&found, snapshot, redact_chunk, redaction);
		pvext_end_hashing(redaction->hashing);
	}
	PopActiveSnapshot();
	CommandCounterIncrement();
	pvext_shrink_item(&redaction->item);
	MemoryContextDelete(redaction->context);
	return redacts;
}

/* May two be done in one?  Not where rows that cannot be told apart are held. */
static bool
can_join(PvextRedaction *a, PvextRedaction *b)
{
	ListCell   *x;
	ListCell   *y;

	if (a->plan != b->plan || a->complete != b->complete)
		return false;
	forboth(x, a->rules, y, b->rules)
		if (((Rule *) lfirst(x))->all_held || ((Rule *) lfirst(y))->all_held)
			return false;
	return true;
}

/* Let one take the values of another's subjects, too; the other is done with. */
static void
join(PvextRedaction *redaction, PvextRedaction *other)
{
	MemoryContext old = MemoryContextSwitchTo(redaction->context);
	ListCell   *a;
	ListCell   *b;

	pvext_search_with(redaction->search, other->search);
	pvext_add_key_set(redaction->now, other->now);
	forboth(a, redaction->rules, b, other->rules)
	{
		Rule	   *rule = lfirst(a);
		PvextKeySet *held = ((Rule *) lfirst(b))->held;

		if (held && rule->held == NULL)
			rule->held = pvext_make_key_set(rule->traced->table->relid, rule->traced->rows->columns);
		if (held)
			pvext_add_key_set(rule->held, held);
	}
	MemoryContextSwitchTo(old);
	MemoryContextDelete(other->context);
}

/*
 * What the log has of the subjects, whose plan has just run, is to be redacted.  complete
 * says that nothing of them is retained or blocked.  What is held is found now, by the
 * plan's values, which the next run of it replaces.
 */
void
pvext_plan_redaction(List **redactions, PvextRedaction *redaction, bool complete)
{
	MemoryContext old;
	ListCell   *lc;
	ListCell   *cell;

	if (redaction == NULL)
		return;
	old = MemoryContextSwitchTo(redaction->context);
	redaction->complete = complete;
	foreach(lc, redaction->rules)
		foreach(cell, ((Rule *) lfirst(lc))->find_held)
			find_held(lfirst(lc), lfirst(cell));
	MemoryContextSwitchTo(old);
	foreach(lc, *redactions)
		if (can_join(lfirst(lc), redaction))
		{
			join(lfirst(lc), redaction);
			return;
		}
	*redactions = lappend(*redactions, redaction);
}

/*
 * Do it: one reading of the log for as many subjects as can be.  In the transaction of
 * the erasure, after all that it changes, between pvext_enter() and pvext_leave().
 */
void
pvext_redact(List *redactions)
{
	ListCell   *lc;
	ListCell   *cell;

	foreach(lc, redactions)
		foreach(cell, redactions)
			if (lfirst(cell) != lfirst(lc))
				pvext_search_among(((PvextRedaction *) lfirst(lc))->search,
								   ((PvextRedaction *) lfirst(cell))->search);
	foreach(lc, redactions)
		(void) redact_log(lfirst(lc), NULL);
}

/* Does the log know of the key, and of no other that the subject has got? */
static bool
is_only_in_log(PvextRecordSearch *search)
{
	return search->any_key && !search->left;
}

/*
 * Redact what the log has of a subject whose row is no longer there.  Returns
 * false, and does nothing, where the log does not know of the key, or knows that
 * the subject has got another.
 */
bool
pvext_redact_deleted(PvextMap *map, PvextPlan *plan, const char *key)
{
	PvextRedaction *redaction = pvext_begin_redaction(map, plan);

	if (redaction == NULL)
		return false;
	redaction->complete = true;
	pvext_search_for_key(redaction->search, redaction->search->keys, key);
	return redact_log(redaction, is_only_in_log);
}
