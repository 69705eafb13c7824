/*
 * not_link.c
 *		Which references are declared to be no ownership.
 */
#include "postgres.h"
#include "base/message.h"

#include "base/catalog.h"
#include "base/result.h"
#include "base/spi.h"
#include "map/not_link.h"

/* Columns that are declared to be no link. */
typedef struct NotLink
{
	Oid			relid;
	List	   *columns;		/* C strings */
} NotLink;

/* All that are declared, but orphans'; for pvext_is_not_link().  Between pvext_enter() and pvext_leave(). */
List *
pvext_not_links(void)
{
	List	   *not_links = NIL;

	(void) pvext_own("SELECT r.relation, n.columns FROM pv.declared_not_link AS n"
					 " JOIN pv.relation AS r ON r.id = n.relation_id WHERE r.relation IS NOT NULL", NULL);
	for (uint64 i = 0; i < SPI_processed; i++)
	{
		NotLink    *not_link = palloc(sizeof(NotLink));

		not_link->relid = (Oid) pvext_int(i, 1);
		not_link->columns = pvext_names(i, 2);
		not_links = lappend(not_links, not_link);
	}
	return not_links;
}

/* Are the columns of a table, or of one that it is a child of, among them? */
bool
pvext_is_not_link(List *not_links, Oid relid, List *columns)
{
	List	   *relids = not_links == NIL ? NIL : pvext_with_parents(relid);
	ListCell   *lc;

	foreach(lc, not_links)
	{
		NotLink    *not_link = lfirst(lc);

		if (list_member_oid(relids, not_link->relid) && pvext_same_names(not_link->columns, columns))
			return true;
	}
	return false;
}
