/*
 * table_look.h
 *		The tables of a database as they look: columns and keys.
 */
#ifndef PVEXT_TABLE_LOOK_H
#define PVEXT_TABLE_LOOK_H

#include "detect/name_stem.h"
#include "utils/hsearch.h"

/* Kinds of types that keys have; values of one kind compare. */
#define PVEXT_INTEGERS 'I'
#define PVEXT_UUIDS 'U'
#define PVEXT_STRINGS 'S'
#define PVEXT_NO_KEY '\0'

/* A column. */
typedef struct PvextLookColumn
{
	char	   *name;
	Oid			type;			/* of a domain, what it is over */
	char		kind;			/* PVEXT_INTEGERS ... */
	bool		inherited;		/* from a table that is asked about it */
	bool		enumerated;		/* an enum, whose kind is PVEXT_STRINGS */
	PvextWords	words;			/* of its name */
	bool		ranged;			/* is this known, of a key of integers? */
	double		lowest;
	double		highest;
} PvextLookColumn;

/* A foreign key of a table. */
typedef struct PvextReference
{
	List	   *columns;		/* C strings */
	Oid			parent;
	List	   *parent_columns;
} PvextReference;

/* A table. */
typedef struct PvextLook
{
	Oid			relid;
	Oid			schema;
	Oid			owner;
	char	   *name;
	bool		readable;		/* by its owner, without running what others have made */
	double		rows;			/* as ANALYZE has estimated them; below 0: unknown */
	PvextWords	words;			/* of its name */
	List	   *columns;		/* PvextLookColumn */
	List	   *keys;			/* lists of C strings: the primary key, then unique ones */
	char	   *rest_of_key;	/* of a partitioned table: the column of its primary key beside what it is partitioned by, or NULL */
	List	   *foreign_keys;	/* PvextReference */
} PvextLook;

/* All of them. */
typedef struct PvextLooks
{
	List	   *tables;			/* PvextLook */
	HTAB	   *by_oid;
	HTAB	   *by_stem;
} PvextLooks;

/* A table that a name may mean. */
typedef struct PvextNamesake
{
	PvextLook *table;
	double		score;			/* 0 to 1: how much of its name that is */
} PvextNamesake;

extern PvextLooks *pvext_load_looks(void);
extern PvextLook *pvext_find_look(PvextLooks *looks, Oid relid);
extern PvextLookColumn *pvext_find_column(PvextLook *table, const char *name);
extern List *pvext_namesakes(PvextLooks *looks, const PvextWords *words, int from, int to);
extern bool pvext_is_single_key(PvextLook *table, const char *column);
extern bool pvext_has_foreign_key(PvextLook *table, const char *column);

#endif							/* PVEXT_TABLE_LOOK_H */
