/*
 * path_trust.c
 *		The search_path of a role, and who may put something into it.
 *
 * A function without a search_path of its own means what the path of whoever
 * calls it makes it mean.  Where pvext's statements make a role of somebody who
 * has not called anything (the worker makes a table's owner of nobody at all),
 * a path may be used only if it leads to what the role itself, or a superuser,
 * has made: a stranger's better matching function would run as that role.
 *
 * So a path is trusted where nobody else may create something in any of its
 * schemas, nor has left a function or an operator there, from when he could,
 * that bears the name of another one.
 *
 * What was found is kept until a role, a schema, a function or an operator
 * changes.  The setting itself is read anew each time, for no invalidation tells
 * of ALTER ROLE ... SET.
 */
#include "postgres.h"
#include "base/message.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "base/compat.h"
#include "base/result.h"
#include "base/spi.h"
#include "catalog/namespace.h"
#include "catalog/pg_auth_members.h"
#include "catalog/pg_authid.h"
#include "catalog/pg_database.h"
#include "catalog/pg_db_role_setting.h"
#include "catalog/pg_namespace.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_type.h"
#include "code/function_source.h"
#include "code/path_trust.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/catcache.h"
#include "utils/fmgroids.h"
#include "utils/guc_tables.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"
#include "utils/varlena.h"

static MemoryContext kept_context = NULL;
static List *kept = NIL;		/* PvextPath, in kept_context */
static bool kept_is_stale = false;

/* The search_path that the server was started with on its command line, or NULL. */
static char *command_line_path = NULL;

/* No look at anything here: what was kept is thrown away when it is next asked for. */
static void
something_changed(Datum arg, int cacheid, uint32 hashvalue)
{
	kept_is_stale = true;
}

/*
 * From _PG_init(): hear of changes.  What was said on the server's command line is seen
 * by whoever preloads the library alone: afterwards a session's own setting hides it.
 */
void
pvext_init_trust(void)
{
	static const int caches[] = {
		AUTHOID, AUTHMEMROLEMEM, DATABASEOID, NAMESPACEOID, PROCOID, OPEROID
	};
	struct config_generic *setting = pvext_find_setting("search_path");

	for (int i = 0; i < lengthof(caches); i++)
		CacheRegisterSyscacheCallback(caches[i], something_changed, (Datum) 0);
	if (process_shared_preload_libraries_in_progress && setting->reset_source == PGC_S_ARGV)
		command_line_path = MemoryContextStrdup(TopMemoryContext,
												((struct config_string *) setting)->reset_val);
}

/*
 * What the setting is
 */

/* The search_path that a setconfig holds, or NULL. */
static char *
path_among(ArrayType *config)
{
	static const char prefix[] = "search_path=";
	Datum	   *elements;
	int			n;

	deconstruct_array(config, TEXTOID, -1, false, TYPALIGN_INT, &elements, NULL, &n);
	for (int i = 0; i < n; i++)
	{
		char	   *entry = TextDatumGetCString(elements[i]);

		if (pg_strncasecmp(entry, prefix, sizeof(prefix) - 1) == 0)
			return entry + sizeof(prefix) - 1;
	}
	return NULL;
}

/* The search_path set for exactly this database and role, 0 standing for all; or NULL. */
static char *
path_set_for(Relation settings, Oid database, Oid role)
{
	ScanKeyData keys[2];
	SysScanDesc scan;
	HeapTuple	row;
	char	   *path = NULL;

	ScanKeyInit(&keys[0], Anum_pg_db_role_setting_setdatabase, BTEqualStrategyNumber,
				F_OIDEQ, ObjectIdGetDatum(database));
	ScanKeyInit(&keys[1], Anum_pg_db_role_setting_setrole, BTEqualStrategyNumber,
				F_OIDEQ, ObjectIdGetDatum(role));
	scan = systable_beginscan(settings, DbRoleSettingDatidRolidIndexId, true, NULL, 2, keys);
	while (path == NULL && HeapTupleIsValid(row = systable_getnext(scan)))
	{
		bool		isnull;
		Datum		config = heap_getattr(row, Anum_pg_db_role_setting_setconfig,
										  RelationGetDescr(settings), &isnull);

		if (!isnull)
			path = path_among(DatumGetArrayTypeP(config));
	}
	systable_endscan(scan);
	return path;
}

/*
 * The search_path that the server gives whoever has none of his own.  A session whose
 * role or client has set one does not know it; then the files say.
 */
static char *
path_of_server(void)
{
	struct config_string *setting = (struct config_string *) pvext_find_setting("search_path");
	MemoryContext caller = CurrentMemoryContext;
	PvextScope	scope;
	char	   *path = NULL;

	if (setting->gen.reset_source <= PGC_S_ARGV)
		return pstrdup(setting->reset_val);
	if (command_line_path)
		return pstrdup(command_line_path);
	pvext_enter(&scope);
	if (pvext_own("SELECT setting FROM pg_file_settings WHERE name = 'search_path' AND error IS NULL"
				  " ORDER BY seqno DESC LIMIT 1", NULL) > 0)
		path = MemoryContextStrdup(caller, pvext_value(0, 1));
	pvext_leave(&scope);
	return path ? path : pstrdup(setting->boot_val);
}

/* The setting that a session of the role's begins with, in the server's order. */
static char *
raw_path(Oid role)
{
	Relation	settings = table_open(DbRoleSettingRelationId, AccessShareLock);
	char	   *path = path_set_for(settings, MyDatabaseId, role);

	if (path == NULL)
		path = path_set_for(settings, InvalidOid, role);
	if (path == NULL)
		path = path_set_for(settings, MyDatabaseId, InvalidOid);
	if (path == NULL)
		path = path_set_for(settings, InvalidOid, InvalidOid);
	table_close(settings, AccessShareLock);
	return path ? path : path_of_server();
}

/*
 * The same with pg_temp at the end, wherever it was: what a session has put there
 * hides nothing.
 */
static char *
safe_path(const char *raw, List **names)
{
	StringInfoData buf;
	ListCell   *lc;

	if (!SplitIdentifierString(pstrdup(raw), ',', names))
		*names = NIL;
	initStringInfo(&buf);
	foreach(lc, *names)
		if (strcmp(lfirst(lc), "pg_temp") != 0)
			appendStringInfo(&buf, "%s, ", quote_identifier(lfirst(lc)));
	appendStringInfoString(&buf, "pg_temp");
	return buf.data;
}

/* The schemas that these names lead the role to. */
static List *
schemas_of(Oid role, List *names)
{
	List	   *schemas = NIL;
	ListCell   *lc;

	foreach(lc, names)
	{
		char	   *name = lfirst(lc);
		Oid			schema;

		if (strcmp(name, "pg_temp") == 0)
			continue;
		if (strcmp(name, "$user") == 0)
			name = GetUserNameFromId(role, false);
		schema = get_namespace_oid(name, true);
		if (OidIsValid(schema) && schema != PG_CATALOG_NAMESPACE &&
			pvext_may_in_schema(schema, role, ACL_USAGE))
			schemas = list_append_unique_oid(schemas, schema);
	}
	return schemas;
}

/*
 * Who else may create
 */

/* Who has the rights of pg_database_owner here. */
static Oid
database_owner(void)
{
	HeapTuple	tuple = SearchSysCache1(DATABASEOID, ObjectIdGetDatum(MyDatabaseId));
	Oid			owner;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for database %u", MyDatabaseId);
	owner = ((Form_pg_database) GETSTRUCT(tuple))->datdba;
	ReleaseSysCache(tuple);
	return owner;
}

/*
 * Somebody who can act as a role, and is neither a superuser nor the role that is to be
 * protected, or one that can act as it; else InvalidOid.
 */
static Oid
stranger_in(Oid role, Oid self)
{
	Oid			stranger = InvalidOid;
	HeapTuple	tuple;
	CatCList   *members;

	if (role == ROLE_PG_DATABASE_OWNER)
		return stranger_in(database_owner(), self);
	if (superuser_arg(role) || is_member_of_role_nosuper(role, self))
		return InvalidOid;
	tuple = SearchSysCache1(AUTHOID, ObjectIdGetDatum(role));
	if (!HeapTupleIsValid(tuple))
		return InvalidOid;
	if (((Form_pg_authid) GETSTRUCT(tuple))->rolcanlogin)
		stranger = role;
	ReleaseSysCache(tuple);
	if (OidIsValid(stranger))
		return stranger;

	/* Memberships have no circles, but may be as deep as anybody likes. */
	check_stack_depth();
	members = SearchSysCacheList1(AUTHMEMROLEMEM, ObjectIdGetDatum(role));
	for (int i = 0; i < members->n_members && !OidIsValid(stranger); i++)
		stranger = stranger_in(((Form_pg_auth_members)
								GETSTRUCT(&members->members[i]->tuple))->member, self);
	ReleaseSysCacheList(members);
	return stranger;
}

/* SQL's name of whom a privilege was granted to. */
static char *
grantee_name(Oid role)
{
	return role == ACL_ID_PUBLIC ? pstrdup("PUBLIC") :
		psprintf("\"%s\"", GetUserNameFromId(role, false));
}

/* Who else may create something in the schema: a text that names him, or NULL. */
static char *
creator_in(Oid schema, Oid self)
{
	HeapTuple	tuple = SearchSysCache1(NAMESPACEOID, ObjectIdGetDatum(schema));
	Oid			owner;
	Datum		datum;
	bool		isnull;
	Acl		   *acl;
	AclItem    *items;
	char	   *found = NULL;

	if (!HeapTupleIsValid(tuple))
		return NULL;
	owner = ((Form_pg_namespace) GETSTRUCT(tuple))->nspowner;
	datum = SysCacheGetAttr(NAMESPACEOID, tuple, Anum_pg_namespace_nspacl, &isnull);
	acl = isnull ? acldefault(OBJECT_SCHEMA, owner) : DatumGetAclPCopy(datum);
	ReleaseSysCache(tuple);

	/* The owner may grant himself what he has taken away from himself. */
	if (OidIsValid(stranger_in(owner, self)))
		return grantee_name(stranger_in(owner, self));
	items = ACL_DAT(acl);
	for (int i = 0; i < ACL_NUM(acl) && found == NULL; i++)
	{
		Oid			grantee = items[i].ai_grantee;

		if ((ACLITEM_GET_PRIVS(items[i]) & ACL_CREATE) == 0)
			continue;
		if (grantee == ACL_ID_PUBLIC)
			found = grantee_name(grantee);
		else if (OidIsValid(stranger_in(grantee, self)))
			found = grantee_name(stranger_in(grantee, self));
	}
	return found;
}

/*
 * What a stranger has left in the schema that an unqualified name could mean in place of
 * another's of that name, in one of the path's schemas: a text, or NULL.
 */
static char *
left_behind(Oid schema, List *schemas, Oid self)
{
	PvextScope	scope;
	PvextArgs	args = {0};
	MemoryContext caller = CurrentMemoryContext;
	char	   *found = NULL;
	uint64		n;

	pvext_arg_oid(&args, OIDOID, schema);
	pvext_arg_oids(&args, schemas);
	pvext_arg_oid(&args, OIDOID, self);
	pvext_arg_oid(&args, OIDOID, BOOTSTRAP_SUPERUSERID);
	pvext_enter(&scope);
	n = pvext_own("SELECT p.proowner, format('function %s', p.oid::regprocedure)"
				  " FROM pg_proc AS p WHERE p.pronamespace = $1 AND p.proowner NOT IN ($3, $4)"
				  "  AND EXISTS (SELECT FROM pg_proc AS o WHERE o.proname = p.proname AND o.proowner <> p.proowner"
				  "   AND (o.pronamespace = 'pg_catalog'::regnamespace OR o.pronamespace = ANY ($2)))"
				  " UNION ALL SELECT p.oprowner, format('operator %s', p.oid::regoperator)"
				  " FROM pg_operator AS p WHERE p.oprnamespace = $1 AND p.oprowner NOT IN ($3, $4)"
				  "  AND EXISTS (SELECT FROM pg_operator AS o WHERE o.oprname = p.oprname AND o.oprowner <> p.oprowner"
				  "   AND (o.oprnamespace = 'pg_catalog'::regnamespace OR o.oprnamespace = ANY ($2)))"
				  " ORDER BY 2", &args);
	for (uint64 i = 0; i < n && found == NULL; i++)
	{
		Oid			stranger = stranger_in((Oid) pvext_int(i, 1), self);

		if (OidIsValid(stranger))
			found = MemoryContextStrdup(caller, psprintf("%s has made %s", grantee_name(stranger),
														 pvext_value(i, 2)));
	}
	pvext_leave(&scope);
	return found;
}

/* Find out which of the path's schemas are to be trusted, and why another is not. */
static void
judge(PvextPath *path)
{
	ListCell   *lc;

	foreach(lc, path->schemas)
	{
		Oid			schema = lfirst_oid(lc);
		char	   *creator = creator_in(schema, path->role);
		char	   *doubt;

		doubt = creator == NULL ? left_behind(schema, path->schemas, path->role) :
			psprintf("%s may create objects in schema %s", creator,
					 quote_identifier(get_namespace_name(schema)));
		if (doubt == NULL)
			path->trusted = lappend_oid(path->trusted, schema);
		else if (path->doubt == NULL)
			path->doubt = doubt;
	}
}

/* A copy of the path in the current context. */
static PvextPath *
copy_path(const PvextPath *path)
{
	PvextPath  *copy = palloc(sizeof(PvextPath));

	copy->role = path->role;
	copy->setting = pstrdup(path->setting);
	copy->schemas = list_copy(path->schemas);
	copy->trusted = list_copy(path->trusted);
	copy->doubt = path->doubt ? pstrdup(path->doubt) : NULL;
	return copy;
}

/* What is known of the role's path with this setting, or NULL. */
static const PvextPath *
known_path(Oid role, const char *setting)
{
	ListCell   *lc;

	if (kept_is_stale && kept_context)
	{
		MemoryContextReset(kept_context);
		kept = NIL;
	}
	kept_is_stale = false;
	foreach(lc, kept)
	{
		PvextPath  *known = lfirst(lc);

		if (known->role == role && strcmp(known->setting, setting) == 0)
			return known;
	}
	return NULL;
}

/* Remember it, unless something has changed while it was looked at. */
static void
keep_path(const PvextPath *path)
{
	MemoryContext old;

	/* What was found may be of before that change; it will be found again. */
	if (kept_is_stale)
		return;
	if (kept_context == NULL)
		kept_context = AllocSetContextCreate(CacheMemoryContext, "pvext search paths",
											 ALLOCSET_SMALL_SIZES);
	old = MemoryContextSwitchTo(kept_context);
	kept = lappend(kept, copy_path(path));
	MemoryContextSwitchTo(old);
}

/*
 * The search_path that a session of the role's begins with in this database, and whether
 * it may be trusted; in the current context.  Runs statements of pvext's own.
 */
PvextPath *
pvext_role_path(Oid role)
{
	PvextPath  *path = palloc0(sizeof(PvextPath));
	const PvextPath *known;
	List	   *names;

	path->role = role;

	/* Read each time, since nothing tells of ALTER ROLE ... SET: see above. */
	path->setting = safe_path(raw_path(role), &names);
	known = known_path(role, path->setting);
	if (known)
		return copy_path(known);
	path->schemas = schemas_of(role, names);
	judge(path);
	keep_path(path);
	return path;
}

/* What to do about a function that needs a path of its own. */
char *
pvext_path_hint(const char *function, PvextPath *path)
{
	StringInfoData buf;
	ListCell   *lc;

	initStringInfo(&buf);
	foreach(lc, path->trusted)
		appendStringInfo(&buf, "%s, ", quote_identifier(get_namespace_name(lfirst_oid(lc))));
	return psprintf("ALTER FUNCTION %s SET search_path = %spg_temp; and let it name the schemas of what is elsewhere.",
					function, buf.data);
}

/*
 * What a function names without a schema
 */

/*
 * Something that the function's source names without a schema, and one of the schemas
 * has while pg_catalog does not; NULL where there is nothing, or no source to read.
 * Runs a statement of pvext's own.
 */
char *
pvext_unqualified_name(Oid function, List *schemas)
{
	MemoryContext caller = CurrentMemoryContext;
	PvextScope	scope;
	PvextArgs	args = {0};
	char	   *found = NULL;

	pvext_enter(&scope);
	pvext_arg_oid(&args, OIDOID, function);
	if (pvext_own("SELECT p.prosrc, (SELECT l.lanname = 'plpgsql' FROM pg_language AS l WHERE l.oid = p.prolang)"
				  " FROM pg_proc AS p WHERE p.oid = $1 AND p.prolang NOT IN"
				  " (SELECT l.oid FROM pg_language AS l WHERE l.lanname IN ('c', 'internal'))", &args) > 0)
	{
		PvextArgs	names = {0};

		pvext_arg(&names, TEXTARRAYOID, pvext_text_array(pvext_read_identifiers(pvext_value(0, 1), pvext_bool(0, 2))),
				  false);
		pvext_arg_oids(&names, schemas);
		if (pvext_own("SELECT n FROM (SELECT DISTINCT left(u, 63)::name AS n FROM unnest($1) AS u) AS named"
					  " WHERE EXISTS (SELECT FROM pg_class WHERE relname = n AND relnamespace = ANY ($2))"
					  " OR EXISTS (SELECT FROM pg_type WHERE typname = n AND typnamespace = ANY ($2))"
					  " OR EXISTS (SELECT FROM pg_proc WHERE proname = n AND pronamespace = ANY ($2))"
					  " ORDER BY n LIMIT 1", &names) > 0)
			found = MemoryContextStrdup(caller, pvext_value(0, 1));
	}
	pvext_leave(&scope);
	return found;
}
