/*
 * change.c
 *		Who hears of it when a relation changes.
 *
 * A server has ten places for callbacks of the relation cache, all extensions
 * together, and a backend that wants an eleventh ends.  pvext takes one, and
 * passes on what it hears to whatever keeps something of relations.
 */
#include "postgres.h"
#include "message.h"

#include "change.h"

#define MAX_LISTENERS 8

static RelcacheCallbackFunction listeners[MAX_LISTENERS];
static int	nlisteners = 0;

/* As in any such callback: no look at a catalog, no error. */
static void
relation_changed(Datum arg, Oid relid)
{
	for (int i = 0; i < nlisteners; i++)
		listeners[i] (arg, relid);
}

/*
 * Let a function be called whenever a relation changes, with its OID, or InvalidOid
 * where all may have.  Once for each function, for the life of the backend.
 */
void
pvext_on_relation_change(RelcacheCallbackFunction listener)
{
	if (nlisteners == MAX_LISTENERS)
		elog(ERROR, "too many functions listen to changes of relations");
	if (nlisteners == 0)
		CacheRegisterRelcacheCallback(relation_changed, (Datum) 0);
	listeners[nlisteners++] = listener;
}
