/*
 * writable.h
 *		Whether the server lets an erasure write to a table.
 */
#ifndef PVEXT_WRITABLE_H
#define PVEXT_WRITABLE_H

#include "base/finding.h"

/*
 * SQL: what an erasure or a purge does to tables, by their ids in pv.relation, as written (id,
 * deletes).  Those with personal columns, and those whose links follow a personal key, are
 * updated: erased (relation_id, column_name) has the columns.
 */
#define PVEXT_WRITTEN \
	"WITH RECURSIVE erased (relation_id, column_name) AS (" \
	"SELECT relation_id, column_name FROM pv.declared_personal" \
	" UNION SELECT l.relation_id, c.name FROM erased AS e JOIN pv.declared_link AS l ON l.parent_id = e.relation_id" \
	"  CROSS JOIN LATERAL unnest(l.columns, l.parent_columns) AS c (name, parent_name)" \
	"  WHERE c.parent_name = e.column_name)," \
	" written (id, deletes) AS (SELECT relation_id, false FROM erased" \
	"  UNION SELECT relation_id, true FROM pv.declared_link WHERE on_erase = 'delete'" \
	"  UNION SELECT relation_id, true FROM pv.declared_retention WHERE action = 'delete')"

extern void pvext_check_writable(PvextCheck *check);

#endif							/* PVEXT_WRITABLE_H */
