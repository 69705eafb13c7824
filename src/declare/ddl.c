/*
 * ddl.c
 *		Event triggers: the data map follows what DDL does to its tables.
 *
 * After a command, new names are taken over, tables that return take up their
 * declarations, and what was changed is checked again.  What no longer fits is
 * a WARNING; only with pvext.strict_ddl is it an ERROR, and nothing else that
 * happens here stops a command.
 *
 * The command is anybody's, who has no rights in pv: what is read and written
 * there is with pvext_own().  CREATE EXTENSION, pg_upgrade and the restore of a
 * dump (which sets check_function_bodies off) put objects together in an order
 * of their own and are not checked.
 */
#include "postgres.h"
#include "base/message.h"

#include "audit/audited.h"
#include "base/catch.h"
#include "base/compat.h"
#include "base/guc.h"
#include "base/identity.h"
#include "base/own_change.h"
#include "base/relation.h"
#include "base/result.h"
#include "base/spi.h"
#include "catalog/namespace.h"
#include "catalog/pg_inherits.h"
#include "code/fired_trigger.h"
#include "commands/event_trigger.h"
#include "commands/extension.h"
#include "declare/always_trigger.h"
#include "declare/check.h"
#include "declare/coverage.h"
#include "declare/detach.h"
#include "declare/orphan.h"
#include "declare/replica_identity.h"
#include "declare/stored_expression.h"
#include "declare/writable.h"
#include "fmgr.h"
#include "map/stand_in.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/snapmgr.h"

PG_FUNCTION_INFO_V1(pvext_ddl_command_start);
PG_FUNCTION_INFO_V1(pvext_ddl_command_end);
PG_FUNCTION_INFO_V1(pvext_sql_drop);

/* As many names of a table are kept that it had before. */
#define MAX_FORMER_NAMES 8

/* A command, and what is to be said about it. */
typedef struct Command
{
	Node	   *parsetree;
	List	   *findings;		/* PvextFinding */
} Command;

/* An expression that is to follow a new name. */
typedef struct Following
{
	PvextRenaming renaming;
	PvextStored *stored;
} Following;

/*
 * Must the map be left alone?  So it must while an extension's script runs, in
 * pg_upgrade, by what pvext itself does here, and when it is being dropped.
 */
static bool
is_inactive(void)
{
	Oid			schema;

	if (creating_extension || IsBinaryUpgrade || pvext_is_keeping_always())
		return true;
	schema = get_namespace_oid("pv", true);
	return !OidIsValid(schema) || !OidIsValid(get_relname_relid("relation", schema)) ||
		!OidIsValid(get_relname_relid("declared_retention", schema));
}

/* Raise what was found: as errors where DDL is strict. */
static void
raise_findings(List *findings, bool strict)
{
	ListCell   *lc;

	foreach(lc, findings)
	{
		PvextFinding *finding = lfirst(lc);

		ereport(strict ? ERROR : WARNING,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 finding->column ?
				 errmsg("data map: %s, column \"%s\": %s", finding->relation,
						finding->column, finding->problem) :
				 errmsg("data map: %s: %s", finding->relation, finding->problem),
				 finding->hint ? errhint("%s", finding->hint) : 0));
	}
}

/*
 * Do what a command asks for, with the errors of doing it turned into a
 * WARNING unless DDL is strict.  One whose first half has been committed is never
 * stopped: it could not be finished any more; nor is REVOKE, which doesn't say what
 * it is about.
 */
static void
follow_command(void (*follow) (void *), Node *parsetree)
{
	Command		command = {parsetree, NIL};
	bool		strict = pvext_strict_ddl && !pvext_is_half_detached(parsetree) &&
		!IsA(parsetree, GrantStmt);
	PvextScope	scope;
	ErrorData  *error;

	pvext_enter(&scope);
	error = pvext_try(follow, &command);
	if (error && strict)
		ReThrowError(error);
	if (error)
		ereport(WARNING,
				(errcode(error->sqlerrcode),
				 errmsg("the data map could not follow the command: %s", error->message),
				 errhint("See pv.check_map().")));
	raise_findings(command.findings, strict);
	pvext_leave(&scope);
}

/*
 * A table of an orphan's name and owner takes up its declarations, which are checked;
 * one of another owner does not, which is said.
 */
static void
take_up_orphans(Command *command)
{
	ListCell   *lc;

	foreach(lc, pvext_take_up_orphans(false))
		command->findings = list_concat(command->findings,
										pvext_check_relation(lfirst_int(lc), true, NIL));
	command->findings = list_concat(command->findings, pvext_strange_namesakes());
	command->findings = list_concat(command->findings, pvext_stand_ins(false));
}

/* Does the command give a table to another role? */
static bool
changes_owner(Node *parsetree)
{
	ListCell   *lc;

	if (!IsA(parsetree, AlterTableStmt))
		return IsA(parsetree, ReassignOwnedStmt);
	foreach(lc, ((AlterTableStmt *) parsetree)->cmds)
		if (lfirst_node(AlterTableCmd, lc)->subtype == AT_ChangeOwner)
			return true;
	return false;
}

/* What is not to be handed out is not under another name either. */
static void
rename_withheld(int32 relation_id, PvextRenaming *renaming)
{
	static PvextStatement update = {
		"UPDATE pv.request_withheld AS w SET columns = array_replace(columns, $2, $3) FROM pv.request_ledger AS r"
		" WHERE w.relation_id = $1 AND $2 = ANY (w.columns) AND r.id = w.request"
		" AND r.answered_at IS NULL AND r.state <> 'cancelled'", NULL
	};
	PvextArgs	args = {0};

	pvext_arg_int4(&args, relation_id);
	pvext_arg_name(&args, renaming->oldname);
	pvext_arg_name(&args, renaming->newname);
	(void) pvext_own_change(&update, &args);
}

/*
 * Let the declarations of a column follow its new name.  What is declared
 * under the new name is left over from a column that has been dropped.
 */
static void
rename_declared(int32 relation_id, PvextRenaming *renaming)
{
	static const char *const updates[] = {
		"DELETE FROM pv.declared_personal WHERE relation_id = $1 AND column_name = $3"
		" AND (EXISTS (SELECT FROM pv.declared_personal WHERE relation_id = $1 AND column_name = $2)"
		"  OR EXISTS (SELECT FROM pv.not_personal WHERE relation_id = $1 AND column_name = $2))",
		"DELETE FROM pv.not_personal WHERE relation_id = $1 AND column_name = $3",
		"DELETE FROM pv.redaction WHERE relation_id = $1 AND column_name = $3",
		"UPDATE pv.declared_personal SET column_name = $3 WHERE relation_id = $1 AND column_name = $2",
		"UPDATE pv.not_personal SET column_name = $3 WHERE relation_id = $1 AND column_name = $2",
		"UPDATE pv.redaction SET column_name = $3 WHERE relation_id = $1 AND column_name = $2",
		"UPDATE pv.declared_subject SET key = array_replace(key, $2, $3)"
		" WHERE relation_id = $1 AND $2 = ANY (key)",
		"UPDATE pv.declared_link SET columns = array_replace(columns, $2, $3)"
		" WHERE relation_id = $1 AND $2 = ANY (columns)",
		"UPDATE pv.declared_link SET parent_columns = array_replace(parent_columns, $2, $3)"
		" WHERE parent_id = $1 AND $2 = ANY (parent_columns)",
		"UPDATE pv.declared_not_link SET columns = array_replace(columns, $2, $3)"
		" WHERE relation_id = $1 AND $2 = ANY (columns)",
		"UPDATE pv.declared_retention SET columns = array_replace(columns, $2, $3)"
		" WHERE relation_id = $1 AND $2 = ANY (columns)"
	};

	for (int i = 0; i < lengthof(updates); i++)
	{
		PvextArgs	args = {0};

		pvext_arg_int4(&args, relation_id);
		pvext_arg_name(&args, renaming->oldname);
		pvext_arg_name(&args, renaming->newname);
		(void) pvext_own(updates[i], &args);
	}
	rename_withheld(relation_id, renaming);
}

/* Does an expression still bind?  For pvext_try(). */
static void
bind_expression(void *arg)
{
	(void) pvext_rebind_stored(arg, NULL, true);
}

/* Let one expression follow; for pvext_try(). */
static void
rename_in_expression(void *arg)
{
	Following  *following = arg;
	char	   *bound = pvext_rebind_stored(following->stored, &following->renaming, true);
	char	   *text = pvext_rebind_stored(following->stored, &following->renaming, false);

	pvext_update_stored(following->stored, bound, text);
}

/*
 * Let expressions follow a new name.  Any blocker may name the column or table
 * in a subquery, so all are looked at.  What still binds as it is stays as its
 * author wrote it; what cannot be bound is found by the checks.
 */
static void
rename_in_expressions(PvextRenaming *renaming)
{
	Following	following = {*renaming, NULL};
	ListCell   *lc;

	foreach(lc, pvext_stored_expressions(0))
	{
		following.stored = lfirst(lc);
		if ((following.stored->kind == PVEXT_BLOCKER_CONDITION ||
			 following.stored->relid == renaming->relid) &&
			pvext_try(bind_expression, following.stored) != NULL)
			(void) pvext_try(rename_in_expression, &following);
	}
}

/* ALTER TABLE ... RENAME COLUMN, the columns of children included. */
static void
follow_column(RenameStmt *stmt)
{
	ListCell   *lc;
	PvextRenaming renaming = {InvalidOid, NULL, stmt->subname, stmt->newname};

	if (pvext_own("SELECT objid FROM pg_event_trigger_ddl_commands()"
				  " WHERE classid = 'pg_class'::regclass AND objsubid > 0", NULL) == 0)
		return;

	/* The command has locked them all, and keeps the locks. */
	foreach(lc, find_all_inheritors((Oid) pvext_int(0, 1), NoLock, NULL))
	{
		int32		relation_id = pvext_relation_id(lfirst_oid(lc));

		renaming.relid = lfirst_oid(lc);
		if (relation_id != 0)
			rename_declared(relation_id, &renaming);
		rename_in_expressions(&renaming);
	}
}

/*
 * Take over the names that tables have now, also in expressions.  Writes only
 * where one differs, since the command may run in a read-only transaction (a
 * temporary table).
 */
static void
refresh_names(void)
{
	static PvextStatement find = {
		"SELECT c.oid, r.schema, r.name FROM pv.relation r"
		" JOIN pg_class c ON c.oid = r.relation"
		" JOIN pg_namespace n ON n.oid = c.relnamespace"
		" WHERE (r.schema, r.name) <> (n.nspname, c.relname)", NULL
	};
	uint64		n = pvext_own_kept(&find, NULL);
	PvextRenaming *renamed = palloc0(sizeof(PvextRenaming) * Max(n, 1));

	if (n == 0)
		return;
	for (uint64 i = 0; i < n; i++)
	{
		renamed[i].relid = (Oid) pvext_int(i, 1);
		renamed[i].oldschema = pvext_value(i, 2);
		renamed[i].oldname = pvext_value(i, 3);
	}
	(void) pvext_own("UPDATE pv.relation r SET schema = n.nspname, name = c.relname,"
					 " former = (array_append(array_remove(array_remove(r.former, format('%I.%I', n.nspname, c.relname)),"
					 "   format('%I.%I', r.schema, r.name)), format('%I.%I', r.schema, r.name)))"
					 "  [greatest(1, cardinality(r.former) + 2 - " CppAsString2(MAX_FORMER_NAMES) "):]"
					 " FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
					 " WHERE c.oid = r.relation"
					 " AND (r.schema, r.name) <> (n.nspname, c.relname)", NULL);
	for (uint64 i = 0; i < n; i++)
		rename_in_expressions(&renamed[i]);
}

/* The columns that an ALTER TABLE adds. */
static List *
added_columns(Node *parsetree)
{
	List	   *names = NIL;
	ListCell   *lc;

	if (!IsA(parsetree, AlterTableStmt))
		return NIL;
	foreach(lc, ((AlterTableStmt *) parsetree)->cmds)
	{
		AlterTableCmd *cmd = lfirst_node(AlterTableCmd, lc);

		if (cmd->subtype == AT_AddColumn && cmd->def && IsA(cmd->def, ColumnDef))
			names = lappend(names, ((ColumnDef *) cmd->def)->colname);
	}
	return names;
}

/* Does the command make a table a child of others, or let it come to be so? */
static bool
adds_child(Node *parsetree)
{
	ListCell   *lc;

	if (IsA(parsetree, CreateStmt))
		return ((CreateStmt *) parsetree)->inhRelations != NIL &&
			((CreateStmt *) parsetree)->partbound == NULL;
	if (IsA(parsetree, AlterTableStmt))
		foreach(lc, ((AlterTableStmt *) parsetree)->cmds)
			if (lfirst_node(AlterTableCmd, lc)->subtype == AT_AddInherit)
				return true;
	return false;
}

/* Columns that a command has given to the child of a mapped table, or with it. */
static void
check_child_columns(Command *command)
{
	List	   *added = added_columns(command->parsetree);
	List	   *relids = NIL;
	ListCell   *lc;

	if (added == NIL && !adds_child(command->parsetree))
		return;
	(void) pvext_own("SELECT DISTINCT d.objid FROM pg_event_trigger_ddl_commands() AS d"
					 " JOIN pg_inherits AS h ON h.inhrelid = d.objid"
					 " JOIN pg_class AS c ON c.oid = d.objid AND NOT c.relispartition"
					 " WHERE d.classid = CAST('pg_class' AS regclass) ORDER BY 1", NULL);
	for (uint64 i = 0; i < SPI_processed; i++)
		relids = lappend_oid(relids, (Oid) pvext_int(i, 1));
	foreach(lc, relids)
		command->findings = list_concat(command->findings,
										pvext_columns_of_child(lfirst_oid(lc), added));
}

/*
 * Check the mapped relations, and those of indexes, that the command altered, and children of
 * what it altered: what is done to a parent's columns is done to theirs.  And those that they
 * are children of, by which their rows are reached.
 */
static void
check_altered(Command *command)
{
	List	   *ids = NIL;
	ListCell   *lc;

	(void) pvext_own("WITH RECURSIVE altered (relid) AS ("
					 " SELECT coalesce(i.indrelid, d.objid) FROM pg_event_trigger_ddl_commands() d"
					 "  LEFT JOIN pg_index i ON i.indexrelid = d.objid WHERE d.classid = 'pg_class'::regclass),"
					 " down (relid) AS (SELECT relid FROM altered"
					 " UNION SELECT c.oid FROM down JOIN pg_inherits h ON h.inhparent = down.relid"
					 "  JOIN pg_class c ON c.oid = h.inhrelid AND NOT c.relispartition),"
					 " up (relid) AS (SELECT relid FROM altered"
					 " UNION SELECT h.inhparent FROM up JOIN pg_inherits h ON h.inhrelid = up.relid"
					 "  JOIN pg_class c ON c.oid = h.inhrelid AND NOT c.relispartition)"
					 " SELECT r.id FROM pv.relation r WHERE r.relation IN"
					 "  (SELECT relid FROM down UNION SELECT relid FROM up) ORDER BY r.id", NULL);
	for (uint64 i = 0; i < SPI_processed; i++)
		ids = lappend_int(ids, (int) pvext_int(i, 1));
	foreach(lc, ids)
		command->findings = list_concat(command->findings,
										pvext_check_relation(lfirst_int(lc), false,
															 added_columns(command->parsetree)));
	check_child_columns(command);
}

/* Tables that the command may have made impossible to erase, by what is published. */
static List *
check_published(Node *parsetree)
{
	switch (nodeTag(parsetree))
	{
		case T_CreatePublicationStmt:
		case T_AlterPublicationStmt:
			return pvext_check_replica_of_command(PVEXT_REPLICA_ALL);
		case T_CreateStmt:
		case T_CreateSchemaStmt:
		case T_AlterTableStmt:
		case T_AlterObjectSchemaStmt:
			return pvext_check_replica_of_command(PVEXT_REPLICA_NAMED);
		default:
			return NIL;
	}
}

/* What a command asks for; for pvext_try(). */
static void
follow_ddl(void *arg)
{
	Command    *command = arg;

	pvext_refresh_owners(false);
	if (changes_owner(command->parsetree))
		take_up_orphans(command);
	switch (nodeTag(command->parsetree))
	{
		case T_CreateStmt:
		case T_CreateTableAsStmt:
		case T_CreateSchemaStmt:
			take_up_orphans(command);
			pvext_complete_audit();
			if (adds_child(command->parsetree))
				check_altered(command);
			break;
		case T_AlterTableStmt:
			if (pvext_enables_triggers(command->parsetree))
				pvext_keep_always();
			command->findings = list_concat(command->findings,
											pvext_follow_parts(command->parsetree));
			pvext_complete_audit();
			/* FALLTHROUGH */
		case T_IndexStmt:
			check_altered(command);
			break;
		case T_RenameStmt:
			if (((RenameStmt *) command->parsetree)->renameType == OBJECT_COLUMN)
				follow_column((RenameStmt *) command->parsetree);
			/* FALLTHROUGH */
		case T_AlterObjectSchemaStmt:
			refresh_names();
			take_up_orphans(command);
			/* FALLTHROUGH */
		case T_ReassignOwnedStmt:
			command->findings = list_concat(command->findings, pvext_check_expressions());
			break;
		case T_AlterDomainStmt:
			command->findings = list_concat(command->findings, pvext_check_domain());
			break;
		case T_GrantStmt:
			command->findings = pvext_errors_of(pvext_check_writable, false);
			break;
		case T_RuleStmt:
			command->findings = pvext_errors_of(pvext_check_writable, true);
			break;
		case T_CreateTrigStmt:
			command->findings = pvext_errors_of(pvext_check_triggers, true);
			break;
		default:
			break;
	}
	command->findings = list_concat(command->findings, check_published(command->parsetree));
	pvext_note_parts();
}

/*
 * The same for the restore of a dump, of which nothing is said; for pvext_try().  Who owned
 * the tables before stays on record until pv.resume().
 */
static void
follow_restore(void *arg)
{
	Command    *command = arg;

	if (pvext_enables_triggers(command->parsetree))
		pvext_keep_always();
	if (pvext_may_act())
		pvext_refresh_owners(false);
	refresh_names();
	(void) pvext_take_up_orphans(false);
}

/* Can the command concern the map? */
static bool
is_relevant(Node *parsetree)
{
	switch (nodeTag(parsetree))
	{
		case T_IndexStmt:
			return ((IndexStmt *) parsetree)->unique;
		case T_CreateStmt:
		case T_CreateTableAsStmt:
		case T_CreateSchemaStmt:
		case T_AlterTableStmt:
		case T_RenameStmt:
		case T_AlterObjectSchemaStmt:
		case T_ReassignOwnedStmt:
		case T_CreatePublicationStmt:
		case T_AlterPublicationStmt:
		case T_AlterDomainStmt:
		case T_RuleStmt:
			return true;
		case T_GrantStmt:
			return !((GrantStmt *) parsetree)->is_grant;
		case T_CreateTrigStmt:
			return !pvext_is_changing_audit();
		default:
			return false;
	}
}

/* What the event trigger was called with; raises where it is called otherwise. */
static EventTriggerData *
event_data(FunctionCallInfo fcinfo, const char *name)
{
	if (!CALLED_AS_EVENT_TRIGGER(fcinfo))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_EVENT_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("function \"%s\" was not called by event trigger manager", name)));
	return (EventTriggerData *) fcinfo->context;
}

/* Is anything declared? */
static bool
is_mapped(void)
{
	static PvextStatement find = {"SELECT FROM pv.relation LIMIT 1", NULL};
	PvextScope	scope;
	bool		result;

	pvext_enter(&scope);
	result = pvext_own_kept(&find, NULL) > 0;
	pvext_leave(&scope);
	return result;
}

/*
 * Event trigger on ddl_command_start, for what is too late when a command has ended:
 * ATTACH PARTITION would find triggers that it is to make, and half of a DETACH
 * CONCURRENTLY would be committed.
 */
Datum
pvext_ddl_command_start(PG_FUNCTION_ARGS)
{
	EventTriggerData *data = event_data(fcinfo, "ddl_command_start");

	if (IsA(data->parsetree, AlterTableStmt) && !is_inactive() && check_function_bodies)
		pvext_prepare_parts((AlterTableStmt *) data->parsetree);
	PG_RETURN_NULL();
}

/*
 * Event trigger on ddl_command_end.  A command that has committed in between leaves no
 * snapshot.  It is run for every command of everybody's: most are told apart by their
 * parse tree alone, before anything is looked up.
 */
Datum
pvext_ddl_command_end(PG_FUNCTION_ARGS)
{
	EventTriggerData *data = event_data(fcinfo, "ddl_command_end");
	bool		pushed;

	if (!is_relevant(data->parsetree))
		PG_RETURN_NULL();
	pushed = pvext_ensure_snapshot();
	if (!is_inactive() && is_mapped())
		follow_command(check_function_bodies ? follow_ddl : follow_restore,
					   data->parsetree);
	if (pushed)
		PopActiveSnapshot();
	PG_RETURN_NULL();
}

/* With strict DDL nothing goes that a declaration names. */
static void
refuse_drop(void)
{
	if (pvext_own("SELECT format('%I.%I', r.schema, r.name), d.column_name"
				  " FROM (SELECT objid, CASE WHEN objsubid > 0 THEN address_names[3] END::name"
				  "   AS column_name FROM pg_event_trigger_dropped_objects()"
				  "   WHERE classid = 'pg_class'::regclass) d"
				  " JOIN pv.relation r ON r.relation = d.objid"
				  " WHERE EXISTS (SELECT FROM pv.declared_subject WHERE relation_id = r.id"
				  "   AND (d.column_name IS NULL OR d.column_name = ANY (key)))"
				  " OR EXISTS (SELECT FROM pv.declared_link WHERE relation_id = r.id"
				  "   AND (d.column_name IS NULL OR d.column_name = ANY (columns)))"
				  " OR EXISTS (SELECT FROM pv.declared_link WHERE parent_id = r.id"
				  "   AND (d.column_name IS NULL OR d.column_name = ANY (parent_columns)))"
				  " OR EXISTS (SELECT FROM pv.declared_personal WHERE relation_id = r.id"
				  "   AND (d.column_name IS NULL OR d.column_name = pv.declared_personal.column_name))"
				  " OR EXISTS (SELECT FROM pv.declared_retention WHERE relation_id = r.id"
				  "   AND (d.column_name IS NULL OR d.column_name = ANY (columns)))"
				  " ORDER BY 1, 2", NULL) > 0)
	{
		char	   *column = pvext_value(0, 2);

		ereport(ERROR,
				(errcode(ERRCODE_DEPENDENT_OBJECTS_STILL_EXIST),
				 column ?
				 errmsg("cannot drop column \"%s\" of table %s because it is declared in the data map",
						column, pvext_value(0, 1)) :
				 errmsg("cannot drop table %s because it is declared in the data map",
						pvext_value(0, 1)),
				 errhint("Undeclare it first, or set pvext.strict_ddl to off.")));
	}
}

/*
 * Dropped tables leave their declarations as orphans; for pvext_try().  So do
 * dropped columns, but for those that aren't personal or no link: one that comes
 * under the same name later is to be looked at again.
 */
static void
follow_drop(void *arg)
{
	Command    *command = arg;

	if (IsA(command->parsetree, DropStmt) &&
		pvext_own("SELECT FROM pg_event_trigger_dropped_objects() AS d WHERE d.object_type = 'index'", NULL) > 0)
		command->findings = pvext_check_replica_of_command(PVEXT_REPLICA_INDEX);
	if (pvext_own("SELECT FROM pg_event_trigger_dropped_objects() d"
				  " JOIN pv.relation r ON r.relation = d.objid"
				  " WHERE d.classid = 'pg_class'::regclass", NULL) == 0)
		return;
	if (pvext_strict_ddl)
		refuse_drop();
	pvext_forget_parts();
	(void) pvext_own("DELETE FROM pv.not_personal n"
					 " USING pg_event_trigger_dropped_objects() d, pv.relation r"
					 " WHERE d.classid = 'pg_class'::regclass AND d.objsubid > 0"
					 " AND r.relation = d.objid AND n.relation_id = r.id"
					 " AND n.column_name = d.address_names[3]", NULL);
	(void) pvext_own("DELETE FROM pv.declared_not_link n"
					 " USING pg_event_trigger_dropped_objects() d, pv.relation r"
					 " WHERE d.classid = 'pg_class'::regclass AND d.objsubid > 0"
					 " AND r.relation = d.objid AND n.relation_id = r.id"
					 " AND CAST(d.address_names[3] AS name) = ANY (n.columns)", NULL);
	(void) pvext_own("UPDATE pv.relation r SET relation = NULL"
					 " FROM pg_event_trigger_dropped_objects() d"
					 " WHERE d.classid = 'pg_class'::regclass AND d.objsubid = 0"
					 " AND r.relation = d.objid", NULL);
	command->findings = list_concat(command->findings, pvext_stand_ins(true));
}

/*
 * Event trigger on sql_drop.  Also when the extension itself goes, of which some may be
 * gone by then (is_inactive()).
 */
Datum
pvext_sql_drop(PG_FUNCTION_ARGS)
{
	EventTriggerData *data = event_data(fcinfo, "sql_drop");

	if (!is_inactive() && is_mapped())
		follow_command(follow_drop, data->parsetree);
	PG_RETURN_NULL();
}
