/*
 * twin_link.h
 *		Links to a declared table that lead to what has left it, too.
 */
#ifndef PVEXT_TWIN_LINK_H
#define PVEXT_TWIN_LINK_H

/* A table, and the declared one that it has left or come back to. */
typedef struct PvextParting
{
	Oid			part;
	int32		part_id;		/* in pv.relation; 0 where it has none */
	Oid			root;
	int32		root_id;
} PvextParting;

/* SQL: link l to the part is a twin of one to the root; all are where there is no root. */
#define PVEXT_TWIN_OF_ROOT \
	"l.parent_id = $1 AND ($2 = 0 OR EXISTS (SELECT FROM pv.declared_link AS o" \
	" WHERE o.relation_id = l.relation_id AND o.parent_id = $2 AND o.columns = l.columns" \
	" AND o.bound IS NOT DISTINCT FROM l.bound))"

extern void pvext_run_parting(const char *sql, const PvextParting *parting, const char *suffix);
extern void pvext_add_twins(const PvextParting *parting);
extern void pvext_remove_twins(const PvextParting *parting);

#endif							/* PVEXT_TWIN_LINK_H */
