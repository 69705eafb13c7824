/*
 * guessed_column.c
 *		What is guessed of the columns of a table, looked for once.
 *
 * A guess reads rows, and is asked for when links are judged and again when the columns
 * are proposed.
 */
#include "postgres.h"
#include "base/message.h"

#include "base/catalog.h"
#include "base/relation.h"
#include "base/result.h"
#include "base/spi.h"
#include "detect/column_guess.h"
#include "detect/guessed_column.h"
#include "map/unclassified.h"

/* What is guessed of a table. */
typedef struct Guessed
{
	Oid			relid;
	List	   *guesses;		/* PvextColumnGuess: of the columns that nobody has classified */
} Guessed;

/* All guesses of a table. */
static List *
guesses_of(PvextOutlook *outlook, Oid relid)
{
	Guessed    *guessed;
	ListCell   *lc;

	foreach(lc, outlook->guesses)
	{
		guessed = lfirst(lc);
		if (guessed->relid == relid)
			return guessed->guesses;
	}
	guessed = palloc(sizeof(Guessed));
	guessed->relid = relid;
	guessed->guesses = pvext_guess_columns(relid, pvext_unclassified_columns(relid), relid == outlook->subject);
	outlook->guesses = lappend(outlook->guesses, guessed);
	return guessed->guesses;
}

/*
 * What is guessed of those of the columns that nobody had classified when this was first
 * asked for, as PvextColumnGuesses.  In the current context.
 */
List *
pvext_guessed_columns(PvextOutlook *outlook, Oid relid, List *columns)
{
	List	   *guesses = NIL;
	ListCell   *lc;

	foreach(lc, guesses_of(outlook, relid))
		if (pvext_has_name(columns, ((PvextColumnGuess *) lfirst(lc))->column))
			guesses = lappend(guesses, lfirst(lc));
	return guesses;
}

/* Has the table texts of which a person's name is taken, whoever's the row is? */
bool
pvext_has_redacted(PvextOutlook *outlook, Oid relid)
{
	PvextArgs	args = {0};
	ListCell   *lc;

	foreach(lc, guesses_of(outlook, relid))
	{
		PvextColumnGuess *guess = lfirst(lc);

		if (guess->erase_with && strcmp(guess->erase_with, "redact") == 0)
			return true;
	}
	pvext_arg_int4(&args, pvext_relation_id(relid));
	return pvext_own("SELECT FROM pv.declared_personal WHERE relation_id = $1 AND strategy = 'redact'", &args) > 0;
}
