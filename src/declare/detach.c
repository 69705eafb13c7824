/*
 * detach.c
 *		A partition or child that leaves a declared table takes its declarations along.
 *
 * After DETACH PARTITION or NO INHERIT the rows are persons' as before, but no statement on
 * the declared table reaches them.  The table that has left gets a copy of all that is
 * declared of the other one: as a subject, its links, columns, rules, blockers and its audit.
 * What leads to the other one, and may lead to rows that have left, leads to it as well:
 * links without a foreign key (twins of what there was, and the columns go by both), blockers
 * and clocks over its rows.  Holds and requests of its subjects move, and what
 * they have consented, objected or agreed to (moved_rows.c).  What was
 * declared of the table itself counts before all that.
 *
 * It is taken back when the table becomes a part again, and goes with it when it is dropped.
 *
 * All is called by the event triggers.
 */
#include "postgres.h"
#include "base/message.h"

#include "audit/audited.h"
#include "base/catalog.h"
#include "base/compat.h"
#include "base/event.h"
#include "base/guc.h"
#include "base/own_change.h"
#include "base/relation.h"
#include "base/result.h"
#include "base/secret.h"
#include "base/table_part.h"
#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "consent/moved_rows.h"
#include "declare/check.h"
#include "declare/detach.h"
#include "declare/orphan.h"
#include "declare/twin_link.h"
#include "map/key.h"
#include "miscadmin.h"
#include "nodes/parsenodes.h"

/* What is kept of a subject, in the order of move_claim()'s statements. */
typedef enum ClaimKind
{
	ERASURE,
	HOLD,
	PETITION
} ClaimKind;

/* A hold or request of a subject. */
typedef struct Claim
{
	ClaimKind	kind;
	char	   *id;
	char	   *key;
} Claim;

/* What is declared of the root; $1 the part's id, $2 the root's, $3 the part. */
static const char *const copies[] = {
	"INSERT INTO pv.declared_subject (relation_id, key, description, condition, bound, owner)"
	" SELECT $1, key, description, condition, bound, owner FROM pv.declared_subject WHERE relation_id = $2"
	" ON CONFLICT DO NOTHING",
	"INSERT INTO pv.declared_link (relation_id, name, columns, parent_id, parent_columns, condition, bound,"
	"  owner, on_erase, inherited, shared, expression, purposes, expression_bound, elements, ignore_case)"
	" SELECT $1, name, columns, parent_id, parent_columns, condition, bound, owner, on_erase, inherited,"
	"  shared, expression, purposes, expression_bound, elements, ignore_case"
	" FROM pv.declared_link WHERE relation_id = $2 ON CONFLICT DO NOTHING",
	"INSERT INTO pv.declared_personal (relation_id, column_name, paths, category, purposes, erase_with,"
	"  parameter, strategy, argument, owner, named)"
	" SELECT $1, column_name, paths, category, purposes, erase_with, parameter, strategy, argument, owner, named"
	" FROM pv.declared_personal AS d WHERE relation_id = $2"
	" AND NOT EXISTS (SELECT FROM pv.not_personal AS n WHERE n.relation_id = $1 AND n.column_name = d.column_name)"
	" ON CONFLICT DO NOTHING",
	"INSERT INTO pv.not_personal (relation_id, column_name, reason)"
	" SELECT $1, column_name, reason FROM pv.not_personal AS d WHERE relation_id = $2"
	" AND NOT EXISTS (SELECT FROM pv.declared_personal AS p WHERE p.relation_id = $1 AND p.column_name = d.column_name)"
	" ON CONFLICT DO NOTHING",
	"INSERT INTO pv.declared_not_link (relation_id, columns, reason)"
	" SELECT $1, columns, reason FROM pv.declared_not_link WHERE relation_id = $2 ON CONFLICT DO NOTHING",
	"INSERT INTO pv.redaction (relation_id, column_name, subject_digest, digest)"
	" SELECT $1, column_name, subject_digest, digest FROM pv.redaction WHERE relation_id = $2"
	" ON CONFLICT DO NOTHING",
	"INSERT INTO pv.audited (relation_id, enabled_by, always)"
	" SELECT $1, enabled_by, always FROM pv.audited WHERE relation_id = $2 ON CONFLICT DO NOTHING",
	"INSERT INTO pv.request_withheld (request, relation_id, columns, rows, ground, by, at)"
	" SELECT w.request, $1, w.columns, w.rows, w.ground, w.by, w.at FROM pv.request_withheld AS w"
	" JOIN pv.request_ledger AS r ON r.id = w.request"
	" WHERE w.relation_id = $2 AND r.answered_at IS NULL AND r.state <> 'cancelled'"
};

/* What belongs to the part's rows. */
#define BELOW \
	"WITH RECURSIVE below (id) AS (SELECT $1" \
	" UNION SELECT l.relation_id FROM below AS b JOIN pv.declared_link AS l ON l.parent_id = b.id) "

/*
 * What is declared of the root over another table, and of others over the root; $4 tells
 * the second from those that there are.  Where no row of the other table can belong to
 * the part's, as a foreign key says, a blocker is none, and a clock the other clock.  What is
 * on another server is not purged.
 */
static const char *const conditions[] = {
	BELOW "INSERT INTO pv.declared_blocker (relation_id, name, over_id, condition, bound, owner, reason, purposes)"
	" SELECT $1, name, over_id, condition, bound, owner, reason, purposes FROM pv.declared_blocker"
	" WHERE relation_id = $2 AND (over_id IS NULL OR over_id IN (SELECT id FROM below)) ON CONFLICT DO NOTHING",
	BELOW "INSERT INTO pv.declared_retention (relation_id, name, keep, after, after_bound, basis, columns,"
	"  mandatory, action, over_id, otherwise, otherwise_bound, time_zone, owner, state, condition,"
	"  condition_bound, through_id)"
	" SELECT $1, name, keep, CASE WHEN seen THEN after ELSE coalesce(otherwise, 'CAST(NULL AS timestamp)') END,"
	"  CASE WHEN seen THEN after_bound ELSE coalesce(otherwise_bound, 'CAST(NULL AS timestamp)') END, basis,"
	"  columns, mandatory, action, CASE WHEN seen THEN over_id END, CASE WHEN seen THEN otherwise END,"
	"  CASE WHEN seen THEN otherwise_bound END, time_zone, owner, state, condition, condition_bound,"
	"  CASE WHEN seen THEN through_id END"
	" FROM (SELECT t.*, over_id IS NULL OR through_id IS NOT NULL OR over_id IN (SELECT id FROM below) AS seen"
	"  FROM pv.declared_retention AS t WHERE relation_id = $2 AND (mandatory"
	"   OR EXISTS (SELECT FROM pg_class AS c WHERE c.oid = $3 AND c.relkind <> 'f'))) AS s ON CONFLICT DO NOTHING",
	"INSERT INTO pv.declared_blocker (relation_id, name, over_id, condition, bound, owner, reason, purposes)"
	" SELECT relation_id, name || $4, $1, condition, bound, owner, reason, purposes FROM pv.declared_blocker"
	" WHERE over_id = $2 ON CONFLICT DO NOTHING",
	"INSERT INTO pv.declared_retention (relation_id, name, keep, after, after_bound, basis, columns,"
	"  mandatory, action, over_id, otherwise, otherwise_bound, time_zone, owner, state, condition,"
	"  condition_bound, through_id)"
	" SELECT relation_id, name || $4, keep, after, after_bound, basis, columns, mandatory, action,"
	"  CASE over_id WHEN $2 THEN $1 ELSE over_id END, otherwise, otherwise_bound, time_zone, owner, state,"
	"  condition, condition_bound, CASE through_id WHEN $2 THEN $1 ELSE through_id END"
	" FROM pv.declared_retention"
	" WHERE $2 IN (over_id, through_id) AND otherwise IS NOT NULL ON CONFLICT DO NOTHING"
};

/*
 * What goes when the part is one of the root again: what is declared there, too.  It may
 * have had another name when what is over its rows was named after it.
 */
static const char *const returns[] = {
	"DELETE FROM pv.declared_subject WHERE relation_id = $1"
	" AND EXISTS (SELECT FROM pv.declared_subject WHERE relation_id = $2)",
	"DELETE FROM pv.declared_personal AS d WHERE relation_id = $1 AND column_name IN"
	" (SELECT column_name FROM pv.declared_personal WHERE relation_id = $2"
	"  UNION ALL SELECT column_name FROM pv.not_personal WHERE relation_id = $2)",
	"DELETE FROM pv.not_personal AS d WHERE relation_id = $1 AND column_name IN"
	" (SELECT column_name FROM pv.declared_personal WHERE relation_id = $2"
	"  UNION ALL SELECT column_name FROM pv.not_personal WHERE relation_id = $2)",
	"DELETE FROM pv.declared_not_link WHERE relation_id = $1"
	" AND columns IN (SELECT columns FROM pv.declared_not_link WHERE relation_id = $2)",
	"DELETE FROM pv.declared_retention WHERE relation_id = $1"
	" AND name IN (SELECT name FROM pv.declared_retention WHERE relation_id = $2)",
	"DELETE FROM pv.declared_blocker WHERE relation_id = $1"
	" AND name IN (SELECT name FROM pv.declared_blocker WHERE relation_id = $2)",
	"DELETE FROM pv.declared_retention AS d WHERE $1 IN (over_id, through_id) AND EXISTS (SELECT FROM pv.declared_retention AS o"
	"  WHERE o.relation_id = d.relation_id AND $2 IN (o.over_id, o.through_id) AND o.after_bound = d.after_bound"
	"  AND starts_with(d.name, o.name || ' ('))",
	"DELETE FROM pv.declared_blocker AS d WHERE over_id = $1 AND EXISTS (SELECT FROM pv.declared_blocker AS o"
	"  WHERE o.relation_id = d.relation_id AND o.over_id = $2 AND o.bound = d.bound"
	"  AND starts_with(d.name, o.name || ' ('))",
	"DELETE FROM pv.declared_link AS l WHERE " PVEXT_TWIN_OF_ROOT,
	/* columns that are the part's own may still go by its links */
	"DELETE FROM pv.declared_link AS d WHERE relation_id = $1"
	" AND NOT EXISTS (SELECT FROM pv.declared_personal WHERE relation_id = $1)"
	" AND name IN (SELECT name FROM pv.declared_link WHERE relation_id = $2)",
	"INSERT INTO pv.redaction (relation_id, column_name, subject_digest, digest)"
	" SELECT $2, column_name, subject_digest, digest FROM pv.redaction WHERE relation_id = $1"
	" ON CONFLICT DO NOTHING",
	"DELETE FROM pv.redaction AS d WHERE relation_id = $1 AND NOT EXISTS (SELECT FROM pv.declared_personal AS p"
	" WHERE p.relation_id = $1 AND p.column_name = d.column_name)",
	"DELETE FROM pv.audited WHERE relation_id = $1 AND EXISTS (SELECT FROM pv.audited WHERE relation_id = $2)",
	"DELETE FROM pv.part WHERE relation = $3 AND left_at IS NOT NULL"
};

/* What tells the name of a rule or blocker over the part's rows from the one over the root's. */
static char *
suffix_of(const PvextParting *parting)
{
	return psprintf(" (%s)", pvext_relation_name(parting->part));
}

/*
 * Holds and requests
 */

/* Those of a relation's subjects whose keys are known. */
static List *
list_claims(int32 relation_id)
{
	PvextArgs	args = {0};
	List	   *claims = NIL;

	pvext_arg_int4(&args, relation_id);
	StaticAssertStmt(ERASURE == 0 && HOLD == 1 && PETITION == 2, "the statement numbers them");
	(void) pvext_own("SELECT 0, CAST(id AS text), key FROM pv.erasure_ledger"
					 " WHERE relation_id = $1 AND key IS NOT NULL"
					 " UNION ALL SELECT 1, CAST(id AS text), key FROM pv.hold"
					 " WHERE relation_id = $1 AND released_at IS NULL AND key IS NOT NULL"
					 " UNION ALL SELECT 2, CAST(id AS text), key FROM pv.request_ledger"
					 " WHERE relation_id = $1 AND key IS NOT NULL ORDER BY 1, 2", &args);
	for (uint64 i = 0; i < SPI_processed; i++)
	{
		Claim	   *claim = palloc(sizeof(Claim));

		claim->kind = (ClaimKind) pvext_int(i, 1);
		claim->id = pvext_value(i, 2);
		claim->key = pvext_value(i, 3);
		claims = lappend(claims, claim);
	}
	return claims;
}

/* It is about the same person, of a row that is another table's now. */
static void
move_claim(const Claim *claim, int32 relation_id)
{
	static PvextStatement move[] = {
		[ERASURE] = {"UPDATE pv.erasure_ledger SET relation_id = $2, subject_digest = $3,"
			" former_digest = CASE WHEN former_digest = subject_digest THEN $3 ELSE former_digest END"
		" WHERE id = CAST($1 AS uuid)", NULL},
		[HOLD] = {"UPDATE pv.hold SET relation_id = $2, subject_digest = $3 WHERE id = CAST($1 AS bigint)", NULL},
		[PETITION] = {"UPDATE pv.request_ledger SET relation_id = $2, subject_digest = $3 WHERE id = CAST($1 AS uuid)", NULL}
	};
	PvextArgs	args = {0};

	pvext_arg_text(&args, claim->id);
	pvext_arg_int4(&args, relation_id);
	pvext_arg(&args, BYTEAOID, PointerGetDatum(pvext_subject_digest(relation_id, claim->key)), false);
	(void) pvext_own_change(&move[claim->kind], &args);
}

/* Those of the root's subjects whose rows have left go with them. */
static void
carry_over_claims(const PvextParting *parting)
{
	List	   *claims = list_claims(parting->root_id);
	PvextTable *subject = pvext_map_table(pvext_map(), parting->part);
	ListCell   *lc;

	if (subject == NULL || !subject->is_subject)
		return;
	foreach(lc, claims)
	{
		Claim	   *claim = lfirst(lc);

		if (pvext_find_subject(subject, claim->key, PVEXT_TO_LOOK) != NULL)
			move_claim(claim, parting->part_id);
	}
	pvext_move_consents(parting->root_id, parting->part_id, subject);
}

/*
 * Leaving and coming back
 */

/*
 * A clock over the root's rows that gives no end where it sees none cannot be had twice:
 * the rule waits until somebody has looked at it (check_clocks() of table_part.c).
 */
static void
carry_over_clocks(const PvextParting *parting)
{
	pvext_run_parting("UPDATE pv.declared_retention AS t SET state = 'proposed' FROM pv.relation AS r"
		" WHERE $2 IN (t.over_id, t.through_id) AND t.otherwise IS NULL AND t.state = 'active' AND r.id = t.relation_id"
		" RETURNING t.name, format('%I.%I', r.schema, r.name)", parting, NULL);
	for (uint64 i = 0; i < SPI_processed; i++)
		ereport(WARNING,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("retention rule \"%s\" of %s is only proposed again: its clock does not see the rows of %s",
						pvext_value(i, 1), pvext_value(i, 2), pvext_relation_name(parting->part)),
				 errhint("Declare it again with otherwise, and another one over that table; or activate it as it is.")));
}

/* Carry over what is declared of the root; returns what is wrong with it there. */
static List *
carry_over(PvextParting *parting)
{
	char	   *part = pvext_relation_name(parting->part);

	parting->part_id = pvext_register_relation(parting->part);
	for (int i = 0; i < lengthof(copies); i++)
		pvext_run_parting(copies[i], parting, NULL);
	pvext_add_twins(parting);
	for (int i = 0; i < lengthof(conditions); i++)
		pvext_run_parting(conditions[i], parting, suffix_of(parting));
	carry_over_clocks(parting);
	carry_over_claims(parting);
	pvext_run_parting("UPDATE pv.part SET left_at = now() WHERE relation = $3 AND relation_id = $2",
		parting, NULL);
	pvext_record_event(psprintf("detach(%s, %s)", pvext_relation_name(parting->root), part), NULL);
	ereport(WARNING,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("data map: %s has left %s and takes along what is declared of it", part,
					pvext_relation_name(parting->root)),
			 errhint("Erasures reach it as a table of its own; pv.check_map() says if anything is missing.")));
	return pvext_check_relation(parting->part_id, false, NIL);
}

/* A table that had left is a part again. */
static void
come_back(const PvextParting *parting)
{
	ListCell   *lc;

	foreach(lc, list_claims(parting->part_id))
		move_claim(lfirst(lc), parting->root_id);
	pvext_move_consents(parting->part_id, parting->root_id, NULL);
	pvext_remove_twins(parting);
	for (int i = 0; i < lengthof(returns); i++)
		pvext_run_parting(returns[i], parting, NULL);
	pvext_record_event(psprintf("attach(%s, %s)", pvext_relation_name(parting->root),
								pvext_relation_name(parting->part)), NULL);
	ereport(NOTICE,
			(errmsg("%s is a part of %s again: what had been carried over to it goes by what is declared there",
					pvext_relation_name(parting->part), pvext_relation_name(parting->root))));
}

/* The rows of the last result, (part, part_id, root, root_id), as PvextPartings. */
static List *
list_partings(void)
{
	List	   *list = NIL;

	for (uint64 i = 0; i < SPI_processed; i++)
	{
		PvextParting    *parting = palloc0(sizeof(PvextParting));

		parting->part = (Oid) pvext_int(i, 1);
		parting->part_id = (int32) pvext_int(i, 2);
		parting->root = (Oid) pvext_int(i, 3);
		parting->root_id = (int32) pvext_int(i, 4);
		list = lappend(list, parting);
	}
	return list;
}

/*
 * The tables that have left, by the command at hand or unseen before.  Those that are still
 * below one of them are reached through it, and forgotten, as are those that nothing is
 * declared of.
 */
static List *
list_former(void)
{
	static PvextStatement any = {PVEXT_PARTS " SELECT" PVEXT_FORMER_PARTS " LIMIT 1", NULL};

	if (pvext_own_kept(&any, NULL) == 0)
		return NIL;
	(void) pvext_own(PVEXT_PARTS ", former AS (SELECT CAST(p.relation AS oid) AS part, p.relation_id AS id,"
					 " " PVEXT_IS_DECLARED " AS declared" PVEXT_FORMER_PARTS ")"
					 " DELETE FROM pv.part AS d USING former AS f WHERE d.relation = f.part AND d.relation_id = f.id"
					 " AND (NOT f.declared OR EXISTS (SELECT FROM pg_inherits AS i JOIN former AS o"
					 "  ON o.part = i.inhparent AND o.id = f.id WHERE i.inhrelid = f.part))", NULL);
	(void) pvext_own(PVEXT_PARTS " SELECT CAST(p.relation AS oid), 0, CAST(r.relation AS oid), r.id"
					 PVEXT_FORMER_PARTS " ORDER BY CAST(p.relation AS text), r.id", NULL);
	return list_partings();
}

/* Tables that had left one table, and are parts of it or another again. */
static List *
list_returned(void)
{
	static PvextStatement any = {"SELECT FROM pv.part WHERE left_at IS NOT NULL LIMIT 1", NULL};

	if (pvext_own_kept(&any, NULL) == 0)
		return NIL;
	(void) pvext_own(PVEXT_PARTS " SELECT DISTINCT ON (n.id) t.relation, n.id, CAST(r.relation AS oid), r.id"
					 " FROM tree AS t JOIN pv.relation AS n ON n.relation = t.relation"
					 " JOIN pv.relation AS r ON r.id = t.id"
					 " WHERE (SELECT count(*) FROM pv.part AS p WHERE p.relation = t.relation AND p.left_at IS NOT NULL) = 1"
					 " AND " PVEXT_IS_DECLARED " ORDER BY n.id, r.id", NULL);
	return list_partings();
}

/* Does the command detach a partition in two transactions, of which the first has been committed? */
bool
pvext_is_half_detached(Node *parsetree)
{
	ListCell   *lc;

	if (!IsA(parsetree, AlterTableStmt))
		return false;
	foreach(lc, ((AlterTableStmt *) parsetree)->cmds)
	{
		AlterTableCmd *cmd = lfirst_node(AlterTableCmd, lc);

		if (cmd->subtype == AT_DetachPartitionFinalize ||
			(cmd->subtype == AT_DetachPartition && castNode(PartitionCmd, cmd->def)->concurrent))
			return true;
	}
	return false;
}

/* With strict DDL nothing leaves a table that is declared. */
static void
refuse(const char *part, const char *root)
{
	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("table %s cannot leave %s because that is declared in the data map", part, root),
			 errhint("Set pvext.strict_ddl to off: the declarations are then carried over.")));
}

/*
 * After a command that may have changed what is a part of what.  Returns what is wrong with
 * the declarations that were carried over.  With strict DDL nothing leaves, unless it is too
 * late for that.
 */
List *
pvext_follow_parts(Node *parsetree)
{
	List	   *findings = NIL;
	ListCell   *lc;

	foreach(lc, list_former())
	{
		PvextParting    *parting = lfirst(lc);

		if (pvext_strict_ddl && !pvext_is_half_detached(parsetree))
			refuse(pvext_relation_name(parting->part), pvext_relation_name(parting->root));
		findings = list_concat(findings, carry_over(parting));
	}
	foreach(lc, list_returned())
		come_back(lfirst(lc));
	return findings;
}

/* After a DROP: what was carried over goes with the tables. */
void
pvext_forget_parts(void)
{
	ListCell   *lc;

	(void) pvext_own("SELECT DISTINCT ON (r.id) d.objid, r.id, 0, p.relation_id FROM pg_event_trigger_dropped_objects() AS d"
					 " JOIN pv.relation AS r ON r.relation = d.objid JOIN pv.part AS p ON p.relation = d.objid"
					 " WHERE d.classid = 'pg_class'::regclass AND d.objsubid = 0 AND p.left_at IS NOT NULL"
					 " ORDER BY r.id, p.relation_id", NULL);
	foreach(lc, list_partings())
	{
		PvextParting *parting = lfirst(lc);

		/* the root's check_map() tells of those who said something and have no row */
		pvext_move_consents(parting->part_id, parting->root_id, NULL);
		parting->root_id = 0;
		pvext_remove_twins(parting);
		pvext_delete_declarations(parting->part_id);
		pvext_run_parting("DELETE FROM pv.audited WHERE relation_id = $1", lfirst(lc), NULL);
		pvext_run_parting("DELETE FROM pv.redaction WHERE relation_id = $1", lfirst(lc), NULL);
	}
	(void) pvext_own("DELETE FROM pv.part AS p USING pg_event_trigger_dropped_objects() AS d"
					 " WHERE d.classid = 'pg_class'::regclass AND d.objsubid = 0 AND p.relation = d.objid", NULL);
}

/*
 * Before ATTACH PARTITION, which makes the triggers of the audit and finds those that were
 * carried over: these go.  The command may still fail, and they are there again.
 */
static void
make_way_for_triggers(Oid root, Oid part)
{
	PvextScope	scope;
	PvextArgs	args = {0};

	if (!pvext_owns_relation(root, GetUserId()) || !pvext_owns_relation(part, GetUserId()))
		return;					/* neither may attach them */
	pvext_enter(&scope);
	pvext_arg_oid(&args, OIDOID, part);
	if (pvext_own("SELECT FROM pv.part WHERE relation = $1 AND left_at IS NOT NULL", &args) > 0 &&
		pvext_has_row_trigger(root))
		pvext_drop_row_trigger(part);
	pvext_leave(&scope);
}

/* With strict DDL no partition is detached in two transactions, the second of which is too late. */
static void
refuse_half_detached(Oid root, const char *part)
{
	PvextScope	scope;
	PvextArgs	args = {0};

	pvext_enter(&scope);
	pvext_arg_oid(&args, OIDOID, root);
	if (pvext_own(PVEXT_PARTS " SELECT FROM pv.relation AS r WHERE (r.relation = $1"
				  "  OR r.id IN (SELECT t.id FROM tree AS t WHERE t.relation = $1)) AND " PVEXT_IS_DECLARED, &args) > 0)
		refuse(part, pvext_relation_name(root));
	pvext_leave(&scope);
}

/* Before an ALTER TABLE, under the caller's search_path: not between pvext_enter() and pvext_leave(). */
void
pvext_prepare_parts(AlterTableStmt *stmt)
{
	Oid			root = RangeVarGetRelid(stmt->relation, NoLock, true);
	ListCell   *lc;

	foreach(lc, OidIsValid(root) ? stmt->cmds : NIL)
	{
		AlterTableCmd *cmd = lfirst_node(AlterTableCmd, lc);
		PartitionCmd *command = (PartitionCmd *) cmd->def;

		if (cmd->subtype == AT_DetachPartition && command->concurrent && pvext_strict_ddl)
			refuse_half_detached(root, command->name->relname);
		if (cmd->subtype == AT_AttachPartition)
		{
			Oid			part = RangeVarGetRelid(command->name, NoLock, true);

			if (OidIsValid(part))
				make_way_for_triggers(root, part);
		}
	}
}
