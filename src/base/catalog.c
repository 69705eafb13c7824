/*
 * catalog.c
 *		What the system catalogs know of a relation.
 *
 * Columns are passed around as lists of C strings, since that is how pvext
 * keeps them: a name survives dump and restore, an attribute number doesn't.
 */
#include "postgres.h"
#include "base/message.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/relation.h"
#include "access/table.h"
#include "base/catalog.h"
#include "base/compat.h"
#include "catalog/catalog.h"
#include "catalog/indexing.h"
#include "catalog/namespace.h"
#include "catalog/partition.h"
#include "catalog/pg_class.h"
#include "catalog/pg_constraint.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_trigger.h"
#include "catalog/pg_type.h"
#include "commands/trigger.h"
#include "miscadmin.h"
#include "storage/lmgr.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/syscache.h"

/*
 * The owner of a relation; raises where the relation is gone.  From the catalog cache, so
 * it is the owner of now only where the caller has locked the relation.
 */
Oid
pvext_owner(Oid relid)
{
	HeapTuple	tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(relid));
	Oid			owner;

	if (!HeapTupleIsValid(tuple))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_TABLE),
				 errmsg("relation with OID %u does not exist", relid)));
	owner = ((Form_pg_class) GETSTRUCT(tuple))->relowner;
	ReleaseSysCache(tuple);
	return owner;
}

/* Is the relation a partition?  False also where it is gone. */
bool
pvext_is_partition(Oid relid)
{
	return get_rel_relispartition(relid);
}

/* The table that a partition, of any depth, is one of; any other relation itself. */
Oid
pvext_partition_root(Oid relid)
{
	return get_rel_relispartition(relid) ? llast_oid(get_partition_ancestors(relid)) : relid;
}

/* A table, and those that it is a partition or a child of, at any distance. */
List *
pvext_with_parents(Oid relid)
{
	Relation	inherits = table_open(InheritsRelationId, AccessShareLock);
	List	   *relids = list_make1_oid(relid);

	for (int i = 0; i < list_length(relids); i++)
	{
		ScanKeyData key;
		SysScanDesc scan;
		HeapTuple	row;

		ScanKeyInit(&key, Anum_pg_inherits_inhrelid, BTEqualStrategyNumber, F_OIDEQ,
					ObjectIdGetDatum(list_nth_oid(relids, i)));
		scan = systable_beginscan(inherits, InheritsRelidSeqnoIndexId, true, NULL, 1, &key);
		while (HeapTupleIsValid(row = systable_getnext(scan)))
			relids = list_append_unique_oid(relids, ((Form_pg_inherits) GETSTRUCT(row))->inhparent);
		systable_endscan(scan);
	}
	table_close(inherits, AccessShareLock);
	return relids;
}

/* The relation's name, qualified and quoted. */
char *
pvext_relation_name(Oid relid)
{
	char	   *name = get_rel_name(relid);

	if (name == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_TABLE),
				 errmsg("relation with OID %u does not exist", relid)));
	return quote_qualified_identifier(get_namespace_name(get_rel_namespace(relid)),
									  name);
}

/*
 * Refuse what cannot be declared: only ordinary and partitioned tables of
 * users can, and partitions only through their root.
 */
void
pvext_check_table(Oid relid)
{
	char		relkind = get_rel_relkind(relid);
	char	   *name = pvext_relation_name(relid);

	if (IsCatalogRelationOid(relid) ||
		get_rel_namespace(relid) == get_namespace_oid("pv", false) ||
		IsCatalogNamespace(get_rel_namespace(relid)) ||
		IsToastNamespace(get_rel_namespace(relid)))
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("%s is a system table", name),
				 errhint("Declare the tables of your own schemas.")));
	if (relkind != RELKIND_RELATION && relkind != RELKIND_PARTITIONED_TABLE)
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("%s is not a table", name),
				 relkind == RELKIND_FOREIGN_TABLE ?
				 errhint("Declare the table on the server where its rows are.") :
				 errhint("Declare the tables that it gets its rows from.")));
	if (get_rel_persistence(relid) == RELPERSISTENCE_TEMP)
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("%s is a temporary table", name),
				 errhint("Its rows go when its session ends.")));
	if (pvext_is_partition(relid))
	{
		List	   *ancestors = get_partition_ancestors(relid);

		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("%s is a partition", name),
				 errhint("Declare %s, the root of its partition tree.",
						 pvext_relation_name(llast_oid(ancestors)))));
	}
	pvext_check_children(relid);
}

/* A partition or child of the relation that has another owner, or InvalidOid. */
Oid
pvext_foreign_child(Oid relid)
{
	ListCell   *lc;

	foreach(lc, find_all_inheritors(relid, NoLock, NULL))
		if (pvext_owner(lfirst_oid(lc)) != pvext_owner(relid))
			return lfirst_oid(lc);
	return InvalidOid;
}

/*
 * A partition or child is reached through its root, as the root's owner; its
 * own triggers, indexes and checks would then run with that owner's rights.
 */
void
pvext_check_children(Oid relid)
{
	Oid			child = pvext_foreign_child(relid);

	if (OidIsValid(child))
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("partition or child %s of %s has another owner",
						pvext_relation_name(child), pvext_relation_name(relid)),
				 errhint("Give both to one role with ALTER TABLE ... OWNER TO.")));
}

/*
 * Has the relation, or a partition or child of it, AFTER triggers of a user's?
 * A foreign key's action fires them last, no longer as the relation's owner.
 */
bool
pvext_has_after_triggers(Oid relid)
{
	Oid			own = get_namespace_oid("pv", false);
	ListCell   *lc;
	bool		result = false;

	LockRelationOid(relid, AccessShareLock);	/* find_all_inheritors locks the others alone */
	foreach(lc, find_all_inheritors(relid, AccessShareLock, NULL))
	{
		Relation	rel = relation_open(lfirst_oid(lc), NoLock);

		for (int i = 0; rel->trigdesc && i < rel->trigdesc->numtriggers; i++)
		{
			Trigger    *trigger = &rel->trigdesc->triggers[i];

			result = result || (!trigger->tgisinternal && TRIGGER_FOR_AFTER(trigger->tgtype) &&
								get_func_namespace(trigger->tgfoid) != own);
		}
		relation_close(rel, NoLock);
	}
	return result;
}

/* Has the relation a trigger that calls a function of this name? */
bool
pvext_has_trigger_of(Oid relid, const char *function)
{
	Relation	rel = relation_open(relid, AccessShareLock);
	bool		result = false;

	for (int i = 0; rel->trigdesc && i < rel->trigdesc->numtriggers; i++)
	{
		const char *name = get_func_name(rel->trigdesc->triggers[i].tgfoid);

		result = result || (name && strcmp(name, function) == 0);
	}
	relation_close(rel, AccessShareLock);
	return result;
}

/* Declaring needs ownership of the relation, or membership in its owner. */
void
pvext_check_owner(Oid relid)
{
	if (!pvext_owns_relation(relid, GetUserId()))
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("must be owner of table %s", pvext_relation_name(relid)),
				 errhint("Let the table's owner, or a member of that role, declare it.")));
}

/*
 * An expression runs as the table's owner for ever after: on a superuser's
 * table that would make anybody a superuser, so only a superuser declares one.
 */
void
pvext_check_expression_owner(Oid relid)
{
	pvext_check_owner(relid);
	if (superuser_arg(pvext_owner(relid)) && !superuser())
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("must be superuser to declare an expression on %s",
						pvext_relation_name(relid)),
				 errhint("The expression would run as the table's owner, who is a superuser.")));
}

/*
 * The number of a column, with its type.  Raises where there is none of the
 * name, and for a system column.
 */
AttrNumber
pvext_column(Oid relid, const char *name, Oid *type, int32 *typmod)
{
	HeapTuple	tuple = SearchSysCacheAttName(relid, name);
	Form_pg_attribute att;
	AttrNumber	attnum;

	if (!HeapTupleIsValid(tuple))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_COLUMN),
				 errmsg("column \"%s\" of table %s does not exist", name,
						pvext_relation_name(relid)),
				 errhint("The columns are: %s.",
						 pvext_join_names(pvext_columns(relid), ", ", true))));
	att = (Form_pg_attribute) GETSTRUCT(tuple);
	attnum = att->attnum;
	if (type)
		*type = att->atttypid;
	if (typmod)
		*typmod = att->atttypmod;
	ReleaseSysCache(tuple);
	if (attnum < 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_COLUMN_REFERENCE),
				 errmsg("\"%s\" is a system column", name),
				 errhint("Name one of the table's own columns.")));
	return attnum;
}

/* The collation of a column that is there; InvalidOid where its type has none. */
Oid
pvext_column_collation(Oid relid, const char *name)
{
	AttrNumber	attnum = pvext_column(relid, name, NULL, NULL);
	HeapTuple	tuple = SearchSysCache2(ATTNUM, ObjectIdGetDatum(relid), Int16GetDatum(attnum));
	Oid			collation = InvalidOid;

	if (HeapTupleIsValid(tuple))
	{
		collation = ((Form_pg_attribute) GETSTRUCT(tuple))->attcollation;
		ReleaseSysCache(tuple);
	}
	return collation;
}

/*
 * Has the relation a column of this name that is not dropped, a system column included?
 */
bool
pvext_has_column(Oid relid, const char *name)
{
	return SearchSysCacheExistsAttName(relid, name);
}

/* The names of all columns that are not dropped, in order. */
List *
pvext_columns(Oid relid)
{
	Relation	rel = relation_open(relid, AccessShareLock);
	List	   *names = NIL;

	for (int i = 0; i < RelationGetNumberOfAttributes(rel); i++)
	{
		Form_pg_attribute att = TupleDescAttr(RelationGetDescr(rel), i);

		if (!att->attisdropped)
			names = lappend(names, pstrdup(NameStr(att->attname)));
	}
	relation_close(rel, AccessShareLock);
	return names;
}

/* The key columns of a plain index as names, NIL for an expression index. */
static List *
index_columns(Relation rel, Form_pg_index index)
{
	List	   *names = NIL;

	for (int i = 0; i < index->indnkeyatts; i++)
	{
		AttrNumber	attnum = index->indkey.values[i];

		if (attnum <= 0)
			return NIL;
		names = lappend(names, pstrdup(NameStr(TupleDescAttr(RelationGetDescr(rel),
															 attnum - 1)->attname)));
	}
	return names;
}

/* Is the name in the list? */
bool
pvext_has_name(List *names, const char *name)
{
	ListCell   *lc;

	foreach(lc, names)
		if (strcmp(lfirst(lc), name) == 0)
			return true;
	return false;
}

/* How often is a name in the list? */
static int
count_name(List *names, const char *name)
{
	int			n = 0;
	ListCell   *lc;

	foreach(lc, names)
		n += strcmp(lfirst(lc), name) == 0;
	return n;
}

/* Do two lists hold the same names, each as often, in any order? */
bool
pvext_same_names(List *a, List *b)
{
	ListCell   *lc;

	if (list_length(a) != list_length(b))
		return false;
	foreach(lc, a)
		if (count_name(a, lfirst(lc)) != count_name(b, lfirst(lc)))
			return false;
	return true;
}

/* Do two lists hold the same names in the same order? */
bool
pvext_equal_names(List *a, List *b)
{
	ListCell   *x;
	ListCell   *y;

	if (list_length(a) != list_length(b))
		return false;
	forboth(x, a, y, b)
		if (strcmp(lfirst(x), lfirst(y)) != 0)
			return false;
	return true;
}

/* The columns of the primary key in its order, NIL where there is none. */
List *
pvext_primary_key(Oid relid)
{
	Relation	rel = relation_open(relid, AccessShareLock);
	List	   *result = NIL;
	ListCell   *lc;

	foreach(lc, RelationGetIndexList(rel))
	{
		HeapTuple	tuple = SearchSysCache1(INDEXRELID, ObjectIdGetDatum(lfirst_oid(lc)));
		Form_pg_index index;

		if (!HeapTupleIsValid(tuple))
			continue;
		index = (Form_pg_index) GETSTRUCT(tuple);
		if (index->indisprimary)
			result = index_columns(rel, index);
		ReleaseSysCache(tuple);
	}
	relation_close(rel, AccessShareLock);
	return result;
}

/* Does a whole, valid unique index cover exactly (or a part of) these columns? */
bool
pvext_is_unique(Oid relid, List *columns)
{
	Relation	rel = relation_open(relid, AccessShareLock);
	bool		result = false;
	ListCell   *lc;

	foreach(lc, RelationGetIndexList(rel))
	{
		HeapTuple	tuple = SearchSysCache1(INDEXRELID, ObjectIdGetDatum(lfirst_oid(lc)));
		Form_pg_index index;

		if (!HeapTupleIsValid(tuple))
			continue;
		index = (Form_pg_index) GETSTRUCT(tuple);
		if (index->indisunique && index->indisvalid &&
			heap_attisnull(tuple, Anum_pg_index_indpred, NULL))
		{
			List	   *names = index_columns(rel, index);
			ListCell   *name;
			bool		within = names != NIL;

			foreach(name, names)
				within = within && pvext_has_name(columns, lfirst(name));
			result = result || within;
		}
		ReleaseSysCache(tuple);
	}
	relation_close(rel, AccessShareLock);
	return result;
}

/* An int2[] of attribute numbers as a list of names. */
static List *
attnum_names(Oid relid, Datum array)
{
	Datum	   *elements;
	int			n;
	List	   *names = NIL;

	deconstruct_array(DatumGetArrayTypeP(array), INT2OID, sizeof(int16), true,
					  TYPALIGN_SHORT, &elements, NULL, &n);
	for (int i = 0; i < n; i++)
		names = lappend(names, get_attname(relid, DatumGetInt16(elements[i]), false));
	return names;
}

/*
 * Has every row of the key's table a parent, and has it locked it when it came?  Not those that
 * were there before a key that is NOT VALID, nor those of inheriting tables, which have no key
 * of their own; and what is deferred is not locked before its transaction commits.
 */
static bool
is_firm(Form_pg_constraint form)
{
	return form->convalidated && !form->condeferrable &&
		(get_rel_relkind(form->conrelid) == RELKIND_PARTITIONED_TABLE || !has_subclass(form->conrelid));
}

/* The foreign key of a constraint's OID, which names the relation; NULL for what is none, or a partition's. */
static PvextForeignKey *
foreign_key(Oid constraint, Oid relid)
{
	HeapTuple	tuple = SearchSysCache1(CONSTROID, ObjectIdGetDatum(constraint));
	Form_pg_constraint form;
	PvextForeignKey *fk = NULL;
	bool		isnull;

	if (!HeapTupleIsValid(tuple))
		return NULL;
	form = (Form_pg_constraint) GETSTRUCT(tuple);
	if (form->contype == CONSTRAINT_FOREIGN && form->confrelid == relid &&
		!OidIsValid(form->conparentid) && pvext_constraint_is_enforced(form))
	{
		fk = palloc0(sizeof(PvextForeignKey));
		fk->constraint = form->oid;
		fk->name = pstrdup(NameStr(form->conname));
		fk->relid = form->conrelid;
		fk->on_update = form->confupdtype;
		fk->on_delete = form->confdeltype;
		fk->firm = is_firm(form);
		fk->columns = attnum_names(form->conrelid,
								   SysCacheGetAttr(CONSTROID, tuple,
												   Anum_pg_constraint_conkey, &isnull));
		fk->parent_columns = attnum_names(relid,
										  SysCacheGetAttr(CONSTROID, tuple,
														  Anum_pg_constraint_confkey, &isnull));
	}
	ReleaseSysCache(tuple);
	return fk;
}

/*
 * The foreign keys that name the very relation.  No index leads to constraints from what
 * they refer to; but each that is enforced has two triggers there, one of them on delete.
 */
static List *
foreign_keys_to_one(Oid relid)
{
	Relation	catalog = table_open(TriggerRelationId, AccessShareLock);
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	tuple;
	List	   *result = NIL;

	ScanKeyInit(&key, Anum_pg_trigger_tgrelid, BTEqualStrategyNumber,
				F_OIDEQ, ObjectIdGetDatum(relid));
	scan = systable_beginscan(catalog, TriggerRelidNameIndexId, true, NULL, 1, &key);
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		Form_pg_trigger form = (Form_pg_trigger) GETSTRUCT(tuple);
		PvextForeignKey *fk;

		if (!OidIsValid(form->tgconstraint) || !TRIGGER_FOR_DELETE(form->tgtype) ||
			RI_FKey_trigger_type(form->tgfoid) != RI_TRIGGER_PK)
			continue;
		fk = foreign_key(form->tgconstraint, relid);
		if (fk)
			result = lappend(result, fk);
	}
	systable_endscan(scan);
	table_close(catalog, AccessShareLock);
	return result;
}

/* By OID: plans and messages are then the same each time, whatever order the scan had. */
static int
older_first(const ListCell *a, const ListCell *b)
{
	Oid			x = ((PvextForeignKey *) lfirst(a))->constraint;
	Oid			y = ((PvextForeignKey *) lfirst(b))->constraint;

	return x < y ? -1 : x > y;
}

/*
 * The foreign keys that refer to a relation or to one of its partitions and
 * children, its own self-references included, those that partitions inherit
 * left out, in the order of their OIDs.
 */
List *
pvext_foreign_keys_to(Oid relid)
{
	List	   *result = NIL;
	ListCell   *lc;

	foreach(lc, find_all_inheritors(relid, NoLock, NULL))
		result = list_concat(result, foreign_keys_to_one(lfirst_oid(lc)));
	list_sort(result, older_first);
	return result;
}

/* How many of the pairs of columns are this one? */
static int
count_pair(List *columns, List *parent_columns, const char *column, const char *parent_column)
{
	int			n = 0;
	ListCell   *lc;
	ListCell   *parent_lc;

	forboth(lc, columns, parent_lc, parent_columns)
		n += strcmp(lfirst(lc), column) == 0 && strcmp(lfirst(parent_lc), parent_column) == 0;
	return n;
}

/*
 * Is the foreign key one from these columns of a relation to those of its
 * parent?  It may name the pairs in another order, but they are the same: one from
 * (a, b) to (x, y) is none from (b, a).
 */
bool
pvext_is_key_of(PvextForeignKey *fk, Oid relid, List *columns, List *parent_columns)
{
	ListCell   *lc;
	ListCell   *parent_lc;

	if (fk->relid != relid || list_length(fk->columns) != list_length(columns))
		return false;
	forboth(lc, columns, parent_lc, parent_columns)
		if (count_pair(columns, parent_columns, lfirst(lc), lfirst(parent_lc)) !=
			count_pair(fk->columns, fk->parent_columns, lfirst(lc), lfirst(parent_lc)))
			return false;
	return true;
}

/* Names in a row, quoted as identifiers where quote says so. */
char *
pvext_join_names(List *names, const char *separator, bool quote)
{
	StringInfoData buf;
	ListCell   *lc;

	initStringInfo(&buf);
	foreach(lc, names)
		appendStringInfo(&buf, "%s%s", buf.len > 0 ? separator : "",
						 quote ? quote_identifier(lfirst(lc)) : (char *) lfirst(lc));
	return buf.data;
}
