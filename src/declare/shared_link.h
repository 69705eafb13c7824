/*
 * shared_link.h
 *		Links to rows that several of the parent's rows may refer to.
 */
#ifndef PVEXT_SHARED_LINK_H
#define PVEXT_SHARED_LINK_H

#include "base/catalog.h"
#include "base/finding.h"
#include "base/index.h"
#include "declare/link_value.h"

extern void pvext_resolve_shared(PvextLinkDeclaration *link);
extern bool pvext_is_reference(PvextForeignKey *fk, int32 id, bool *others);
extern bool pvext_reference_goes(PvextForeignKey *fk, bool others);
extern void pvext_check_references(const PvextLinkDeclaration *link);
extern void pvext_check_shared_deletes(PvextCheck *check);
extern bool pvext_all_shared(int32 id);
extern void pvext_extend_shared_paths(const PvextLinkDeclaration *link);
extern PvextSearch pvext_reference_search(Oid parent, List *columns, bool ignore_case);
extern void pvext_warn_of_reference_index(const PvextLinkDeclaration *link);

#endif							/* PVEXT_SHARED_LINK_H */
