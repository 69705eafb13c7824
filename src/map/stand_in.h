/*
 * stand_in.h
 *		Tables that may have taken the place of one that was dropped.
 */
#ifndef PVEXT_STAND_IN_H
#define PVEXT_STAND_IN_H

#include "base/table_part.h"

/* SQL: tables of orphans' names that are not declared themselves: the orphan is r, the table c. */
#define PVEXT_NAMESAKES \
	" FROM pv.relation AS r JOIN pg_namespace AS n ON n.nspname = r.schema" \
	" JOIN pg_class AS c ON c.relnamespace = n.oid AND c.relname = r.name" \
	" WHERE r.relation IS NULL AND c.relkind IN ('r', 'p') AND NOT c.relispartition" \
	" AND NOT EXISTS (SELECT FROM pv.relation AS o WHERE o.relation = c.oid)"

/*
 * SQL: tables that have a name that an orphan, r, had before it was renamed, and that are not
 * declared themselves: c, by f.
 */
#define PVEXT_STAND_INS \
	" FROM pv.relation AS r CROSS JOIN LATERAL unnest(r.former) WITH ORDINALITY AS f(name, n)" \
	" JOIN pg_class AS c ON c.oid = to_regclass(f.name)" \
	" WHERE NOT EXISTS (SELECT FROM pg_class AS t WHERE t.oid = r.relation)" \
	" AND c.relkind IN ('r', 'p') AND NOT c.relispartition" \
	" AND NOT EXISTS (SELECT FROM pv.relation AS o WHERE o.relation = c.oid) AND " PVEXT_IS_DECLARED

extern List *pvext_strange_namesakes(void);
extern char *pvext_stand_in_hint(const char *schema, const char *name, const char *table);
extern List *pvext_stand_ins(bool dropped);
extern void pvext_check_stand_ins(PvextCheck *check);
extern void pvext_refuse_stand_ins(int32 subject_id);

#endif							/* PVEXT_STAND_IN_H */
