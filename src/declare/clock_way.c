/*
 * clock_way.c
 *		How a retention rule's clock gets to another table's rows.
 *
 * The links say: rows of "over" belong to the rule's rows, or these to those, or both to rows of
 * a third table.  Which it was is kept with the rule (clock_row.c), so that links that
 * come later do not change what it means; where there are several ways its author says which.
 */
#include "postgres.h"
#include "base/message.h"

#include "base/catalog.h"
#include "declare/clock_way.h"
#include "map/link_match.h"
#include "rule/clock_row.h"

/* Does the clock get from rows of the table to those of "over" by way of such a top? */
static bool
leads_over(PvextTable *table, PvextTable *top, PvextTable *over)
{
	return (table == top || pvext_paths(table, top) != NIL) &&
		((over == top && over != table) || pvext_paths(over, top) != NIL);
}

/* Raise: there is no such way. */
static void
not_linked(PvextTable *table, Oid over)
{
	ereport(ERROR,
			(errcode(ERRCODE_UNDEFINED_OBJECT),
			 errmsg("%s is not linked to %s", pvext_relation_name(over), table->sql_name),
			 errhint("Link it to the table, or to one that is linked, or both to a third one, with pv.declare_link().")));
}

/* Raise: there are several ways, by these tables. */
static void
several_ways(PvextTable *table, PvextTable *over, List *tops)
{
	List	   *names = NIL;
	ListCell   *lc;

	foreach(lc, tops)
		names = lappend(names, ((PvextTable *) lfirst(lc))->sql_name);
	ereport(ERROR,
			(errcode(ERRCODE_AMBIGUOUS_FUNCTION),
			 errmsg("%s is linked to %s in several ways", over->sql_name, table->sql_name),
			 errdetail("Both belong to rows of each of these: %s.", pvext_join_names(names, ", ", false)),
			 errhint("Say with through which of them is meant; %s is for rows of %s that belong to its own.",
					 table->sql_name, over->sql_name)));
}

/* Is one of the other tables nearer: does it belong to the top, and not the other way round? */
static bool
is_nearer(List *tops, PvextTable *top)
{
	ListCell   *lc;

	foreach(lc, tops)
		if (lfirst(lc) != top && pvext_paths(lfirst(lc), top) != NIL && pvext_paths(top, lfirst(lc)) == NIL)
			return true;
	return false;
}

/* The nearest tables by which a clock gets there; where it need not go up and down, only these. */
static List *
find_tops(PvextMap *map, PvextTable *table, PvextTable *over)
{
	List	   *tops = NIL;
	List	   *nearest = NIL;
	ListCell   *lc;

	if (pvext_paths(over, table) != NIL)
		tops = lappend(tops, table);
	if (over != table && pvext_paths(table, over) != NIL)
		tops = lappend(tops, over);
	if (tops != NIL || over == table)
		return tops;
	foreach(lc, map->tables)
		if (lfirst(lc) != table && lfirst(lc) != over && leads_over(table, lfirst(lc), over))
			tops = lappend(tops, lfirst(lc));
	foreach(lc, tops)
		if (!is_nearer(tops, lfirst(lc)))
			nearest = lappend(nearest, lfirst(lc));
	return nearest;
}

/* What to do about a clock that goes through a circle, by the link. */
static char *
circle_hint(PvextTable *table, PvextLink *link)
{
	return psprintf("Keep the moment in a column of %s; or declare link \"%s\" of %s with inherit => false, where what belongs to its rows does not go on by it.",
					table->sql_name, link->name, link->table->sql_name);
}

/* Raise where the clock would read the nearest row alone, of those that the rule's row hangs on. */
static void
check_circle(PvextTable *table, PvextRule *rule)
{
	PvextLink  *link = pvext_clock_circle(table, rule);

	if (link)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("the clock would read the nearest row of table %s alone, which may belong to others of it",
						link->table->sql_name),
				 errhint("%s", circle_hint(table, link))));
}

/*
 * Let the rule's clock go to the rows of a table, by way of another where that is said, and
 * else on the only way that there is.  Raises where there is none, or are several.
 */
void
pvext_find_way(PvextMap *map, PvextTable *table, Oid over, Oid through, PvextRule *rule)
{
	PvextTable *top = OidIsValid(through) ? pvext_map_table(map, through) : NULL;
	List	   *tops;

	rule->over = pvext_map_table(map, over);
	if (rule->over == NULL || (OidIsValid(through) && top == NULL))
		not_linked(table, rule->over ? through : over);
	if (rule->over == table && top && top != table)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("the clock of rows of %s is over other rows of the same table", table->sql_name),
				 errhint("Keep the moment in a column of %s, and declare the rule over that.", top->sql_name)));
	tops = top == NULL ? find_tops(map, table, rule->over) :
		leads_over(table, top, rule->over) ? list_make1(top) : NIL;
	if (tops == NIL)
		not_linked(table, over);
	if (list_length(tops) > 1)
		several_ways(table, rule->over, tops);
	rule->through = linitial(tops) == table ? NULL : linitial(tops);
	check_circle(table, rule);
}

/* Rules whose clock has come to go through a circle of links, since they were declared. */
void
pvext_check_circles(PvextCheck *check)
{
	ListCell   *lc;
	ListCell   *cell;

	foreach(lc, pvext_map()->tables)
		foreach(cell, ((PvextTable *) lfirst(lc))->rules)
		{
			PvextTable *table = lfirst(lc);
			PvextRule  *rule = lfirst(cell);
			PvextLink  *link = check->only == 0 || check->only == table->id ? pvext_clock_circle(table, rule) : NULL;

			if (link)
				pvext_add_finding(check, table->sql_name, NULL, false,
								  psprintf("the clock of retention rule \"%s\" reads the nearest row of %s alone, which may belong to others of it",
										   rule->name, link->table->sql_name), circle_hint(table, link));
		}
}
