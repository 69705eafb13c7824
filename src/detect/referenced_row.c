/*
 * referenced_row.c
 *		Rows that persons' rows refer to, and that may be persons' own.
 *
 * The address that a person's row refers to, the blob of an attachment, the location at the
 * other end of a junction: links lead from what refers to what is referred to, so these are in
 * no map until a link the other way is declared, by which a row goes with the last person
 * who refers to it.  Most of what rows refer to is nobody's: countries, states, kinds.
 * Only tables whose columns look like what one person has are told of, and those of which
 * the rows that refer to them are parts, with the same key: the transaction of an invoice.
 */
#include "postgres.h"
#include "base/message.h"

#include <math.h>

#include "base/catalog.h"
#include "catalog/pg_type.h"
#include "detect/name_guess.h"
#include "detect/referenced_row.h"

/* Of one row of a table for kinds, so many rows of others refer to it. */
#define MANY_REFER 50

/* Words in the names of tables for what somebody has put there. */
#define FILES "file blob attachment upload document image photo picture media medium avatar asset fil dokument bilde datei"

/* Columns that each row of a table has besides its keys. */
#define STAMPS "created updated inserted modified deleted timestamp at on date ts position sort order version"

/* Does the table hold what one person has, rather than kinds of things? */
static bool
holds_personal(PvextLook *table)
{
	ListCell   *lc;

	if (table->words.n > 0 && pvext_is_word_of(pvext_singular(table->words.word[table->words.n - 1]), FILES))
		return true;
	foreach(lc, table->columns)
	{
		PvextLookColumn *column = lfirst(lc);

		if (column->type == BYTEAOID || pvext_is_personal_name(column->name, column->type))
			return true;
	}
	return false;
}

/* Is the table one of keys of others alone? */
static bool
is_junction(PvextGuesswork *work, PvextLook *table)
{
	int			keys = 0;
	ListCell   *lc;
	ListCell   *cell;

	foreach(lc, table->columns)
	{
		PvextLookColumn *column = lfirst(lc);
		bool		refers = pvext_has_foreign_key(table, column->name);
		bool		stamp = column->words.n > 0 && pvext_is_word_of(column->words.word[column->words.n - 1], STAMPS);
		bool		number = column->kind != PVEXT_STRINGS && pvext_is_single_key(table, column->name);

		foreach(cell, work->guesses)
		{
			PvextCandidate *guess = lfirst(cell);

			refers = refers || (guess->relid == table->relid && pvext_has_name(guess->columns, column->name));
		}
		if (!refers && !stamp && !number)
			return false;
		keys += refers;
	}
	return keys >= 2;
}

/* Have both tables the same key, so that a row of one is a part of a row of the other? */
static bool
is_part(PvextLook *table, List *columns, PvextLook *referred, List *referred_columns)
{
	return table->keys && referred->keys && pvext_has_foreign_key(table, linitial(columns)) &&
		pvext_same_names(linitial(table->keys), columns) && pvext_same_names(linitial(referred->keys), referred_columns) &&
		pvext_same_names(pvext_primary_key(table->relid), columns);
}

/* A candidate that leads from what is referred to, to what refers to it; NULL where it is nobody's. */
static PvextCandidate *
reverse(PvextGuesswork *work, PvextLook *table, List *columns, PvextLook *referred, List *referred_columns,
		double confidence, const char *because)
{
	PvextCandidate *candidate;
	bool		junction;
	bool		whole;

	if (referred == NULL || referred == table)
		return NULL;
	whole = is_part(table, columns, referred, referred_columns);
	if (!(whole || holds_personal(referred)) ||
		(referred->rows > 0 && table->rows > MANY_REFER * referred->rows))
		return NULL;
	junction = is_junction(work, table);
	candidate = palloc0(sizeof(PvextCandidate));
	candidate->relid = referred->relid;
	candidate->columns = referred_columns;
	candidate->parent = table->relid;
	candidate->parent_columns = columns;
	candidate->found_by = junction ? PVEXT_BY_JUNCTION : PVEXT_BY_REFERENCE;
	candidate->confidence = (float4) (rint(confidence * 100) / 100);
	candidate->shared = pvext_is_unique(table->relid, columns) ? NULL : "last";
	candidate->whole = whole;
	candidate->reason = psprintf(whole ? "rows of %s%s are parts of rows of %s, by \"%s\" (%s)" :
								 "rows of %s%s refer to %s by \"%s\" (%s), which looks like what a person has",
								 junction ? "junction " : "", pvext_relation_name(table->relid),
								 pvext_relation_name(referred->relid), pvext_join_names(columns, ", ", false), because);
	return candidate;
}

/*
 * What rows of a table refer to and may be their persons' own, as PvextCandidates.  Between
 * pvext_enter() and pvext_leave().
 */
List *
pvext_references(PvextGuesswork *work, Oid relid)
{
	PvextLook *table = pvext_find_look(work->looks, relid);
	List	   *candidates = NIL;
	PvextCandidate *candidate;
	ListCell   *lc;

	foreach(lc, table ? table->foreign_keys : NIL)
	{
		PvextReference *key = lfirst(lc);

		candidate = reverse(work, table, key->columns, pvext_find_look(work->looks, key->parent), key->parent_columns,
							0.9, "a foreign key");
		if (candidate)
			candidates = lappend(candidates, candidate);
	}
	foreach(lc, table ? work->guesses : NIL)
	{
		PvextCandidate *guess = lfirst(lc);

		if (guess->relid != relid || guess->doubtful || guess->condition || guess->confidence < PVEXT_FOLLOWED)
			continue;
		candidate = reverse(work, table, guess->columns, pvext_find_look(work->looks, guess->parent), guess->parent_columns,
							0.8 * guess->confidence, guess->reason);
		if (candidate)
			candidates = lappend(candidates, candidate);
	}
	return candidates;
}
