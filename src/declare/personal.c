/*
 * personal.c
 *		Personal columns: which columns hold personal data, how they are erased,
 *		and whose they are; and columns that were looked at and hold none.
 *
 * The table's owner declares.  What would make an erasure fail is refused here: a
 * strategy is resolved against the column's type and constraints, and tried on rows
 * (resolve_strategy.c), while a lock keeps the table what it is.  What DDL makes of it
 * later, its event triggers look at (ddl.c).  An expression is bound by the caller's
 * search_path, and to the owner of now: once the table has changed hands it is not run
 * any more.
 *
 * A column is declared once; declaring it again replaces what was said of it, with a
 * notice.  Whose it is was resolved to paths of links by then (owner_path.c): plans go by
 * these alone.
 */
#include "postgres.h"
#include "base/message.h"

#include "base/arg.h"
#include "base/catalog.h"
#include "base/compat.h"
#include "base/event.h"
#include "base/expression.h"
#include "base/relation.h"
#include "base/result.h"
#include "base/table_part.h"
#include "catalog/pg_type.h"
#include "declare/child_link.h"
#include "declare/link_value.h"
#include "declare/owner_path.h"
#include "declare/replica_identity.h"
#include "declare/resolve_strategy.h"
#include "fmgr.h"
#include "map/key_column.h"
#include "map/purpose.h"
#include "map/unclassified.h"
#include "miscadmin.h"
#include "storage/lmgr.h"
#include "utils/array.h"
#include "utils/lsyscache.h"

PG_FUNCTION_INFO_V1(pvext_declare_personal);
PG_FUNCTION_INFO_V1(pvext_undeclare_personal);
PG_FUNCTION_INFO_V1(pvext_declare_not_personal);
PG_FUNCTION_INFO_V1(pvext_undeclare_not_personal);

/* The arguments of pv.declare_personal() that are the same for all columns. */
typedef struct Declaration
{
	Oid			relid;
	int32		id;				/* of the relation in pv.relation */
	char	   *category;
	Datum		purposes;
	bool		all_purposes;
	char	   *erase_with;
	char	   *parameter;
	char	   *bound;			/* the parameter, where it is an expression */
	List	   *paths;			/* C strings; see pvext_resolve_paths() */
	bool		any_path;
	List	   *named;			/* C strings: the links as the user named them, or NIL */
} Declaration;

/* The parent in the map, or part of one, that a column is inherited from, or InvalidOid. */
static Oid
inherited_from(Oid relid, const char *column)
{
	PvextArgs	args = {0};

	pvext_arg_oid(&args, OIDOID, relid);
	pvext_arg_text(&args, column);
	if (pvext_own("SELECT i.inhparent FROM pg_inherits i"
				  " JOIN pg_attribute a ON a.attrelid = i.inhrelid AND a.attinhcount > 0"
				  " JOIN pg_attribute p ON p.attrelid = i.inhparent AND p.attname = a.attname"
				  " WHERE i.inhrelid = $1 AND a.attname = $2::name AND " PVEXT_IS_REACHED("i.inhparent")
				  " ORDER BY i.inhseqno LIMIT 1", &args) == 0)
		return InvalidOid;
	return (Oid) pvext_int(0, 1);
}

/* A column that comes from a parent table that the map reaches is declared there, for all of them. */
static void
refuse_inherited(Oid relid, const char *column)
{
	Oid			root = relid;
	Oid			parent;

	while (OidIsValid(parent = inherited_from(root, column)))
		root = parent;
	if (root != relid)
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("column \"%s\" of table %s is inherited", column,
						pvext_relation_name(relid)),
				 errhint("Declare it for %s, where it comes from.", pvext_relation_name(root))));
}

/* Was the column declared with this very strategy before? */
static bool
is_declared_so(Declaration *d, const char *column, const char *strategy,
			   const char *argument)
{
	PvextArgs	args = {0};

	pvext_arg_int4(&args, d->id);
	pvext_arg_text(&args, column);
	pvext_arg_text(&args, strategy);
	pvext_arg_text(&args, argument);
	return pvext_own("SELECT FROM pv.declared_personal WHERE relation_id = $1"
					 " AND column_name = $2::name AND strategy = $3"
					 " AND argument IS NOT DISTINCT FROM $4", &args) > 0;
}

/*
 * Say so where the column was declared otherwise before: what was said of it then no
 * longer counts.
 */
static void
note_replaced(Declaration *d, const char *column)
{
	PvextArgs	args = {0};

	pvext_arg_int4(&args, d->id);
	pvext_arg_name(&args, column);
	pvext_arg(&args, TEXTARRAYOID, d->any_path ? (Datum) 0 : pvext_text_array(d->paths), d->any_path);
	pvext_arg_text(&args, d->category);
	pvext_arg(&args, TEXTARRAYOID, d->purposes, d->all_purposes);
	pvext_arg_text(&args, d->erase_with);
	pvext_arg_text(&args, d->parameter);
	if (pvext_own("SELECT CASE WHEN paths IS NULL THEN 'any subject of the row'"
				  "  WHEN paths = '{}' THEN 'the subject whose row it is'"
				  "  ELSE 'the subject of ' || array_to_string(paths, ', ') END, paths IS DISTINCT FROM $3,"
				  " category, erase_with FROM pv.declared_personal"
				  " WHERE relation_id = $1 AND column_name = $2"
				  " AND (paths, category, purposes, erase_with, parameter)"
				  "  IS DISTINCT FROM ($3, $4, $5, $6, $7)", &args) > 0)
		ereport(NOTICE,
				(errmsg("column \"%s\" of table %s was declared otherwise before: this replaces it",
						column, pvext_relation_name(d->relid)),
				 errdetail("It was of category \"%s\", erased with \"%s\", and about %s.",
						   pvext_value(0, 3), pvext_value(0, 4), pvext_value(0, 1)),
				 pvext_bool(0, 2) ?
				 errhint("A column that is about the subjects of several links names them all, as links.") : 0));
	args.n = 2;
	if (pvext_own("SELECT FROM pv.not_personal WHERE relation_id = $1 AND column_name = $2", &args) > 0)
		ereport(NOTICE,
				(errmsg("column \"%s\" of table %s was declared not personal before: this replaces it",
						column, pvext_relation_name(d->relid))));
}

/* Enter a column into the map. */
static void
store_column(Declaration *d, const char *column, const char *strategy,
			 const char *argument)
{
	PvextArgs	args = {0};

	pvext_arg_int4(&args, d->id);
	pvext_arg_name(&args, column);
	pvext_arg(&args, TEXTARRAYOID, d->any_path ? (Datum) 0 : pvext_text_array(d->paths), d->any_path);
	pvext_arg_text(&args, d->category);
	pvext_arg(&args, TEXTARRAYOID, d->purposes, d->all_purposes);
	pvext_arg_text(&args, d->erase_with);
	pvext_arg_text(&args, d->parameter);
	pvext_arg_text(&args, strategy);
	pvext_arg_text(&args, argument);
	pvext_arg_name(&args, GetUserNameFromId(pvext_owner(d->relid), false));
	pvext_arg(&args, TEXTARRAYOID, d->named ? pvext_text_array(d->named) : (Datum) 0, d->named == NIL);
	(void) pvext_own("INSERT INTO pv.declared_personal (relation_id, column_name, paths, category,"
					 " purposes, erase_with, parameter, strategy, argument, owner, named)"
					 " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)"
					 " ON CONFLICT (relation_id, column_name) DO UPDATE SET paths = excluded.paths,"
					 " category = excluded.category, purposes = excluded.purposes,"
					 " erase_with = excluded.erase_with, parameter = excluded.parameter,"
					 " strategy = excluded.strategy, argument = excluded.argument,"
					 " owner = excluded.owner, named = excluded.named", &args);
	args.n = 2;
	(void) pvext_own("DELETE FROM pv.not_personal WHERE relation_id = $1 AND column_name = $2", &args);
}

/* Declare one column: find its strategy, try it, and keep what was found. */
static void
declare_column(Declaration *d, const char *column)
{
	const char *strategy;
	char	   *argument;
	PvextStrategy made;

	strategy = pvext_strategy_name(pvext_resolve_strategy(d->relid, column, d->erase_with,
														  d->parameter, d->bound,
														  pvext_column_leads(d->relid, d->id, column),
														  &argument));
	/* a token that has followed its parent's was meant to be there */
	if (!pvext_column_follows(d->id, column, &(const char *) {NULL}, &(char *) {NULL}) &&
		!is_declared_so(d, column, strategy, argument))
	{
		pvext_init_strategy(&made, d->relid, column, strategy, argument);
		pvext_warn_of_tokens(&made);
	}
	note_replaced(d, column);
	store_column(d, column, strategy, argument);
	pvext_warn_of_held_key(d->id, column);
	pvext_update_followers(d->id, column, strategy, argument);
}

/* Check the arguments that need neither SPI nor pinned settings. */
static void
read_declaration(FunctionCallInfo fcinfo, Declaration *d)
{
	pvext_require_arg(fcinfo, 0, "relation");
	pvext_require_arg(fcinfo, 1, "columns");
	pvext_require_arg(fcinfo, 2, "category");
	pvext_require_arg(fcinfo, 4, "erase_with");
	d->relid = PG_GETARG_OID(0);
	d->category = pvext_text_arg(fcinfo, 2);
	d->all_purposes = PG_ARGISNULL(3);
	d->purposes = d->all_purposes ? (Datum) 0 : PointerGetDatum(PG_GETARG_ARRAYTYPE_P(3));
	d->erase_with = pvext_text_arg(fcinfo, 4);
	d->parameter = pvext_text_arg(fcinfo, 5);
	if (d->category[0] == '\0')
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the category of personal data is empty"),
				 errhint("Name what kind of data it is, such as 'contact' or 'identifying'.")));
	LockRelationOid(d->relid, AccessShareLock);
	pvext_check_table(d->relid);
	pvext_check_owner(d->relid);
	if (strcmp(d->erase_with, "expression") != 0)
		return;
	pvext_check_expression_owner(d->relid);
	if (d->parameter)
		d->bound = pvext_bind(d->relid, get_rel_name(d->relid), d->parameter, InvalidOid, 0,
							  "expression of the strategy", NULL);
}

/*
 * Raise where no column is named: an empty list is a mistake, and NULL means something
 * else.
 */
static void
refuse_no_columns(List *columns)
{
	if (columns == NIL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("no column is named"),
				 errhint("Name at least one column.")));
}

/* The links that the user named: one as link, or several as links; NIL for none. */
static List *
links_arg(FunctionCallInfo fcinfo)
{
	List	   *links;

	if (PG_ARGISNULL(7))
		return PG_ARGISNULL(6) ? NIL : list_make1(pstrdup(NameStr(*PG_GETARG_NAME(6))));
	links = pvext_names_arg(fcinfo, 7);
	if (!PG_ARGISNULL(6) || links == NIL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 links == NIL ? errmsg("no link is named") : errmsg("both \"link\" and \"links\" are given"),
				 errhint("Name one link as link, or several as links.")));
	return links;
}

/* Whose the columns are, as named; what is derived is about all whom the row is about. */
static List *
owners(Declaration *d)
{
	PvextArgs	args = {0};

	pvext_arg_int4(&args, d->id);
	if (d->named == NIL && strcmp(d->erase_with, "derived") == 0 &&
		pvext_own("SELECT FROM pv.declared_subject WHERE relation_id = $1", &args) == 0)
		return list_make1("*");
	return d->named;
}

/*
 * pv.declare_personal(relation, columns, category, purposes, erase_with, parameter, link,
 * links): declare that columns hold personal data, and how they lose it.
 *
 * The table stays what it is while strategies are tried on it, by the lock that
 * read_declaration() takes.
 */
Datum
pvext_declare_personal(PG_FUNCTION_ARGS)
{
	PvextScope	scope;
	Declaration d = {0};
	List	   *columns;
	ListCell   *lc;

	read_declaration(fcinfo, &d);
	columns = pvext_names_arg(fcinfo, 1);
	refuse_no_columns(columns);
	d.named = links_arg(fcinfo);

	pvext_enter(&scope);
	if (!d.all_purposes)
		pvext_check_purposes(d.purposes, "Leave it out for data of every purpose.");
	d.id = pvext_register_relation(d.relid);
	foreach(lc, columns)
	{
		(void) pvext_column(d.relid, lfirst(lc), NULL, NULL);
		refuse_inherited(d.relid, lfirst(lc));
	}
	pvext_take_parents_links(d.relid, d.id);
	d.paths = pvext_resolve_paths(d.relid, d.id, owners(&d), &d.any_path);
	foreach(lc, columns)
		declare_column(&d, lfirst(lc));
	pvext_warn_of_replica(d.id);
	pvext_record_event(psprintf("declare_personal(%s)", pvext_relation_name(d.relid)), NULL);
	pvext_leave(&scope);
	PG_RETURN_VOID();
}

/* Those of the columns that a table of pv, all when NIL, has of the relation. */
static List *
declared_columns(const char *table, int32 id)
{
	PvextArgs	args = {0};
	List	   *names = NIL;

	pvext_arg_int4(&args, id);
	(void) pvext_own(psprintf("SELECT column_name FROM pv.%s WHERE relation_id = $1"
							  " ORDER BY 1", table), &args);
	for (uint64 i = 0; i < SPI_tuptable->numvals; i++)
		names = lappend(names, pvext_value(i, 1));
	return names;
}

/* Take back what one of the tables has of a column; false where it has nothing. */
static bool
delete_column(const char *table, int32 id, const char *column)
{
	PvextArgs	args = {0};

	pvext_arg_int4(&args, id);
	pvext_arg_name(&args, column);
	return pvext_own(psprintf("DELETE FROM pv.%s WHERE relation_id = $1 AND column_name = $2",
							  table), &args) > 0;
}

/*
 * Begin a call that takes declarations of columns back: its arguments are a relation and a
 * name[], NULL for all that the table of schema pv knows of it.  Returns the names, after
 * pvext_enter(); *id is that of pv.relation.
 */
static List *
begin_undeclaring(FunctionCallInfo fcinfo, PvextScope *scope, const char *table, int32 *id)
{
	Oid			relid;
	List	   *columns = NIL;

	pvext_require_arg(fcinfo, 0, "relation");
	relid = PG_GETARG_OID(0);
	if (!PG_ARGISNULL(1))
		refuse_no_columns(columns = pvext_names_arg(fcinfo, 1));
	pvext_check_owner(relid);
	pvext_enter(scope);
	*id = pvext_relation_id(relid);
	return PG_ARGISNULL(1) ? declared_columns(table, *id) : columns;
}

/*
 * pv.undeclare_personal(relation, columns): columns, or for NULL all, are no longer
 * declared personal.
 */
Datum
pvext_undeclare_personal(PG_FUNCTION_ARGS)
{
	PvextScope	scope;
	int32		id;
	List	   *columns = begin_undeclaring(fcinfo, &scope, "declared_personal", &id);
	Oid			relid = PG_GETARG_OID(0);
	ListCell   *lc;

	foreach(lc, columns)
	{
		pvext_refuse_followed(relid, id, lfirst(lc));
		if (!delete_column("declared_personal", id, lfirst(lc)))
			ereport(ERROR,
					(errcode(ERRCODE_UNDEFINED_OBJECT),
					 errmsg("column \"%s\" of table %s is not declared personal",
							(char *) lfirst(lc), pvext_relation_name(relid)),
					 errhint("pv.personal lists those that are.")));
	}
	if (columns == NIL)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("no column of table %s is declared personal", pvext_relation_name(relid)),
				 errhint("pv.personal lists those that are.")));
	pvext_record_event(psprintf("undeclare_personal(%s)", pvext_relation_name(relid)), NULL);
	pvext_leave(&scope);
	PG_RETURN_VOID();
}

/* Enter a column that identifies nobody; raises where it is among those that are personal. */
static void
store_not_personal(Oid relid, int32 id, const char *column, List *personal, const char *reason)
{
	PvextArgs	args = {0};

	(void) pvext_column(relid, column, NULL, NULL);
	if (pvext_has_name(personal, column))
		ereport(ERROR,
				(errcode(ERRCODE_DUPLICATE_OBJECT),
				 errmsg("column \"%s\" of table %s is declared personal",
						column, pvext_relation_name(relid)),
				 errhint("Take that back with pv.undeclare_personal() first.")));
	pvext_arg_int4(&args, id);
	pvext_arg_name(&args, column);
	pvext_arg_text(&args, reason);
	(void) pvext_own("INSERT INTO pv.not_personal AS n (relation_id, column_name, reason) VALUES ($1, $2, $3)"
					 " ON CONFLICT (relation_id, column_name)"
					 " DO UPDATE SET reason = excluded.reason WHERE excluded.reason IS NOT NULL", &args);
}

/*
 * pv.declare_not_personal(relation, columns, reason): columns, or for NULL all that nobody
 * has classified, identify nobody.
 */
Datum
pvext_declare_not_personal(PG_FUNCTION_ARGS)
{
	PvextScope	scope;
	Oid			relid;
	int32		id;
	char	   *reason;
	List	   *columns = NIL;
	List	   *personal;
	ListCell   *lc;

	pvext_require_arg(fcinfo, 0, "relation");
	relid = PG_GETARG_OID(0);
	if (!PG_ARGISNULL(1))
		refuse_no_columns(columns = pvext_names_arg(fcinfo, 1));
	reason = PG_ARGISNULL(2) ? NULL : pvext_required_text(fcinfo, 2, "reason");
	LockRelationOid(relid, AccessShareLock);
	pvext_check_table(relid);
	pvext_check_owner(relid);
	pvext_enter(&scope);
	id = pvext_register_relation(relid);
	if (PG_ARGISNULL(1))
		columns = pvext_unclassified_columns(relid);
	personal = declared_columns("declared_personal", id);
	foreach(lc, columns)
		store_not_personal(relid, id, lfirst(lc), personal, reason);
	pvext_record_event(psprintf("declare_not_personal(%s)", pvext_relation_name(relid)), NULL);
	pvext_leave(&scope);
	PG_RETURN_VOID();
}

/* pv.undeclare_not_personal(relation, columns): take that back. */
Datum
pvext_undeclare_not_personal(PG_FUNCTION_ARGS)
{
	PvextScope	scope;
	int32		id;
	List	   *columns = begin_undeclaring(fcinfo, &scope, "not_personal", &id);
	Oid			relid = PG_GETARG_OID(0);
	ListCell   *lc;

	foreach(lc, columns)
		if (!delete_column("not_personal", id, lfirst(lc)))
			ereport(ERROR,
					(errcode(ERRCODE_UNDEFINED_OBJECT),
					 errmsg("column \"%s\" of table %s is not declared as not personal",
							(char *) lfirst(lc), pvext_relation_name(relid)),
					 errhint("pv.not_personal lists those that are.")));
	pvext_record_event(psprintf("undeclare_not_personal(%s)", pvext_relation_name(relid)), NULL);
	pvext_leave(&scope);
	PG_RETURN_VOID();
}
