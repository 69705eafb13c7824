/*
 * link.h
 *		Links: which table's rows belong to which other table's rows.
 */
#ifndef PVEXT_LINK_H
#define PVEXT_LINK_H

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
	const char *condition;		/* the user's text */
	const char *bound;			/* what pvext_bind() made of it */
	const char *on_erase;
	bool		inherit;
	const char *shared;
	const char *expression;		/* the user's text */
	ArrayType  *purposes;		/* text[]; NULL: every purpose */
} PvextLinkDeclaration;

extern void pvext_declare_link_internal(PvextLinkDeclaration *link);

#endif							/* PVEXT_LINK_H */
