/*
 * referred_row.c
 *		Rows that persons refer to, and that go with the last of them.
 *
 * An address, a bank account or a file may be referred to by several: by a household, by
 * orders of several customers.  A row is then found from each of them, by a link whose
 * parent's columns are not unique, and goes (shared => 'last') when nobody else who lives
 * refers to it, by any path of links.  Whoever that is is not in one statement with the
 * row: tables have owners, the ledger of erasures knows digests only.  So it is found out
 * once the row is locked, and before anything is decided by it (execution/living.c), and
 * the primary keys of the rows that stay are a value of each statement that asks whether a
 * row is the subject's: what hangs on such a row, and all that is asked of it, leaves it
 * alone.  What has not been found out is nobody's.
 *
 * What is declared about those who refer to a row by one link is kept for whoever refers to it
 * by another, or owns it, and goes with the last of all of them (row_set.c).
 *
 * A loose set has such rows in it all the same: what somebody else who is held refers to,
 * what a blocker looks at, or tells who the person is, what the trail shows, and what a
 * retention rule of the table takes, whoever lives.
 */
#include "postgres.h"
#include "base/message.h"

#include "base/catalog.h"
#include "base/type.h"
#include "plan/referred_row.h"
#include "plan/row_subject.h"
#include "plan/set_arm.h"
#include "utils/builtins.h"

/* Do rows belong by the arm only if nobody else refers to them? */
bool
pvext_is_kept_arm(PvextSet *set, PvextArm *arm)
{
	return !set->loose && arm->last;
}

/* Do rows of the set belong to rows that refer to them? */
bool
pvext_is_referred_to(PvextSet *set)
{
	ListCell   *lc;

	foreach(lc, set->arms)
		if (!((PvextArm *) lfirst(lc))->up && ((PvextArm *) lfirst(lc))->link->shared)
			return true;
	return false;
}

/* SQL: row r has the primary key of one of the set's. */
static void
append_key(PvextSql *sql, PvextSet *set)
{
	PvextLink	link = {0};
	PvextArm	arm = {&link, set, set->slots};
	ListCell   *lc;

	link.table = link.parent = set->table;
	foreach(lc, set->slots)
		link.columns = lappend(link.columns, ((PvextSlot *) lfirst(lc))->column);
	link.parent_columns = link.columns;
	pvext_append_arm(sql, &arm);
}

/* A set of those rows, by their primary key, which is known from elsewhere. */
static PvextSet *
set_by_key(PvextTable *table)
{
	List	   *key = pvext_primary_key(table->relid);
	PvextSet   *set = palloc0(sizeof(PvextSet));
	ListCell   *lc;

	set->table = table;
	set->loose = true;
	if (key == NIL)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("table %s, whose rows go with the last who refers to them, has no primary key",
						table->sql_name),
				 errhint("Add one: by it the rows are known that stay.")));
	foreach(lc, key)
		(void) pvext_set_slot(set, lfirst(lc), false);
	return set;
}

/*
 * SQL: and nobody else refers to row r.  As long as that has not been found out the row is
 * not the subject's.
 */
void
pvext_append_not_kept(PvextSql *sql, PvextSet *set)
{
	if (set->referred == NULL)
	{
		set->referred = palloc0(sizeof(PvextReferred));
		set->referred->kept = set_by_key(set->table);
		set->referred->taken = set_by_key(set->table);
	}
	appendStringInfoString(&sql->text, " AND NOT (");
	append_key(sql, set->referred->kept);
	appendStringInfoChar(&sql->text, ')');
}

/*
 * The query of the rows of a set that go with the last who refers to them, as far as the
 * subjects do: their primary key, and whom they are about.  Locked in the order of
 * their keys: who is adding a reference by a foreign key is waited for.
 */
static PvextStep *
build_candidates(PvextSet *set, bool lock)
{
	PvextSql	sql;
	StringInfoData key;
	ListCell   *lc;
	bool		first = true;

	pvext_sql_init(&sql);
	initStringInfo(&key);
	foreach(lc, set->referred->kept->slots)
	{
		PvextSlot  *slot = lfirst(lc);
		char	   *column = psprintf("r.%s", quote_identifier(slot->column));

		appendStringInfo(&sql.text, "%s CAST(%s AS %s)", key.len > 0 ? "," : "SELECT", column,
						 pvext_type_name(slot->element, -1));
		appendStringInfo(&key, "%s%s", key.len > 0 ? ", " : "", column);
	}
	pvext_append_row_subjects(&sql.text, &set->referred->about);
	appendStringInfo(&sql.text, " FROM %s AS r WHERE ", set->table->sql_name);
	foreach(lc, set->arms)
	{
		if (!pvext_is_kept_arm(set, lfirst(lc)))
			continue;
		appendStringInfoString(&sql.text, first ? "(" : " OR ");
		pvext_append_arm(&sql, lfirst(lc));
		first = false;
	}
	appendStringInfo(&sql.text, ") ORDER BY %s%s", key.data, lock ? " FOR UPDATE" : "");
	return pvext_sql_step(&sql, set->table);
}

/* How it is found out to which of a set's rows others refer. */
void
pvext_build_referred(PvextSet *set)
{
	PvextReferred *referred = set->referred;

	referred->about.table = set->table;
	referred->about.any_path = true;
	referred->about.anybody = true;
	referred->deleted = set->deleted;
	referred->lock = build_candidates(set, true);
	referred->look = build_candidates(set, false);
}
