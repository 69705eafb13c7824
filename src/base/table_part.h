/*
 * table_part.h
 *		Partitions and children of declared tables.
 */
#ifndef PVEXT_TABLE_PART_H
#define PVEXT_TABLE_PART_H

#include "base/finding.h"

/* SQL: the parts of declared tables as tree (relation, id), id being that of pv.relation. */
#define PVEXT_PARTS \
	"WITH RECURSIVE tree (relation, id) AS (" \
	"SELECT i.inhrelid, r.id FROM pv.relation AS r JOIN pg_inherits AS i ON i.inhparent = r.relation" \
	" UNION SELECT i.inhrelid, t.id FROM tree AS t JOIN pg_inherits AS i ON i.inhparent = t.relation)"

/* SQL: a table, and those that it is a part of, at any distance, as up (relid). */
#define PVEXT_UP(relid) \
	"WITH RECURSIVE up (relid) AS (SELECT CAST(" relid " AS oid)" \
	" UNION SELECT h.inhparent FROM up JOIN pg_inherits AS h ON h.inhrelid = up.relid)"

/* SQL: is a table, or one that it is a part of, a subject table or a linked one? */
#define PVEXT_IS_REACHED(relid) \
	"EXISTS (" PVEXT_UP(relid) " SELECT FROM up JOIN pv.relation AS m ON m.relation = up.relid" \
	" WHERE m.id IN (SELECT relation_id FROM pv.declared_subject" \
	"  UNION ALL SELECT relation_id FROM pv.declared_link))"

/* SQL: is anything declared of r, a row of pv.relation, or does anything lead to it? */
#define PVEXT_IS_DECLARED \
	"(r.id IN (SELECT relation_id FROM pv.declared_subject UNION ALL SELECT relation_id FROM pv.declared_link" \
	"  UNION ALL SELECT parent_id FROM pv.declared_link UNION ALL SELECT relation_id FROM pv.declared_personal" \
	"  UNION ALL SELECT relation_id FROM pv.not_personal UNION ALL SELECT relation_id FROM pv.declared_not_link" \
	"  UNION ALL SELECT relation_id FROM pv.declared_retention" \
	"  UNION ALL SELECT over_id FROM pv.declared_retention WHERE over_id IS NOT NULL" \
	"  UNION ALL SELECT through_id FROM pv.declared_retention WHERE through_id IS NOT NULL" \
	"  UNION ALL SELECT over_id FROM pv.declared_blocker WHERE over_id IS NOT NULL" \
	"  UNION ALL SELECT relation_id FROM pv.audited))"

/* SQL, after PVEXT_PARTS: those that have been parts, as p of declared tables r, and are none now. */
#define PVEXT_FORMER_PARTS \
	" FROM pv.part AS p JOIN pg_class AS c ON c.oid = p.relation" \
	" JOIN pv.relation AS r ON r.id = p.relation_id JOIN pg_class AS d ON d.oid = r.relation" \
	" WHERE p.left_at IS NULL AND (CAST(p.relation AS oid), p.relation_id) NOT IN (SELECT relation, id FROM tree)"

/*
 * SQL: is link l a twin of another of its table, which leads to what l's parent has left?
 * A row belongs to one of them at most.
 */
#define PVEXT_IS_TWIN \
	"EXISTS (SELECT FROM pv.part AS p JOIN pv.relation AS m ON m.relation = p.relation" \
	" JOIN pv.declared_link AS o ON o.parent_id = p.relation_id WHERE m.id = l.parent_id" \
	" AND o.relation_id = l.relation_id AND o.columns = l.columns AND o.bound IS NOT DISTINCT FROM l.bound)"

extern void pvext_note_parts(void);
extern void pvext_refuse_detaching(Oid relid);
extern void pvext_check_parts(PvextCheck *check);

#endif							/* PVEXT_TABLE_PART_H */
