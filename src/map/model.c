/*
 * model.c
 *		Finding one's way in a data map.
 */
#include "postgres.h"
#include "base/message.h"

#include "base/catalog.h"
#include "map/model.h"
#include "miscadmin.h"

/* What is declared of a relation; NULL for nothing. */
PvextTable *
pvext_map_table(PvextMap *map, Oid relid)
{
	ListCell   *lc;

	foreach(lc, map->tables)
		if (((PvextTable *) lfirst(lc))->relid == relid)
			return lfirst(lc);
	return NULL;
}

/* The table of a subject; raises where it isn't declared. */
PvextTable *
pvext_map_subject(PvextMap *map, Oid relid)
{
	PvextTable *table = pvext_map_table(map, relid);

	if (table == NULL || !table->is_subject)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("%s is not declared as a subject", pvext_relation_name(relid)),
				 errhint("Declare it with pv.declare_subject().")));
	return table;
}

/* The link of this name of a table, or NULL. */
PvextLink *
pvext_map_link(PvextTable *table, const char *name)
{
	ListCell   *lc;

	foreach(lc, table->links)
		if (strcmp(((PvextLink *) lfirst(lc))->name, name) == 0)
			return lfirst(lc);
	return NULL;
}

/* Do rows go by the link only with the last who lives and refers to them? */
bool
pvext_goes_with_last(const PvextLink *link)
{
	return link->shared && strcmp(link->shared, "last") == 0;
}

/*
 * An expression runs with the rights of the table's owner; it is that owner's
 * word only while the table is still theirs.
 */
void
pvext_check_bound_owner(PvextTable *table, const char *owner, const char *what)
{
	const char *now = GetUserNameFromId(table->owner, false);

	if (owner == NULL || strcmp(owner, now) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("%s of table %s was declared for another owner", what,
						table->sql_name),
				 errhint("Let the table's owner declare it again.")));
}
