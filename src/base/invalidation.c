/*
 * invalidation.c
 *		Who hears of it when a relation changes.
 *
 * A server has ten places for callbacks of the relation cache, all extensions
 * together, and a backend that wants an eleventh ends.  pvext takes one, and
 * passes on what it hears to whatever keeps something of relations.
 *
 * pv.relation stands for all that is declared: the triggers of pv's tables
 * (pvext_map_changed()) announce it, whichever of them was written to.  So who keeps
 * something of the declarations hears that everything may have changed.
 */
#include "postgres.h"
#include "base/message.h"

#include "base/invalidation.h"
#include "base/relation.h"
#include "utils/inval.h"

#define MAX_LISTENERS 8

static PvextListener listeners[MAX_LISTENERS];
static int	nlisteners = 0;
static Oid	declarations = InvalidOid;	/* pv.relation, as far as anybody has asked for it */

/*
 * As in any such callback: no look at a catalog, no error.  It may come whenever a lock
 * is taken, a command ends or a transaction begins, also in the middle of what a listener
 * does: so listeners only set flags, or free what nobody is using at such a moment.
 */
static void
relation_changed(Datum arg, Oid relid)
{
	if (relid == declarations)
		relid = InvalidOid;
	for (int i = 0; i < nlisteners; i++)
		listeners[i] (relid);
}

/*
 * Let a function be called whenever a relation changes, with its OID, or InvalidOid
 * where all may have, or what is declared.  Once for each function, for the life of
 * the backend.
 */
void
pvext_on_relation_change(PvextListener listener)
{
	if (nlisteners == MAX_LISTENERS)
		elog(ERROR, "too many functions listen to changes of relations");
	if (nlisteners == 0)
		CacheRegisterRelcacheCallback(relation_changed, (Datum) 0);
	listeners[nlisteners++] = listener;
}

/*
 * To be called by whoever begins to keep something of the declarations, before it is
 * read: an extension that has been made anew has another pv.relation.  Looks at
 * the catalogs.
 */
void
pvext_watch_declarations(void)
{
	declarations = pvext_own_relation("relation");
}
