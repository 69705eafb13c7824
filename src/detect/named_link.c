/*
 * named_link.c
 *		Links that are guessed by the names of columns.
 *
 * A column is named after the table that it refers to, with the name of its key or a
 * word for keys behind it, and maybe with a role before it: user_id, "userId", id_user,
 * ship_address_id.  Else it may have the very name of another table's primary key
 * (emp_no), or be a word for persons (author_id).  Of several tables that a name may mean
 * the one is taken that it is most like; of equals each, which a sample tells apart.
 */
#include "postgres.h"
#include "base/message.h"

#include "base/catalog.h"
#include "detect/name_guess.h"
#include "detect/named_link.h"

/* Words for a key, at the end of a column's name or before it. */
#define KEY_WORDS "id uuid guid key no nr num number code ref fk pk sk oid ids nummer kode"
#define KEY_PREFIXES "id fk"

/* Words for a number of another kind, though a table may have such a name. */
#define NUMBERS "order position sort rank level index number count version year size status state type kind amount total price" \
	" sequence priority ordering weight score"

/* Words for how many there are, or may be. */
#define LIMITS "per limit limits quota max maximum min minimum total"

/* Words for whoever a row may be about. */
#define PERSONS "user usr author owner sender recipient receiver member customer cust client person account employee emp contact" \
	" poster commenter follower followed followee following friend buyer student patient guest voter submitter uploader subscriber" \
	" participant attendee creator host organizer applicant candidate donor holder payer payee actor profile reporter purchaser redeemer" \
	" bruker kunde medlem eier avsender mottaker ansatt elev pasient deltaker" \
	" benutzer mitglied autor besitzer empfaenger absender teilnehmer"

/* Words for a row of the same table. */
#define OWN_ROWS "parent ancestor root previous next replaces original"

/* What the name of a column may mean. */
typedef struct Match
{
	PvextLook *parent;
	List	   *columns;		/* C strings */
	List	   *parent_columns;
	double		score;
	bool		as_person;		/* it is a word for any person */
} Match;

/* Are the words of a name those of another from one on, to its end? */
static bool
is_rest(const PvextWords *words, const PvextWords *of, int from)
{
	if (words->n != of->n - from)
		return false;
	for (int i = 0; i < words->n; i++)
		if (strcmp(words->word[i], of->word[from + i]) != 0)
			return false;
	return true;
}

/* May a number without a word for a key be one?  What is in the plural is counted, what is per user is a limit. */
static bool
may_be_key(const PvextLookColumn *column, const char *last)
{
	return column->kind == PVEXT_UUIDS ||
		(column->kind == PVEXT_INTEGERS && !pvext_is_word_of(last, NUMBERS) &&
		 !pvext_name_says(column->name, LIMITS) && strcmp(pvext_singular(last), last) == 0);
}

/*
 * The words of a column's name, the key's word last where there is one: "id_user" and
 * "userid" are user_id.
 */
static void
words_of(PvextLooks *looks, PvextLookColumn *column, PvextWords *words)
{
	char	   *last;
	size_t		length;

	words->n = column->words.n;
	words->word = palloc(sizeof(char *) * (words->n + 2));
	memcpy(words->word, column->words.word, sizeof(char *) * words->n);
	if (words->n == 0)
		return;
	if (words->n > 1 && pvext_is_word_of(words->word[0], KEY_PREFIXES))
	{
		memmove(words->word, words->word + 1, sizeof(char *) * (words->n - 1));
		words->word[words->n - 1] = "id";
		return;
	}
	last = words->word[words->n - 1];
	length = strlen(last);
	if (length > 4 && strcmp(last + length - 2, "id") == 0 &&
		pvext_namesakes(looks, &column->words, words->n - 1, words->n) == NIL)
	{
		words->word[words->n - 1] = pnstrdup(last, length - 2);
		words->word[words->n++] = "id";
	}
}

/*
 * The columns of a table that hold the composite key of another, of which one is named
 * after it: (tenant_id, user_id) of users (tenant_id, id).
 */
static bool
match_composite(PvextLook *table, PvextLookColumn *column, const PvextWords *words, int from, int to,
				PvextLook *parent, Match *match)
{
	List	   *key = parent->keys ? linitial(parent->keys) : NIL;
	int			own = 0;
	ListCell   *lc;

	match->columns = NIL;
	match->parent_columns = key;
	foreach(lc, list_length(key) > 1 ? key : NIL)
	{
		PvextLookColumn *part = pvext_find_column(parent, lfirst(lc));
		PvextLookColumn *same = pvext_find_column(table, lfirst(lc));

		if (is_rest(&part->words, words, to) || is_rest(&part->words, words, from))
		{
			own++;
			same = column;
		}
		if (!pvext_may_refer(same, part))
			return false;
		match->columns = lappend(match->columns, same->name);
	}
	return own == 1;
}

/*
 * May it be what is left of a partitioned table's key without what that is partitioned by?  It
 * is never sure: rows of two partitions may have the same.
 */
static bool
match_rest_of_key(PvextLookColumn *column, PvextLook *parent, Match *match)
{
	if (parent->rest_of_key == NULL || !pvext_may_refer(column, pvext_find_column(parent, parent->rest_of_key)))
		return false;
	match->columns = list_make1(column->name);
	match->parent_columns = list_make1(parent->rest_of_key);
	return true;
}

/*
 * Does the parent have a key that the rest of a name, behind its own, may mean: one that is
 * called so, or else the first?  Returns how sure that is, 0 for no.
 */
static double
match_key(PvextLook *table, PvextLookColumn *column, const PvextWords *words, int from, int to,
		  PvextLook *parent, Match *match)
{
	bool		is_key_word = to == words->n - 1 && pvext_is_word_of(words->word[to], KEY_WORDS);
	ListCell   *lc;

	match->columns = list_make1(column->name);
	foreach(lc, to < words->n ? parent->keys : NIL)
	{
		PvextLookColumn *part = pvext_find_column(parent, linitial(lfirst(lc)));

		match->parent_columns = lfirst(lc);
		if (list_length(match->parent_columns) == 1 && pvext_may_refer(column, part) &&
			(is_rest(&part->words, words, to) || is_rest(&part->words, words, from)))
			return 0.9;
	}
	match->parent_columns = parent->keys ? linitial(parent->keys) : NIL;
	if (list_length(match->parent_columns) == 1)
	{
		PvextLookColumn *part = pvext_find_column(parent, linitial(match->parent_columns));

		if (is_key_word && pvext_may_refer(column, part))
			return 0.8;
		if (to == words->n && column->kind == part->kind && pvext_may_refer(column, part) && may_be_key(column, words->word[to - 1]))
			return column->kind == PVEXT_UUIDS ? 0.6 : 0.4;
	}
	if (to < words->n && match_composite(table, column, words, from, to, parent, match))
		return 0.8;
	return is_key_word && match_rest_of_key(column, parent, match) ? 0.6 : 0;
}

/* Add a match, unless there is a better one with the same parent. */
static List *
add_match(List *matches, Match *match)
{
	ListCell   *lc;
	Match	   *copy;

	foreach(lc, matches)
	{
		Match	   *other = lfirst(lc);

		if (other->parent != match->parent)
			continue;
		if (other->score < match->score)
			*other = *match;
		return matches;
	}
	copy = palloc(sizeof(Match));
	*copy = *match;
	return lappend(matches, copy);
}

/* The matches with other tables that are better than one with the table itself. */
static List *
leave_own(List *matches, PvextLook *table)
{
	double		own = 0;
	List	   *others = NIL;
	ListCell   *lc;

	foreach(lc, matches)
		if (((Match *) lfirst(lc))->parent == table)
			own = ((Match *) lfirst(lc))->score;
	foreach(lc, matches)
		if (((Match *) lfirst(lc))->score > own)
			others = lappend(others, lfirst(lc));
	return others;
}

/* The one table whose name is the words, but for its last: gpx_id is of gpx_files; NULL where there are several. */
static PvextLook *
begun_so(PvextLooks *looks, PvextLook *table, const PvextWords *words, int n)
{
	PvextLook *found = NULL;
	ListCell   *lc;

	foreach(lc, looks->tables)
	{
		PvextLook *other = lfirst(lc);
		int			i = 0;

		while (other != table && other->words.n == n + 1 && i < n && strcmp(other->words.word[i], words->word[i]) == 0)
			i++;
		if (i < n || other == table || other->words.n != n + 1)
			continue;
		if (found)
			return NULL;
		found = other;
	}
	return found;
}

/* Is it what a table's name begins with, and a word for a key? */
static List *
match_beginnings(PvextGuesswork *work, PvextLook *table, PvextLookColumn *column)
{
	PvextWords	words;
	PvextLook *parent;
	List	   *key;

	words_of(work->looks, column, &words);
	if (words.n < 2 || !pvext_is_word_of(words.word[words.n - 1], KEY_WORDS) || pvext_is_single_key(table, column->name))
		return NIL;
	parent = begun_so(work->looks, table, &words, words.n - 1);
	key = parent && parent->keys ? linitial(parent->keys) : NIL;
	if (list_length(key) == 1 && column->kind == pvext_find_column(parent, linitial(key))->kind &&
		!pvext_has_foreign_key(parent, linitial(key)) && pvext_may_refer(column, pvext_find_column(parent, linitial(key))))
	{
		Match		match = {parent, list_make1(column->name), key, 0.5};

		return add_match(NIL, &match);
	}
	return NIL;
}

/* What the name of a column may mean by the names of tables, with words for a role before them or without. */
static List *
match_tables(PvextGuesswork *work, PvextLook *table, PvextLookColumn *column)
{
	List	   *matches = NIL;
	PvextWords	words;
	ListCell   *lc;

	words_of(work->looks, column, &words);
	if (words.n > 0 && pvext_is_word_of(words.word[0], OWN_ROWS) &&
		(words.n == 1 || (words.n == 2 && pvext_is_word_of(words.word[1], KEY_WORDS))))
		return NIL;
	if (words.n == 1 && pvext_is_word_of(words.word[0], KEY_PREFIXES " uuid guid"))
		return NIL;				/* its own, whatever a table of ids is called */
	for (int from = 0; from < words.n; from++)
		for (int to = from + 1; to <= words.n; to++)
			foreach(lc, pvext_namesakes(work->looks, &words, from, to))
			{
				PvextNamesake *namesake = lfirst(lc);
				Match		match = {namesake->table};

				if (namesake->score < 1 && from == words.n - 1 && pvext_is_word_of(words.word[from], KEY_WORDS))
					continue;	/* what ends in "ids" is not what each key is named after */
				match.score = match_key(table, column, &words, from, to, namesake->table, &match) *
					namesake->score * (from > 0 ? 0.85 : 1) * (namesake->table->schema == table->schema ? 1 : 0.8);
				if (match.score > 0)
					matches = add_match(matches, &match);
			}
	return leave_own(matches, table);
}

/* Is it the name of the one table's primary key, which says more than "id"? */
static List *
match_key_names(PvextGuesswork *work, PvextLook *table, PvextLookColumn *column)
{
	List	   *matches = NIL;
	ListCell   *lc;

	if (column->words.n == 0 || (column->words.n == 1 && pvext_is_word_of(column->words.word[0], KEY_WORDS " name slug")) ||
		pvext_is_single_key(table, column->name))
		return NIL;
	foreach(lc, work->looks->tables)
	{
		PvextLook *parent = lfirst(lc);
		List	   *key = parent->keys ? linitial(parent->keys) : NIL;

		if (parent != table && list_length(key) == 1 && strcmp(linitial(key), column->name) == 0 &&
			!pvext_has_foreign_key(parent, column->name) &&
			pvext_may_refer(column, pvext_find_column(parent, linitial(key))))
		{
			Match		match = {parent, list_make1(column->name), key, 0.7};

			matches = add_match(matches, &match);
		}
	}
	return list_length(matches) == 1 ? matches : NIL;
}

/* Is it subject_id or target_id in a table that says who the other is, and not of what kind it is? */
static bool
is_other_person(PvextLook *table, const PvextWords *words)
{
	return words->n == 2 && pvext_is_word_of(words->word[0], "subject target") &&
		pvext_find_column(table, psprintf("%s_type", words->word[0])) == NULL &&
		(pvext_find_column(table, "user_id") || pvext_find_column(table, "owner_id"));
}

/* Is it a word for whoever may be a person, or did something? */
static List *
match_persons(PvextGuesswork *work, PvextLook *table, PvextLookColumn *column)
{
	List	   *matches = NIL;
	PvextWords	words;
	bool		is_key_word;
	bool		is_primary = table->keys && list_length(linitial(table->keys)) == 1 &&
		strcmp(linitial(linitial(table->keys)), column->name) == 0;
	ListCell   *lc;

	words_of(work->looks, column, &words);
	if (words.n == 0)
		return NIL;
	is_key_word = words.n > 1 && pvext_is_word_of(words.word[words.n - 1], KEY_WORDS);
	foreach(lc, work->persons)
	{
		PvextLook *parent = lfirst(lc);
		List	   *key = parent->keys ? linitial(parent->keys) : NIL;
		PvextLookColumn *part = list_length(key) == 1 ? pvext_find_column(parent, linitial(key)) : NULL;
		Match		match = {parent, list_make1(column->name), key, parent->schema == table->schema ? 0.5 : 0.35, true};

		if (parent == table || is_primary || !pvext_may_refer(column, part) || (column->kind != part->kind && !is_key_word))
			continue;
		if (!pvext_is_word_of(words.word[words.n - (is_key_word ? 2 : 1)], PERSONS) && !is_other_person(table, &words) &&
			!(is_key_word ? pvext_says_acted(list_make1(column->name), parent->relid) :
			  pvext_is_word_of(words.word[words.n - 1], "by av")))
			continue;
		if (!is_key_word && (!may_be_key(column, words.word[words.n - 1]) || column->type != part->type))
			continue;
		matches = add_match(matches, &match);
	}
	return matches;
}

/* How many of the matches are as good as the best? */
static int
count_best(List *matches, double *best)
{
	int			n = 0;
	ListCell   *lc;

	*best = 0;
	foreach(lc, matches)
		*best = Max(*best, ((Match *) lfirst(lc))->score);
	foreach(lc, matches)
		n += ((Match *) lfirst(lc))->score >= *best * 0.95;
	return n;
}

/* Enter the best of what a name may mean, after a look at the sample. */
static void
add_matches(PvextGuesswork *work, PvextSample *sample, PvextLookColumn *column, List *matches)
{
	double		best;
	int			n = count_best(matches, &best);
	ListCell   *lc;

	foreach(lc, matches)
	{
		Match	   *match = lfirst(lc);
		PvextLookColumn *key = pvext_find_column(match->parent, linitial(match->parent_columns));
		PvextContained contained = {0};
		StringInfoData reason;
		PvextCandidate *guess;
		double		confidence;

		if (match->score < best * 0.95)
			continue;
		initStringInfo(&reason);
		appendStringInfo(&reason, match->as_person ? "\"%s\" is a name for persons, as which there is %s" :
						 "\"%s\" is named after %s", column->name, pvext_relation_name(match->parent->relid));
		if (n > 1)
			appendStringInfoString(&reason, ", or after another table");
		if (list_length(match->columns) == 1)
			pvext_look_for(pvext_sample_values(sample, column, NULL, NULL), match->parent, key, true, &contained);
		else
			pvext_look_for_keys(sample, match->columns, match->parent, match->parent_columns, &contained);
		confidence = pvext_weigh(n > 1 ? match->score * 0.7 : match->score, &contained, &reason);
		if (confidence < PVEXT_TOLD)
			continue;
		guess = pvext_add_guess(work, sample->table, match->columns, match->parent, match->parent_columns,
								PVEXT_BY_NAME, confidence, reason.data, NULL);
		guess->seen = contained.n > 0;
	}
}

/* A word for persons says less where another column would say of what kind of thing the row's is. */
static void
weaken(List *matches)
{
	ListCell   *lc;

	foreach(lc, matches)
		((Match *) lfirst(lc))->score *= 0.5;
}

/*
 * What the names of a table's columns say, but of those that pairs have settled; unsaid are those of
 * pairs of which no row says to what they refer.
 */
void
pvext_guess_by_name(PvextGuesswork *work, PvextSample *sample, List *settled, List *unsaid)
{
	PvextLook *table = sample->table;
	ListCell   *lc;

	foreach(lc, table->columns)
	{
		PvextLookColumn *column = lfirst(lc);
		List	   *matches;

		if (column->kind == PVEXT_NO_KEY || column->inherited || column->enumerated ||
			pvext_has_foreign_key(table, column->name) || list_member_ptr(settled, column))
			continue;
		matches = match_tables(work, table, column);
		if (matches == NIL)
			matches = match_key_names(work, table, column);
		if (matches == NIL)
		{
			matches = match_persons(work, table, column);
			if (list_member_ptr(unsaid, column))
				weaken(matches);
		}
		if (matches == NIL)
			matches = match_beginnings(work, table, column);
		add_matches(work, sample, column, matches);
	}
}
