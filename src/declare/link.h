/*
 * link.h
 *		Links: which table's rows belong to which other table's rows.
 */
#ifndef PVEXT_LINK_H
#define PVEXT_LINK_H

#include "declare/link_value.h"

extern void pvext_declare_link_internal(PvextLinkDeclaration *link);

#endif							/* PVEXT_LINK_H */
