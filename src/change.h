/*
 * change.h
 *		Who hears of it when a relation changes.
 */
#ifndef PVEXT_CHANGE_H
#define PVEXT_CHANGE_H

/* Something has changed: a relation or, with InvalidOid, any of them or what is declared. */
typedef void (*PvextListener) (Oid relid);

extern void pvext_on_relation_change(PvextListener listener);
extern void pvext_watch_declarations(void);

#endif							/* PVEXT_CHANGE_H */
