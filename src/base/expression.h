/*
 * expression.h
 *		SQL expressions that a declaration carries.
 */
#ifndef PVEXT_EXPRESSION_H
#define PVEXT_EXPRESSION_H

#include "nodes/nodes.h"
#include "nodes/pg_list.h"

/* What an expression may hold besides immutable functions of its row. */
#define PVEXT_EXPR_STABLE		0x01	/* now() and the like */
#define PVEXT_EXPR_SUBQUERY		0x02	/* subqueries, qualified columns only */
#define PVEXT_EXPR_AGGREGATE	0x04	/* aggregates over the table's rows */
#define PVEXT_EXPR_ROW			0x08	/* with it: or just one row's */

/* The name by which a bound expression calls its row. */
#define PVEXT_ROW "r"

extern char *pvext_bind(Oid relid, const char *alias, const char *text,
						Oid want, int flags, const char *what, Oid *type);
/*
 * What has another name since an expression was bound: a column of relid or,
 * where oldschema is given, relid itself.
 */
typedef struct PvextRenaming
{
	Oid			relid;
	const char *oldschema;
	const char *oldname;
	const char *newname;
} PvextRenaming;

extern char *pvext_rebind(Oid relid, const char *bound, Oid want, int flags,
						  PvextRenaming *renaming, bool prefix);
extern Node *pvext_bound_node(Oid relid, const char *bound);
extern char *pvext_bound_as(Oid relid, const char *bound, const char *row);
extern void pvext_bound_type(Oid relid, const char *bound, Oid *type, Oid *collation);
extern List *pvext_columns_read(Oid relid, const char *bound);
extern bool pvext_mentions(const char *expression, const char *column);
extern bool pvext_is_mutable(Node *expr);
extern bool pvext_is_volatile(Node *expr);
extern char *pvext_deparse(Oid relid, Node *expr, bool prefix);

/* Rows on which a declaration tries what it is given. */
#define PVEXT_TRIAL_ROWS 1000

extern void pvext_try_expression(Oid owner, const char *relation, const char *sql, int rows,
								 const char *what);

#endif							/* PVEXT_EXPRESSION_H */
