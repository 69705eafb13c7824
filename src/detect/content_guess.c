/*
 * content_guess.c
 *		Columns that hold persons' keys, whatever they are called.
 *
 * An e-mail address, a user name or a uuid in another table is found by looking for it
 * among the keys of the tables of persons.  What may be there by chance is not told of:
 * of numbers only those of keys that lie far apart, of strings none that are short.
 */
#include "postgres.h"
#include "base/message.h"

#include "base/catalog.h"
#include "detect/content_guess.h"
#include "detect/name_guess.h"
#include "miscadmin.h"

/* So many different values make a sample, and so few of other strings than addresses. */
#define FEW 3
#define SOME 5

/* A key of such a name holds addresses. */
#define MAIL "*mail epost courriel"

/* Has the column been guessed to refer to the parent, by what it is called? */
static bool
is_guessed(PvextGuesswork *work, PvextLook *table, PvextLookColumn *column, PvextLook *parent)
{
	ListCell   *lc;

	foreach(lc, work->guesses)
	{
		PvextCandidate *guess = lfirst(lc);

		if (guess->relid == table->relid && guess->parent == parent->relid &&
			pvext_has_name(guess->columns, column->name))
			return true;
	}
	return false;
}

/* Are most of the values e-mail addresses? */
static bool
are_addresses(List *values)
{
	int			n = 0;
	ListCell   *lc;

	foreach(lc, values)
	{
		const char *at = strchr(lfirst(lc), '@');

		n += at && strchr(at, '.') && !strchr(at + 1, '@') && !strchr(lfirst(lc), ' ');
	}
	return n > list_length(values) / 2;
}

/* How sure is it that values, of which so many are keys, are these; 0 where it is not. */
static double
confidence_of(List *values, PvextLookColumn *key, const PvextContained *contained)
{
	double		share = (double) contained->hits / Max(contained->n, 1);

	if (contained->n < FEW || contained->hits < FEW)
		return 0;
	if (key->kind == PVEXT_UUIDS)
		return share >= 0.5 ? 0.95 * share : 0;
	if (key->kind == PVEXT_INTEGERS)
		return contained->hits >= SOME && share >= 0.9 && contained->chance < 0.001 ? 0.6 * share : 0;
	if (are_addresses(values))
		return share >= 0.2 ? 0.5 + 0.45 * share : 0;
	return contained->hits >= SOME && share >= 0.8 && contained->chance < 0.05 ? 0.9 * share : 0;
}

/* Do values of one column of the table stand among the keys? */
static void
compare(PvextGuesswork *work, PvextSample *sample, PvextLookColumn *column, PvextLook *parent,
		PvextLookColumn *key)
{
	List	   *values;
	PvextContained contained;
	double		confidence;
	char	   *reason;

	if (column->kind != key->kind || column->inherited || column->enumerated || key->enumerated ||
		pvext_has_foreign_key(sample->table, column->name) ||
		(key->kind == PVEXT_INTEGERS && pvext_is_single_key(sample->table, column->name)) ||
		is_guessed(work, sample->table, column, parent))
		return;
	values = pvext_sample_values(sample, column, NULL, NULL);
	if (list_length(values) < FEW || (pvext_name_says(key->name, MAIL) && !are_addresses(values)))
		return;
	pvext_look_for(values, parent, key, false, &contained);
	confidence = confidence_of(values, key, &contained);
	if (confidence < PVEXT_TOLD)
		return;
	reason = psprintf("\"%s\" holds values of \"%s\" of %s; of %d values in a sample %d are there%s",
					  column->name, key->name, pvext_relation_name(parent->relid), contained.n, contained.hits,
					  contained.folded > 0 ? psprintf(", %d of them only in lower case", contained.folded) : "");
	(void) pvext_add_guess(work, sample->table, list_make1(column->name), parent, list_make1(key->name),
						   PVEXT_BY_CONTENT, confidence, reason, NULL);
}

/* Guess what of a table holds persons' keys. */
void
pvext_guess_by_content(PvextGuesswork *work, PvextSample *sample)
{
	ListCell   *lc;
	ListCell   *key;
	ListCell   *column;

	if (sample->n < FEW)
		return;
	foreach(lc, work->persons)
	{
		PvextLook *parent = lfirst(lc);

		if (parent == sample->table)
			continue;
		foreach(key, parent->keys)
			if (list_length(lfirst(key)) == 1)
				foreach(column, sample->table->columns)
				{
					CHECK_FOR_INTERRUPTS();
					compare(work, sample, lfirst(column), parent,
							pvext_find_column(parent, linitial(lfirst(key))));
				}
	}
}
