/*
 * link_guess.c
 *		Links that no foreign key says, guessed.
 *
 * What a table's columns refer to is guessed in three ways: by their names (named_link.c), by
 * pairs of columns of which one says to what table the other refers (pair_guess.c), and
 * by what is in them (content_guess.c).
 */
#include "postgres.h"
#include "base/message.h"

#include "detect/content_guess.h"
#include "detect/link_guess.h"
#include "detect/named_link.h"
#include "detect/pair_guess.h"
#include "miscadmin.h"
#include "utils/memutils.h"

/*
 * All that may be guessed, once for each column and parent; persons are OIDs of the tables
 * of persons.  In the current context; between pvext_enter() and pvext_leave().
 */
PvextGuesswork *
pvext_guess_links(List *persons)
{
	PvextGuesswork *work = palloc0(sizeof(PvextGuesswork));
	MemoryContext of_table = AllocSetContextCreate(CurrentMemoryContext, "pvext sample", ALLOCSET_DEFAULT_SIZES);
	ListCell   *lc;

	work->context = CurrentMemoryContext;
	work->looks = pvext_load_looks();
	foreach(lc, persons)
		if (pvext_find_look(work->looks, lfirst_oid(lc)))
			work->persons = lappend(work->persons, pvext_find_look(work->looks, lfirst_oid(lc)));
	foreach(lc, work->looks->tables)
	{
		PvextSample sample;
		List	   *settled;
		List	   *unsaid;

		CHECK_FOR_INTERRUPTS();
		MemoryContextSwitchTo(of_table);
		pvext_take_sample(lfirst(lc), &sample);
		settled = pvext_guess_pairs(work, &sample, &unsaid);
		pvext_guess_by_name(work, &sample, settled, unsaid);
		pvext_guess_by_content(work, &sample);
		MemoryContextSwitchTo(work->context);
		MemoryContextReset(of_table);
	}
	MemoryContextDelete(of_table);
	return work;
}
