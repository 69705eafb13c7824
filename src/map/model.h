/*
 * model.h
 *		Finding one's way in a data map.
 */
#ifndef PVEXT_MODEL_H
#define PVEXT_MODEL_H

#include "access/attnum.h"
#include "base/spi.h"
#include "nodes/pg_list.h"
#include "strategy/strategy.h"

typedef struct PvextTable PvextTable;
typedef struct PvextPurpose PvextPurpose;	/* in purpose.h */

/* A personal column. */
typedef struct PvextColumn
{
	char	   *name;
	char	   *category;
	List	   *purposes;		/* C strings; NIL: every purpose */
	bool		consent_only;	/* all purposes rest on consent */
	bool		any_path;		/* about whomever the row belongs to */
	List	   *paths;			/* lists of names of links, up to the persons; NIL: the row itself */
	PvextTable *unsaid;			/* where a path would have to branch: nobody said how; or NULL */
	PvextStrategy strategy;
	bool		leads;			/* linked columns or foreign keys follow it */
	bool		follows;		/* a link's column: follows its parent's */
	bool		missing;		/* dropped since it was declared */
	char	   *owner;			/* on whose behalf an expression runs */
} PvextColumn;

/* The rows of table belong to the rows of parent. */
typedef struct PvextLink
{
	char	   *name;
	PvextTable *table;
	List	   *columns;		/* C strings: they hold the key or, with value, are what that reads */
	char	   *value;			/* what of row r is compared instead of columns: bound, or NULL */
	bool		elements;		/* it is an array, and each element a key */
	bool		ignore_case;
	Oid			value_type;		/* of value; InvalidOid: not looked at yet */
	Oid			value_collation;
	PvextTable *parent;
	List	   *parent_columns; /* C strings, in the same order */
	char	   *condition;		/* bound, or NULL */
	char	   *owner;			/* on whose behalf condition and value run */
	bool		delete_rows;
	bool		inherited;		/* by what belongs to the rows */
	char	   *shared;			/* "last" or "any", where several of the parent may refer to a row; or NULL */
	List	   *purposes;		/* with delete_rows: C strings; NIL: every purpose */
	bool		consent_only;	/* all purposes rest on consent */
	bool		twin;			/* of one to the table that the parent has left: one or the other */
	PvextTable *unsaid;			/* with delete_rows: as PvextColumn */
	bool		enforced;		/* a foreign key stands behind it, for every row */
} PvextLink;

/* A retention rule. */
typedef struct PvextRule
{
	char	   *name;
	char	   *basis;
	char	   *keep;			/* interval as text */
	char	   *after;			/* bound over r, or over the rows of "over" */
	char	   *otherwise;		/* bound over r, or NULL */
	PvextTable *over;			/* or NULL */
	PvextTable *through;		/* the table up to which the clock goes first; NULL: its own */
	char	   *condition;		/* for which rows it holds: bound, or NULL */
	List	   *columns;		/* C strings; NIL: all personal ones */
	char	   *time_zone;
	char	   *owner;
	bool		mandatory;
	bool		removes;		/* the rows, else the columns' values */
	bool		active;
} PvextRule;

/* A blocker of a subject table. */
typedef struct PvextBlocker
{
	char	   *name;
	char	   *reason;
	char	   *condition;		/* bound over r */
	char	   *owner;
	PvextTable *over;			/* the linked table, or NULL for the subject's row */
	List	   *purposes;		/* C strings; NIL: every purpose */
} PvextBlocker;

struct PvextTable
{
	int32		id;				/* in pv.relation */
	Oid			relid;
	Oid			owner;
	char	   *sql_name;		/* qualified and quoted */
	bool		is_subject;
	List	   *key;			/* of a subject table: C strings */
	char	   *condition;		/* which rows are persons: bound, or NULL */
	char	   *condition_owner;
	List	   *links;			/* PvextLink: what its rows belong to */
	List	   *children;		/* PvextLink: what belongs to its rows */
	List	   *columns;		/* PvextColumn: its personal columns */
	List	   *rules;			/* PvextRule */
	List	   *blockers;		/* PvextBlocker, of a subject table */
	int			depth;			/* how far from its subjects; 0: not known yet */
	bool		referred;		/* its rows, or those that they belong to, go with the last who refers to them */
	List	   *plans;			/* PvextPlan, of a subject table: see plan.h */
	PvextStatement find_subject[3]; /* of a subject table: see key.h */
	PvextStatement addresses;	/* of a subject table: see suppression.c */
	PvextStatement traits;		/* of a subject table: see trait.c */
};

typedef struct PvextMap
{
	List	   *tables;			/* PvextTable */
	List	   *purposes;		/* PvextPurpose */
	MemoryContext context;
	uint64		number;			/* another one has another */
} PvextMap;

extern PvextTable *pvext_map_table(PvextMap *map, Oid relid);
extern PvextTable *pvext_map_subject(PvextMap *map, Oid relid);
extern PvextLink *pvext_map_link(PvextTable *table, const char *name);
extern bool pvext_goes_with_last(const PvextLink *link);
extern void pvext_check_bound_owner(PvextTable *table, const char *owner,
									const char *what);

#endif							/* PVEXT_MODEL_H */
