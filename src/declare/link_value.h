/*
 * link_value.h
 *		What of a row a link compares, as it is declared.
 */
#ifndef PVEXT_LINK_VALUE_H
#define PVEXT_LINK_VALUE_H

#include "nodes/pg_list.h"
#include "utils/array.h"

/* A link as it is declared; what is NIL or NULL takes its default. */
typedef struct PvextLinkDeclaration
{
	Oid			relid;
	List	   *columns;
	Oid			parent;
	List	   *parent_columns;
	const char *name;
	bool		named;			/* by the user */
	const char *condition;		/* the user's text */
	const char *bound;			/* what pvext_bind() made of it */
	const char *on_erase;
	bool		inherit;
	const char *shared;
	const char *expression;		/* the user's text */
	ArrayType  *purposes;		/* text[]; NULL: every purpose */
	bool		ignore_case;
	const char *value;			/* what pvext_bind() made of the expression */
	bool		elements;		/* found out: it is an array, compared element by element */
} PvextLinkDeclaration;

extern void pvext_bind_link_expression(PvextLinkDeclaration *link);
extern void pvext_complete_link_expression(PvextLinkDeclaration *link);
extern void pvext_check_link_values(PvextLinkDeclaration *link);
extern void pvext_warn_of_held_key(int32 id, const char *column);

#endif							/* PVEXT_LINK_VALUE_H */
