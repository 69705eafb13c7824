/*
 * plan.h
 *		What a plan is made of.
 */
#ifndef PVEXT_PLAN_H
#define PVEXT_PLAN_H

#include "lib/stringinfo.h"
#include "map/map.h"

/* A value that statements take; filled in for each run. */
typedef struct PvextParam
{
	Oid			type;
	Datum		value;
	bool		isnull;
} PvextParam;

/* One column of a set's rows, as an array that its children are matched by. */
typedef struct PvextSlot
{
	char	   *column;			/* or the name of a link, with "*" */
	char	   *sql;			/* SQL over r: what that link's rows hold; else NULL */
	bool		as_text;
	bool		folded;			/* and of lower case */
	Oid			element;		/* type of the array's elements */
	PvextParam	param;
} PvextSlot;

typedef struct PvextStep PvextStep;
typedef struct PvextPlan PvextPlan;

typedef struct PvextReferred PvextReferred;

/*
 * Rows of a table that belong to the subject: by one path of links, or by any.
 */
typedef struct PvextSet
{
	PvextTable *table;
	bool		loose;			/* with rows that others refer to, too, of those that go with the last */
	bool		with_self;		/* the subject's own rows are among them */
	bool		locked;			/* its rows are locked, though nothing hangs on them */
	bool		any;			/* by any path, else by "paths" */
	bool		inherited;		/* with any: only by links that what belongs to the rows inherits */
	bool		deleted;		/* the rows go */
	List	   *paths;			/* lists of names of links, from this table up */
	List	   *arms;			/* PvextArm: how they belong */
	List	   *slots;			/* PvextSlot: what children are matched by */
	PvextParam *places;			/* tid[]: the rows are those; else NULL */
	const char *also;			/* SQL over r: and this holds of them; or NULL */
	PvextReferred *referred;	/* by which some are not the subject's; NULL: not needed */
	bool		building;
	bool		productive;
	PvextStep  *collect;		/* locks them and fills the slots */
	PvextStep  *look;			/* the same without the lock */
} PvextSet;

typedef struct PvextArm
{
	PvextLink  *link;
	PvextSet   *parent;
	List	   *slots;			/* of parent, in the order of the link's columns */
	bool		up;				/* the link's parents of rows of "parent", whose slots are its columns */
	bool		last;			/* rows belong only if nobody else refers to them */
} PvextArm;

/* A subject's own row, as it was locked. */
typedef struct PvextRow
{
	int			n;				/* which of the keys asked for, from 0 */
	char	   *key;			/* in the row's own spelling */
	Datum	   *slots;			/* values of plan->self's slots */
	bool	   *nulls;
	bool		gone;			/* there is none of the key; see missing_subject.c */
	bytea	   *digest;			/* of the key, where texts are taken from several together; else NULL */
} PvextRow;

/* Rows of a table, by whom they are about; see row_subject.c. */
typedef struct PvextRows
{
	PvextTable *table;
	bool		any_path;		/* by any path of links, else by "paths" */
	List	   *paths;			/* as in PvextColumn */
	List	   *children;		/* PvextLink: what goes with the rows, nearest first */
	bool		anybody;		/* rows of subject tables that are no persons count, too */
} PvextRows;

/* Rows to which others than the plan's subjects may refer; see referred_row.c. */
struct PvextReferred
{
	PvextSet   *kept;			/* those to which somebody else does: by primary key */
	PvextSet   *taken;			/* the others, of those that the subjects refer to */
	PvextRows	about;			/* whom they are about */
	bool		deleted;		/* the rows go: to them may refer what rules retain, too */
	PvextStep  *lock;			/* finds and locks those that the subjects refer to */
	PvextStep  *look;			/* the same without the lock */
};

/* Rows that are about somebody who is held; see shared_row.c. */
typedef struct PvextOther
{
	PvextPlan  *held;			/* its subjects are those of one table who are */
	PvextSet   *set;			/* of that plan */
} PvextOther;

/* Rows of which something is kept, so that what refers to them stays; see kept_reference.c. */
typedef struct PvextReference
{
	PvextLink  *link;			/* by which they are referred to, or go with others */
	PvextSet   *rows;
	PvextStep  *find;
} PvextReference;

/* A statement on one user table, run as its owner. */
struct PvextStep
{
	PvextTable *table;
	List	   *params;			/* PvextParam, as $1, $2, ... */
	PvextStatement few;			/* planned once for few subjects */
	PvextStatement many;		/* planned for the values of each run */
};

/* A statement being built: its text, and the values it takes. */
typedef struct PvextSql
{
	StringInfoData text;
	List	   *params;			/* PvextParam */
} PvextSql;

/* A personal column within a plan. */
typedef struct PvextTarget
{
	PvextPlan  *plan;
	PvextTable *table;
	PvextColumn *column;
	PvextSet   *set;			/* whose rows' values go */
	PvextSet   *mentioned;		/* whose values identify the subject: the same, and more; or NULL */
	bool		blocked;
	bool		decides;		/* the plan is for what is due of it */
	char	   *until;			/* SQL: retained until then; NULL: not retained */
	char	   *basis;			/* of that, for people */
	List	   *others;			/* PvextOther: whose hold keeps it, too */
	PvextRows  *shared;			/* such rows, where there may be any; or NULL */
	PvextStep  *sharers;		/* reads that */
	PvextParam	made;			/* jsonb: new values made in C */
	PvextParam	known;			/* bytea[]: digests of redacted texts */
	PvextParam	no_values;		/* text[]: NULL, and */
	PvextParam	all_goes;		/* bool: true, of texts that go whole whatever is known; or NULL */
	PvextParam	texts;			/* bigint: of a plan of many, PvextPersonTexts by their number */
	char	   *whose;			/* SQL over r, of the same: the keys of the subjects that it belongs to */
	PvextStep  *gather;			/* old texts, where new ones are made in C */
	PvextStep  *unlink;			/* large objects that the values refer to */
	PvextStep  *follow;			/* re-keying: this column and all that follow */
	List	   *key_columns;	/* of re-keying: what tells which rows follow */
	List	   *old_keys;		/* PvextParam, text[], for each of them */
	PvextParam	new_keys;		/* text[] */
	PvextStep  *identify;		/* the identifying values, for redaction; of many, with the subject's number */
	PvextStep  *digest;			/* digests of redacted texts; likewise */
	PvextStep  *rewritten;		/* those before and after, where texts may be others', too */
	PvextStep  *preview;		/* due, kept, until; how many of those kept are so for others */
	PvextStep  *held;			/* rows in which it is kept, by primary key */
	PvextStep  *stays;			/* of staying_value.c; NULL: not built yet */
} PvextTarget;

/* A column that a trigger computes from what goes. */
typedef struct PvextDerived
{
	PvextTable *table;
	PvextColumn *column;
	char	   *digest;			/* SQL over r: of the row's key and the column's value */
	PvextStep  *before;			/* digests where something goes that it is made of */
	PvextStep  *after;			/* counts rows that still have one of these */
	PvextParam	old;			/* bytea[]: those that the run in hand has read */
} PvextDerived;

/* Rows of a table that are deleted. */
typedef struct PvextRemoval
{
	PvextTable *table;
	PvextSet   *set;
	bool		blocked;
	char	   *until;
	char	   *basis;
	List	   *others;			/* as in PvextTarget */
	PvextRows  *shared;
	PvextStep  *sharers;
	PvextStep  *preview;
	PvextStep  *held;
} PvextRemoval;

/* Are the outcomes of many subjects told apart by queries?  See told_apart.c. */
typedef enum PvextApart
{
	PVEXT_APART_UNKNOWN,
	PVEXT_APART,
	PVEXT_NOT_APART
} PvextApart;

struct PvextPlan
{
	PvextTable *subject;
	char	   *blocked;		/* a character per target and removal: '1' blocked */
	PvextSet   *self;
	List	   *rows;			/* PvextRow: the subjects of the run in hand, */
	List	   *done;			/* C strings: keys of those that its call has erased before, */
	List	   *partly_done;	/* and of those of whom rules retain something */
	bool		loose;			/* as all of its sets */
	MemoryContext context;		/* what the plan is made of */
	List	   *tables;			/* PvextTable: all that its statements touch */
	List	   *sets;			/* PvextSet, parents first */
	List	   *targets;		/* PvextTarget */
	List	   *removals;		/* PvextRemoval */
	List	   *derived;		/* PvextDerived */
	List	   *writes;			/* PvextStep, leaves first */
	List	   *checks;			/* PvextStep: dirty, held, until */
	List	   *blocker_sets;	/* PvextSet or NULL, as subject->blockers */
	List	   *blocker_steps;	/* PvextStep, as subject->blockers */
	List	   *blocker_locks;	/* the same, locking the rows they look at */
	List	   *blocker_asks;	/* PvextStep or NULL: the same of many subjects, which it blocks */
	List	   *blocker_rows;	/* PvextStep or NULL, as those: locks all rows that it looks at */
	PvextParam	values;			/* text[]: identifying values */
	PvextParam	whole;			/* bool: redact whole texts */
	PvextParam	place;			/* tid: of a row that is asked about */
	PvextParam	place_in;		/* oid: the table that it is in */
	PvextParam	own_xid;		/* xid: of the (sub)transaction that writes */
	PvextStatement lock_one;
	PvextStatement lock_many;
	PvextStatement look_one;
	PvextStatement look_many;
	PvextStatement key_one;		/* what look_one would find, of a key that has no row */
	bool		decided;		/* nothing goes unless something is due of what decides */
	bool		redacts;
	bool		together;		/* it takes each text's own subjects' values out of it; see many_texts.c */
	bool		cyclic;
	bool		unenforced;		/* a link without a foreign key takes part */
	List	   *others;			/* PvextPlan: of those who are held, a subject table each */
	List	   *references;		/* PvextReference: those at the end of a way first */
	bool		any_held;		/* there are such, as pvext_read_others() has found */
	List	   *kept;			/* PvextKeptKeys: replaced by the run in hand */
	List	   *address_steps;	/* PvextStep: texts that may be addresses; of a plan that finds these */
	List	   *telling_columns;	/* of identifying_value.c; NIL: not looked for yet */
	List	   *retained;		/* of retained_value.c; NIL: not looked for yet */
	PvextApart	apart;
	List	   *retained_asks;	/* PvextStep: numbers of subjects, and until when something is retained */
	PvextStep  *begun_ask;		/* numbers of subjects who lose something for certain; NULL: of none */
};

extern void pvext_sql_init(PvextSql *sql);
extern int	pvext_sql_param(PvextSql *sql, PvextParam *param);
extern PvextStep *pvext_sql_step(PvextSql *sql, PvextTable *table);
extern PvextPlan *pvext_begin_plan(PvextTable *subject, const char *blocked);
extern PvextPlan *pvext_kept_plan(PvextMap *map, PvextTable *subject, const char *blocked,
								  PvextPlan *(*make) (PvextMap *, PvextTable *, const char *));
extern void pvext_note_tables(PvextMap *map, PvextPlan *plan);
extern PvextTarget *pvext_add_target(PvextPlan *plan, PvextTable *table, PvextColumn *column,
									 PvextSet *set);
extern void pvext_refuse_detached_tables(List *tables);
extern void pvext_lock_plan(PvextPlan *plan, LOCKMODE mode);

#endif							/* PVEXT_PLAN_H */
