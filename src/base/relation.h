/*
 * relation.h
 *		Tables of schema pv, and the tables that its pv.relation names.
 */
#ifndef PVEXT_RELATION_H
#define PVEXT_RELATION_H

extern Oid	pvext_own_relation(const char *name);
extern bool pvext_ensure_snapshot(void);
extern bool pvext_never_used(const char *name);
extern int32 pvext_relation_id(Oid relid);
extern Oid	pvext_relation_by_id(int32 id);
extern int32 pvext_register_relation(Oid relid);

#endif							/* PVEXT_RELATION_H */
