/*
 * kept_reference.c
 *		References to rows that are kept of the subject, by which they are found again.
 *
 * An address is found from the person's row, or from one of a junction, that refers to it.
 * Where it is kept for a time, by a retention rule, a blocker or a hold on somebody else,
 * the reference must stay as well: once that has been emptied, or the junction's row
 * deleted, no erasure would get to the address any more, and all would look done.  So a
 * column by which rows are referred to, and rows that are deleted and refer to others, stay
 * as long as something is kept of what they lead to; so do, in turn, rows with which those
 * would go.  What stays since others refer to it is not kept of this subject, and nothing
 * is kept for its sake.
 *
 * Of each such link there is a set of the rows that are kept, found before anything is
 * written (execution/held_others.c), and who refers to these is kept as what is shared with
 * somebody held is: it is among the "others" of a target or removal.
 */
#include "postgres.h"
#include "base/message.h"

#include "base/catalog.h"
#include "plan/kept_reference.h"
#include "plan/row_set.h"
#include "plan/write_step.h"

/* The plan's removal of rows of the table, or NULL. */
static PvextRemoval *
removal_of(PvextPlan *plan, PvextTable *table)
{
	ListCell   *lc;

	foreach(lc, plan->removals)
		if (((PvextRemoval *) lfirst(lc))->table == table)
			return lfirst(lc);
	return NULL;
}

/* The plan's targets in the table. */
static List *
targets_of(PvextPlan *plan, PvextTable *table)
{
	List	   *targets = NIL;
	ListCell   *lc;

	foreach(lc, plan->targets)
		if (((PvextTarget *) lfirst(lc))->table == table)
			targets = lappend(targets, lfirst(lc));
	return targets;
}

/* May something of the table's rows be kept? */
static bool
may_be_kept(PvextPlan *plan, PvextTable *table)
{
	PvextRemoval *removal = removal_of(plan, table);
	ListCell   *lc;

	if (removal && (removal->until || removal->others || removal->blocked))
		return true;
	foreach(lc, targets_of(plan, table))
	{
		PvextTarget *target = lfirst(lc);

		if (target->until || target->others || target->blocked)
			return true;
	}
	return false;
}

/* Has the link been seen to? */
static bool
is_known(PvextPlan *plan, PvextLink *link)
{
	ListCell   *lc;

	foreach(lc, plan->references)
		if (((PvextReference *) lfirst(lc))->link == link)
			return true;
	return false;
}

/* Rows of the link's table that are kept, and as what its parent's rows stay with them. */
static PvextOther *
add_reference(PvextPlan *plan, PvextLink *link)
{
	PvextReference *reference = palloc0(sizeof(PvextReference));
	PvextOther *other = palloc0(sizeof(PvextOther));
	PvextArm   *arm = palloc0(sizeof(PvextArm));

	reference->link = link;
	reference->rows = palloc0(sizeof(PvextSet));
	reference->rows->table = link->table;
	plan->references = lappend(plan->references, reference);
	arm->up = true;
	arm->link = link;
	arm->parent = reference->rows;
	for (int n = 0; n < list_length(link->parent_columns); n++)
		arm->slots = lappend(arm->slots, pvext_link_slot(reference->rows, link, n));
	other->held = plan;
	other->set = palloc0(sizeof(PvextSet));
	other->set->table = link->parent;
	other->set->loose = true;
	other->set->productive = true;
	other->set->arms = list_make1(arm);
	return other;
}

/* Let what refers by the link stay, where there is something that goes.  False where there is not. */
static bool
keep_reference(PvextPlan *plan, PvextLink *link)
{
	PvextRemoval *removal = removal_of(plan, link->parent);
	List	   *columns = NIL;
	PvextOther *other;
	ListCell   *lc;

	foreach(lc, link->shared ? targets_of(plan, link->parent) : NIL)
		if (pvext_has_name(link->parent_columns, ((PvextTarget *) lfirst(lc))->column->name))
			columns = lappend(columns, lfirst(lc));
	if (removal == NULL && columns == NIL)
		return false;
	other = add_reference(plan, link);
	if (removal)
		removal->others = lappend(removal->others, other);
	foreach(lc, columns)
		((PvextTarget *) lfirst(lc))->others = lappend(((PvextTarget *) lfirst(lc))->others, other);
	return true;
}

/* Is there a reference of the rows that the link would have go with their parents? */
static bool
goes_with_parent(PvextPlan *plan, PvextLink *link)
{
	ListCell   *lc;

	foreach(lc, link->delete_rows && link->parent != link->table ? plan->references : NIL)
		if (((PvextReference *) lfirst(lc))->link->parent == link->table)
			return true;
	return false;
}

/* See to the links of a table.  True where one has been added. */
static bool
keep_references_to(PvextPlan *plan, PvextTable *table)
{
	bool		more = false;
	ListCell   *lc;

	foreach(lc, table->links)
	{
		PvextLink  *link = lfirst(lc);

		if (!is_known(plan, link) && may_be_kept(plan, table) &&
			(link->shared || goes_with_parent(plan, link)))
			more = keep_reference(plan, link) || more;
	}
	return more;
}

/*
 * Find out which references of a plan must stay, once it is known what it may keep, and
 * before its statements are built.  In the plan's context.
 */
void
pvext_add_references(PvextPlan *plan)
{
	bool		more = true;
	ListCell   *lc;

	while (more)
	{
		more = false;
		foreach(lc, plan->sets)
			more = keep_references_to(plan, ((PvextSet *) lfirst(lc))->table) || more;
	}
}

/* Do rows of the one table refer to rows of which the other says what is kept? */
static bool
leads_to(PvextPlan *plan, PvextReference *from, PvextReference *to, int depth)
{
	ListCell   *lc;

	if (from->link->table == to->link->parent)
		return true;
	foreach(lc, depth < list_length(plan->references) ? plan->references : NIL)
		if (from->link->table == ((PvextReference *) lfirst(lc))->link->parent &&
			leads_to(plan, lfirst(lc), to, depth + 1))
			return true;
	return false;
}

/* The references in the order in which they are found: what is kept at the end of a way comes first. */
static List *
in_order(PvextPlan *plan)
{
	List	   *ordered = NIL;
	ListCell   *lc;

	foreach(lc, plan->references)
	{
		int			at = 0;

		for (int i = 0; i < list_length(ordered); i++)
			if (leads_to(plan, lfirst(lc), list_nth(ordered, i), 0))
				at = i + 1;
		ordered = list_insert_nth(ordered, at, lfirst(lc));
	}
	return ordered;
}

/* Build the queries of what is kept. */
void
pvext_build_references(PvextPlan *plan)
{
	ListCell   *lc;

	plan->references = in_order(plan);
	foreach(lc, plan->references)
	{
		PvextReference *reference = lfirst(lc);
		PvextTable *table = reference->link->table;

		reference->find = pvext_build_kept(plan, reference, targets_of(plan, table), removal_of(plan, table));
	}
}
