/*
 * cascade.c
 *		Rows that go with others, and until when they keep them.
 */
#include "postgres.h"
#include "base/message.h"

#include "map/link_key.h"
#include "map/link_match.h"
#include "nodes/parsenodes.h"
#include "rule/cascade.h"
#include "rule/rule.h"

/* The links by which rows of other tables go with those of a table, nearest first; and to which tables. */
static List *
links_below(PvextMap *map, PvextTable *table, List **tables)
{
	List	   *links = NIL;
	ListCell   *lc;
	ListCell   *cell;

	*tables = list_make1(table);
	for (int i = 0; i < list_length(*tables); i++)
	{
		PvextTable *parent = list_nth(*tables, i);

		foreach(lc, map->tables)
			foreach(cell, ((PvextTable *) lfirst(lc))->links)
			{
				PvextLink  *link = lfirst(cell);

				if (link->parent != parent || !link->delete_rows || link->table == parent || link->shared)
					continue;		/* those that others may refer to stay */
				links = list_append_unique_ptr(links, link);
				*tables = list_append_unique_ptr(*tables, link->table);
			}
	}
	return links;
}

/* The links by which rows of other tables go with those of a table, nearest first. */
List *
pvext_links_below(PvextMap *map, PvextTable *table)
{
	List	   *tables;

	return links_below(map, table, &tables);
}

/*
 * The same links.  Raises where a foreign key would keep a row from being deleted, or
 * carry the deletion on to rows that are not declared to go.
 */
List *
pvext_children_of_rows(PvextMap *map, PvextTable *table)
{
	List	   *tables;
	List	   *links = links_below(map, table, &tables);
	ListCell   *lc;
	ListCell   *cell;
	ListCell   *below;

	foreach(below, tables)
	{
		PvextTable *parent = lfirst(below);

		/*
		 * By the catalog, not by the map: a foreign key that nobody has declared acts all
		 * the same.
		 */
		foreach(lc, pvext_foreign_keys_to(parent->relid))
		{
			PvextForeignKey *fk = lfirst(lc);
			bool		goes = fk->relid == parent->relid &&
				fk->on_delete != FKCONSTR_ACTION_CASCADE;

			foreach(cell, links)
			{
				PvextLink  *link = lfirst(cell);

				goes = goes || (link->parent == parent && pvext_link_follows(link, fk));
			}
			if (!goes)
				ereport(ERROR,
						(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
						 errmsg("rows of table %s refer to rows of table %s that are to be deleted",
								pvext_relation_name(fk->relid), parent->sql_name),
						 errdetail("Foreign key \"%s\" does.", fk->name),
						 fk->relid == parent->relid ?
						 errhint("It would take rows that are not due: make it ON DELETE NO ACTION or SET NULL, or use the action anonymise.") :
						 errhint("Declare a link of %s to %s with on_erase => 'delete', or use the action anonymise.",
								 pvext_relation_name(fk->relid), parent->sql_name)));
		}
	}
	return links;
}

/* Tables of which rules retain rows that would go with those of a table by the links. */
List *
pvext_retained_children(PvextTable *table, List *links)
{
	List	   *retained = NIL;
	ListCell   *lc;

	foreach(lc, links)
	{
		PvextTable *child = ((PvextLink *) lfirst(lc))->table;
		char	   *basis;

		if (child == table || pvext_retained_until(child, NULL, &basis) == NULL)
			continue;
		if (!pvext_same_owner(child, table))
			ereport(ERROR,
					(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
					 errmsg("rows of %s that are retained belong to rows of %s, of another owner",
							child->sql_name, table->sql_name),
					 errhint("Give both tables to one role.")));
		retained = list_append_unique_ptr(retained, child);
	}
	return retained;
}

/*
 * SQL over row r of a table: until when the rows are retained that would go with it, or
 * -infinity; NULL where there is no rule.  *basis gains the rules.
 */
char *
pvext_children_until(PvextMap *map, PvextTable *table, char **basis)
{
	List	   *tables;
	StringInfoData ends;
	ListCell   *lc;

	initStringInfo(&ends);
	foreach(lc, pvext_retained_children(table, links_below(map, table, &tables)))
	{
		char	   *why;
		char	   *until = pvext_retained_until(lfirst(lc), NULL, &why);

		if (*basis == NULL || strstr(*basis, why) == NULL)
			*basis = *basis ? psprintf("%s; %s", *basis, why) : why;
		appendStringInfo(&ends, "%scoalesce((SELECT max(%s) FROM (SELECT r.*) AS o, %s AS r WHERE (%s)),"
						 " CAST('-infinity' AS timestamptz))", ends.len > 0 ? ", " : "", until,
						 ((PvextTable *) lfirst(lc))->sql_name, pvext_belongs_sql(lfirst(lc), table));
	}
	return ends.len > 0 ? psprintf("GREATEST(%s)", ends.data) : NULL;
}
