/*
 * guesswork.c
 *		Guesses at links, and how sure they are.
 *
 * Each guess has a confidence that the columns refer to the parent, and its reason in
 * words; where there are rows, a sample of them makes it more sure, or less.  Whether the row
 * is the parent's is another question: where the name says who acted, the guess is doubtful.
 *
 * Nothing is done by a guess: it is shown, and proposed.
 */
#include "postgres.h"
#include "base/message.h"

#include <math.h>

#include "detect/guesswork.h"
#include "detect/name_guess.h"
#include "utils/memutils.h"

/* Can values of the column be those of the key? */
bool
pvext_may_refer(PvextLookColumn *column, PvextLookColumn *key)
{
	if (column == NULL || key == NULL || column->kind == PVEXT_NO_KEY || key->kind == PVEXT_NO_KEY ||
		column->enumerated || key->enumerated)
		return false;
	return column->kind == key->kind || column->kind == PVEXT_STRINGS ||
		(column->kind == PVEXT_INTEGERS && key->kind == PVEXT_STRINGS);
}

/* Enter a guess. */
PvextCandidate *
pvext_add_guess(PvextGuesswork *work, PvextLook *table, List *columns, PvextLook *parent,
				List *parent_columns, const char *found_by, double confidence, const char *reason,
				const char *condition)
{
	MemoryContext before = MemoryContextSwitchTo(work->context);
	PvextCandidate *guess = palloc0(sizeof(PvextCandidate));
	ListCell   *lc;

	guess->relid = table->relid;
	foreach(lc, columns)
		guess->columns = lappend(guess->columns, pstrdup(lfirst(lc)));
	guess->parent = parent->relid;
	foreach(lc, parent_columns)
		guess->parent_columns = lappend(guess->parent_columns, pstrdup(lfirst(lc)));
	guess->found_by = found_by;
	guess->confidence = (float4) (rint(Min(confidence, 0.99) * 100) / 100);
	guess->doubtful = pvext_says_acted(columns, parent->relid);
	guess->reason = guess->doubtful ? psprintf("%s; who acted, which may not be whose it is", reason) : pstrdup(reason);
	guess->condition = condition ? pstrdup(condition) : NULL;
	work->guesses = lappend(work->guesses, guess);
	MemoryContextSwitchTo(before);
	return guess;
}

/* How sure a guess is once a sample has been looked at, which the reason is added to. */
double
pvext_weigh(double confidence, const PvextContained *contained, StringInfo reason)
{
	double		share;

	if (contained->n == 0)
	{
		appendStringInfoString(reason, "; there are no rows to compare");
		return confidence;
	}
	share = (double) contained->hits / contained->n;
	appendStringInfo(reason, "; of %d values in a sample %d are there", contained->n, contained->hits);
	if (contained->folded > 0)
		appendStringInfo(reason, ", %d of them only in lower case", contained->folded);
	if (contained->hits == 0)
		return contained->n < 3 ? confidence * 0.8 : confidence * 0.4;
	if (share < 0.9)
		return confidence * (0.5 + 0.5 * share);
	if (contained->chance > 0.05)
		return confidence + (1 - confidence) * (contained->n >= 20 ? 0.3 : 0.1);
	return confidence + (1 - confidence) * 0.9;
}
