/*
 * column_fit.h
 *		What the catalogs say of a column: fit.c and index_fit.c fill it in.
 */
#ifndef PVEXT_COLUMN_FIT_H
#define PVEXT_COLUMN_FIT_H

#include "access/attnum.h"
#include "nodes/pg_list.h"

/* A unique index over what is computed from the column. */
typedef struct PvextDistinct
{
	char	   *index;
	List	   *keys;			/* SQL over r: what it is over */
	List	   *computed;		/* those of them that depend on the column */
	List	   *conditions;		/* SQL over r: the parts of its predicate that do */
	bool		nulls_collide;	/* NULLS NOT DISTINCT */
} PvextDistinct;

/* What the catalogs say of a column that is to lose its persons. */
typedef struct PvextFit
{
	Oid			relid;
	Oid			owner;
	char	   *table;			/* for SQL and messages */
	char	   *column;
	AttrNumber	attnum;
	Oid			type;
	int32		typmod;
	bool		not_null;
	bool		leads;			/* links or foreign keys refer to it */
	bool		refers;			/* it is in a foreign key of its table */
	bool		match_full;		/* which lets no single column be NULL */
	char	   *unique;			/* a unique index that depends on it, or NULL */
	bool		unique_alone;	/* of this column alone */
	bool		nulls_collide;	/* NULLS NOT DISTINCT */
	char	   *exclusion;		/* an exclusion constraint with it, or NULL */
	bool		only_empty;		/* a range, or several, that only must not overlap others */
	List	   *generated;		/* names of the columns computed from it */
	List	   *distinct;		/* PvextDistinct: unique indexes over what is computed from it */
	List	   *null_unique;	/* SQL conditions under which it collides as NULL */
	bool		only_not_null;	/* what is NOT NULL in the table's own rows alone */
	List	   *parts;			/* PvextFit: partitions and children that refuse more than it does */
	bool		is_part;		/* is itself one of those */
	bool		all_rows;		/* what is tried is tried on all of them, not on some */
} PvextFit;

#endif							/* PVEXT_COLUMN_FIT_H */
