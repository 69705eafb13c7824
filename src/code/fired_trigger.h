/*
 * fired_trigger.h
 *		What pvext's statements fire, as SQL.
 */
#ifndef PVEXT_FIRED_TRIGGER_H
#define PVEXT_FIRED_TRIGGER_H

#include "base/finding.h"

/*
 * WITH ... reached: the tables whose rows are deleted, or whose columns are given other
 * values; named, where the statement names the table, so that its statement triggers and
 * rules fire.  $1 is the check's table.
 */
#define PVEXT_FIRING \
	"WITH RECURSIVE reached (id, role, named, deleted, columns) AS (" \
	" SELECT c.oid, c.relowner, true," \
	"  EXISTS (SELECT FROM pv.declared_link l WHERE l.relation_id = r.id AND l.on_erase = 'delete')" \
	"   OR EXISTS (SELECT FROM pv.declared_retention t WHERE t.relation_id = r.id AND t.action = 'delete')," \
	"  ARRAY(SELECT p.column_name FROM pv.declared_personal p WHERE p.relation_id = r.id" \
	"   UNION SELECT u.child FROM pv.declared_link l JOIN pv.declared_personal p ON p.relation_id = l.parent_id," \
	"    unnest(l.columns, l.parent_columns) AS u (child, parent)" \
	"    WHERE l.relation_id = r.id AND u.parent = p.column_name ORDER BY 1)" \
	" FROM " PVEXT_LIVE_RELATION " WHERE " PVEXT_ONLY \
	" UNION SELECT t.id, t.role, t.named, t.deleted, t.columns FROM reached AS r, LATERAL (" \
	"  SELECT i.inhrelid, r.role, false, r.deleted, r.columns FROM pg_inherits i WHERE i.inhparent = r.id" \
	"  UNION ALL SELECT k.conrelid, o.relowner, true, r.deleted AND k.confdeltype = 'c'," \
	"   CASE WHEN (r.deleted AND k.confdeltype IN ('n', 'd')) OR (k.confupdtype IN ('c', 'n', 'd') AND EXISTS" \
	"     (SELECT FROM pg_attribute a WHERE a.attrelid = r.id AND a.attnum = ANY (k.confkey) AND a.attname = ANY (r.columns)))" \
	"    THEN ARRAY(SELECT a.attname FROM pg_attribute a WHERE a.attrelid = k.conrelid AND a.attnum = ANY (k.conkey)" \
	"     ORDER BY 1) ELSE '{}' END" \
	"   FROM pg_constraint k JOIN pg_class o ON o.oid = k.conrelid" \
	"   WHERE k.contype = 'f' AND k.confrelid = r.id AND k.conparentid = 0) AS t (id, role, named, deleted, columns)" \
	"  WHERE t.deleted OR t.columns <> '{}')"

/* FROM ... WHERE: their triggers t that fire, functions p, tables c and r. */
#define PVEXT_FIRED_TRIGGERS \
	" FROM reached AS r JOIN pg_class c ON c.oid = r.id JOIN pg_trigger t ON t.tgrelid = r.id" \
	"  JOIN pg_proc p ON p.oid = t.tgfoid" \
	" WHERE NOT t.tgisinternal AND t.tgparentid = 0 AND t.tgenabled IN ('O', 'A') AND (r.named OR t.tgtype & 1 <> 0)" \
	"  AND (r.deleted AND t.tgtype & 8 <> 0 OR r.columns <> '{}' AND t.tgtype & 16 <> 0" \
	"   AND (cardinality(t.tgattr::int2[]) = 0 OR EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = r.id" \
	"    AND a.attnum = ANY (t.tgattr) AND (a.attname = ANY (r.columns) OR a.attgenerated <> ''))))" \
	"  AND p.pronamespace <> 'pv'::regnamespace"

extern void pvext_check_triggers(PvextCheck *check);

#endif							/* PVEXT_FIRED_TRIGGER_H */
