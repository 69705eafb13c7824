/*
 * invalidation.h
 *		Who hears of it when a relation changes.
 */
#ifndef PVEXT_INVALIDATION_H
#define PVEXT_INVALIDATION_H

/* Something has changed: a relation or, with InvalidOid, any of them or what is declared. */
typedef void (*PvextListener) (Oid relid);

extern void pvext_on_relation_change(PvextListener listener);
extern void pvext_watch_declarations(void);

#endif							/* PVEXT_INVALIDATION_H */
