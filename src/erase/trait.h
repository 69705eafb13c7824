/*
 * trait.h
 *		By what it is told whether a row is still the person's whom a request is about.
 */
#ifndef PVEXT_TRAIT_H
#define PVEXT_TRAIT_H

#include "erase/ledger.h"

extern bool pvext_any_traits(PvextTable *subject);
extern List **pvext_read_traits(PvextTable *subject, List *keys);
extern bool pvext_is_same_person(PvextRequest *request, List *traits);
extern void pvext_remember_traits(PvextRequest *request, List *traits);

#endif							/* PVEXT_TRAIT_H */
