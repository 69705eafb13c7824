/*
 * compat.h
 *		What differs between the major versions pvext supports.
 *
 * This is the only file that looks at PG_VERSION_NUM.
 */
#ifndef PVEXT_COMPAT_H
#define PVEXT_COMPAT_H

#include "catalog/pg_class.h"
#include "catalog/pg_constraint.h"
#include "catalog/pg_namespace.h"
#include "executor/executor.h"
#include "fmgr.h"
#include "nodes/plannodes.h"
#include "parser/parse_relation.h"
#include "storage/proc.h"
#include "storage/procarray.h"
#include "storage/sinvaladt.h"
#include "utils/acl.h"
#include "utils/guc.h"
#include "utils/guc_tables.h"
#include "utils/pgstat_internal.h"
#include "utils/rel.h"

#if PG_VERSION_NUM < 160000
typedef Oid RelFileNumber;
#endif

#if PG_VERSION_NUM >= 160000
#include "nodes/queryjumble.h"
#else
#include "utils/queryjumble.h"
#endif

/* postgres.h had it before. */
#if PG_VERSION_NUM >= 160000
#include "varatt.h"
#endif

/*
 * Symbols are hidden by default (-fvisibility=hidden).  Before 16 PGDLLEXPORT
 * is empty on Linux, which would hide the SQL functions as well.
 */
#if PG_VERSION_NUM < 160000
#undef PGDLLEXPORT
#define PGDLLEXPORT __attribute__((visibility("default")))
#undef PG_FUNCTION_INFO_V1
#define PG_FUNCTION_INFO_V1(funcname) \
extern PGDLLEXPORT Datum funcname(PG_FUNCTION_ARGS); \
extern PGDLLEXPORT const Pg_finfo_record *CppConcat(pg_finfo_,funcname)(void); \
const Pg_finfo_record * \
CppConcat(pg_finfo_,funcname) (void) \
{ \
	static const Pg_finfo_record my_finfo = {1}; \
	return &my_finfo; \
} \
extern int no_such_variable
#endif

#if PG_VERSION_NUM >= 180000
#define PVEXT_MODULE_MAGIC PG_MODULE_MAGIC_EXT(.name = "pvext", .version = PVEXT_VERSION)
#else
#define PVEXT_MODULE_MAGIC PG_MODULE_MAGIC
#endif

/* Does the role own the relation, or is it a member of the role that does? */
static inline bool
pvext_owns_relation(Oid relid, Oid roleid)
{
#if PG_VERSION_NUM >= 160000
	return object_ownercheck(RelationRelationId, relid, roleid);
#else
	return pg_class_ownercheck(relid, roleid);
#endif
}

/* May the role do this in the schema? */
static inline bool
pvext_may_in_schema(Oid schema, Oid role, AclMode mode)
{
#if PG_VERSION_NUM >= 160000
	return object_aclcheck(NamespaceRelationId, schema, role, mode) == ACLCHECK_OK;
#else
	return pg_namespace_aclcheck(schema, role, mode) == ACLCHECK_OK;
#endif
}

/* What the server knows of one of its own settings. */
static inline struct config_generic *
pvext_find_setting(const char *name)
{
#if PG_VERSION_NUM >= 160000
	return find_option(name, false, false, ERROR);
#else
	struct config_generic **settings = get_guc_variables();

	for (int i = 0; i < GetNumConfigOptions(); i++)
		if (strcmp(settings[i]->name, name) == 0)
			return settings[i];
	elog(ERROR, "unrecognized configuration parameter \"%s\"", name);
#endif
}

/* A constraint that is not enforced takes no lock and changes nothing. */
static inline bool
pvext_constraint_is_enforced(Form_pg_constraint form)
{
#if PG_VERSION_NUM >= 180000
	return form->conenforced;
#else
	return true;
#endif
}

/* Is a column not in the rows, but computed as it is read? */
static inline bool
pvext_is_computed_when_read(Form_pg_attribute att)
{
#if PG_VERSION_NUM >= 180000
	return att->attgenerated == ATTRIBUTE_GENERATED_VIRTUAL;
#else
	return false;
#endif
}

/* By what a statement's privileges are checked: what it reads and writes. */
#if PG_VERSION_NUM >= 160000
typedef RTEPermissionInfo PvextPermission;
#define PVEXT_PERMISSIONS(statement) ((statement)->permInfos)
#define PVEXT_QUERY_PERMISSIONS(query) ((query)->rteperminfos)
#else
typedef RangeTblEntry PvextPermission;
#define PVEXT_PERMISSIONS(statement) ((statement)->rtable)
#define PVEXT_QUERY_PERMISSIONS(query) ((query)->rtable)
#endif

/* The privileges that something in a plan's range table needs of its own; NULL for none. */
static inline PvextPermission *
pvext_permission_of(PlannedStmt *statement, RangeTblEntry *entry)
{
#if PG_VERSION_NUM >= 160000
	return entry->perminfoindex > 0 ? getRTEPermissionInfo(statement->permInfos, entry) : NULL;
#else
	return entry->requiredPerms != 0 ? entry : NULL;
#endif
}

/* The columns that a query selects of a relation in its range table. */
static inline const Bitmapset *
pvext_selected_columns(Query *query, RangeTblEntry *entry)
{
#if PG_VERSION_NUM >= 160000
	return getRTEPermissionInfo(query->rteperminfos, entry)->selectedCols;
#else
	return entry->selectedCols;
#endif
}

/* Since 16 a column knows the outer joins that may leave it without a value. */
static inline void
pvext_set_nulled_by(Var *var, Bitmapset *joins)
{
#if PG_VERSION_NUM >= 160000
	var->varnullingrels = joins;
#endif
}

/*
 * Give a query that has just been parsed its id, as compute_query_id = on does; not to be
 * called where it is off.  The server's function insists that ids are wanted: for this one.
 */
static inline void
pvext_identify_query(Query *query, const char *text)
{
	bool		enabled = query_id_enabled;

	query_id_enabled = true;
#if PG_VERSION_NUM >= 160000
	(void) JumbleQuery(query);
#else
	(void) JumbleQuery(query, text);
#endif
	query_id_enabled = enabled;
}

/* The number of this backend, or of the one that it is a worker of; less than or equal to MaxBackends. */
#if PG_VERSION_NUM >= 170000
#define PVEXT_LEADER_NUMBER() ProcNumberForTempRelations()
#else
#define PVEXT_LEADER_NUMBER() BackendIdForTempRelations()
#endif

/* The parameters of an ExecutorRun hook, and what it passes on. */
#if PG_VERSION_NUM >= 180000
#define PVEXT_RUN_PARAMETERS QueryDesc *query, ScanDirection direction, uint64 count
#define PVEXT_RUN_ARGUMENTS query, direction, count
#else
#define PVEXT_RUN_PARAMETERS QueryDesc *query, ScanDirection direction, uint64 count, bool once
#define PVEXT_RUN_ARGUMENTS query, direction, count, once
#endif

/* Does a part of ALTER TABLE give a generated column another expression? */
#if PG_VERSION_NUM >= 170000
#define PVEXT_SETS_EXPRESSION(command) ((command)->subtype == AT_SetExpression)
#else
#define PVEXT_SETS_EXPRESSION(command) false
#endif

/* The number of a relation's file, which changes when the relation is rewritten. */
static inline RelFileNumber
pvext_filenode(Relation rel)
{
#if PG_VERSION_NUM >= 160000
	return rel->rd_locator.relNumber;
#else
	return rel->rd_node.relNode;
#endif
}

/* Of which table the server's counts are, and whether that is a catalog of all databases. */
static inline Oid
pvext_stat_relid(const PgStat_TableStatus *table)
{
#if PG_VERSION_NUM >= 160000
	return table->id;
#else
	return table->t_id;
#endif
}

static inline bool
pvext_stat_is_shared(const PgStat_TableStatus *table)
{
#if PG_VERSION_NUM >= 160000
	return table->shared;
#else
	return table->t_shared;
#endif
}

/* Run all of a portal that is by itself, for the sake of what it does. */
#if PG_VERSION_NUM >= 180000
#define PVEXT_RUN_PORTAL(portal, dest) PortalRun(portal, FETCH_ALL, true, dest, dest, NULL)
#else
#define PVEXT_RUN_PORTAL(portal, dest) PortalRun(portal, FETCH_ALL, true, true, dest, dest, NULL)
#endif

/* The slot of the backend that a virtual transaction is, or was, of; or NULL. */
static inline PGPROC *
pvext_backend_of(VirtualTransactionId vxid)
{
#if PG_VERSION_NUM >= 170000
	return ProcNumberGetProc(vxid.procNumber);
#else
	return BackendIdGetProc(vxid.backendId);
#endif
}

/* The number of the transaction that a backend is in. */
#if PG_VERSION_NUM >= 170000
#define PVEXT_LXID(proc) ((proc)->vxid.lxid)
#else
#define PVEXT_LXID(proc) ((proc)->lxid)
#endif

/* May a foreign table have a TRUNCATE trigger? */
#define PVEXT_FOREIGN_TRUNCATE_TRIGGER (PG_VERSION_NUM >= 160000)

#endif							/* PVEXT_COMPAT_H */
