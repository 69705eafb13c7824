/*
 * map_advice.h
 *		What generate_map() would say of tables, for who checks the map.
 */
#ifndef PVEXT_MAP_ADVICE_H
#define PVEXT_MAP_ADVICE_H

#include "nodes/pg_list.h"

/* What is proposed for the map as it is. */
typedef struct PvextAdvice PvextAdvice;

extern PvextAdvice *pvext_advise(List *relids);
extern List *pvext_advised_candidates(PvextAdvice *advice);
extern char *pvext_advised_link(PvextAdvice *advice, Oid relid, List *columns, Oid parent);
extern char *pvext_advised_columns(PvextAdvice *advice, Oid relid, List *columns);
extern char *pvext_advised_argument(PvextAdvice *advice, Oid relid, const char *strategy);
extern bool pvext_advised_author(PvextAdvice *advice, Oid relid, const char *link, bool conditional);

#endif							/* PVEXT_MAP_ADVICE_H */
