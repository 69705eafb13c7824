/*
 * catalog.h
 *		What the system catalogs know of a relation.
 */
#ifndef PVEXT_CATALOG_H
#define PVEXT_CATALOG_H

#include "access/attnum.h"
#include "nodes/pg_list.h"

/* A foreign key that refers to a relation. */
typedef struct PvextForeignKey
{
	Oid			constraint;
	char	   *name;
	Oid			relid;			/* the referring relation, a partition's root */
	List	   *columns;		/* its columns, C strings */
	List	   *parent_columns;	/* the columns referred to, in the same order */
	char		on_update;		/* FKCONSTR_ACTION_... */
	char		on_delete;
	bool		firm;			/* every row's parent is there, and was locked when the row came */
} PvextForeignKey;

extern Oid	pvext_owner(Oid relid);
extern bool pvext_is_partition(Oid relid);
extern Oid	pvext_partition_root(Oid relid);
extern List *pvext_with_parents(Oid relid);
extern char *pvext_relation_name(Oid relid);
extern void pvext_check_table(Oid relid);
extern Oid	pvext_foreign_child(Oid relid);
extern void pvext_check_children(Oid relid);
extern bool pvext_has_after_triggers(Oid relid);
extern bool pvext_has_trigger_of(Oid relid, const char *function);
extern void pvext_check_owner(Oid relid);
extern void pvext_check_expression_owner(Oid relid);
extern AttrNumber pvext_column(Oid relid, const char *name, Oid *type,
							   int32 *typmod);
extern Oid	pvext_column_collation(Oid relid, const char *name);
extern bool pvext_has_column(Oid relid, const char *name);
extern List *pvext_columns(Oid relid);
extern List *pvext_primary_key(Oid relid);
extern bool pvext_is_unique(Oid relid, List *columns);
extern List *pvext_foreign_keys_to(Oid relid);
extern bool pvext_is_key_of(PvextForeignKey *fk, Oid relid, List *columns,
						   List *parent_columns);
extern bool pvext_has_name(List *names, const char *name);
extern bool pvext_same_names(List *a, List *b);
extern bool pvext_equal_names(List *a, List *b);
extern char *pvext_join_names(List *names, const char *separator, bool quote);

#endif							/* PVEXT_CATALOG_H */
