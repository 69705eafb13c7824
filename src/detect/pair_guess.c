/*
 * pair_guess.c
 *		Pairs of columns of which one says to what table the other refers.
 *
 * Rails' commentable_type and commentable_id, Laravel's model_type with names of classes,
 * "itemType" and "itemId", Django's content_type_id, which is a row of a table of models, and
 * object_id.  Such a pair is a link for each table that its rows name, with a condition.
 * Where there are no rows, nor an enum's labels, that say how tables are named there,
 * the name of the person's class is guessed.
 */
#include "postgres.h"
#include "base/message.h"

#include <ctype.h>

#include "base/catalog.h"
#include "base/catch.h"
#include "base/result.h"
#include "base/spi.h"
#include "catalog/pg_type.h"
#include "detect/pair_guess.h"
#include "utils/builtins.h"

/* What the column that names the table ends in, and the one that refers to it. */
#define TYPE_WORDS "type class kind table model entity"
#define ID_WORDS "id uuid guid key pk ref"

/* A column of more values does not name tables. */
#define MAX_TYPES 100

/* A pair. */
typedef struct Pair
{
	PvextLookColumn *type;
	PvextLookColumn *id;
	PvextLook *models;			/* the table of models that type refers to; or NULL */
} Pair;

/* Rows of a table of models, as pvext_try()'s argument. */
typedef struct Models
{
	PvextLook *table;
	List	   *ids;			/* C strings */
	List	   *names;			/* C strings */
} Models;

/* Are the words but the last so many the same? */
static bool
begin_alike(const PvextWords *a, int without_a, const PvextWords *b, int without_b)
{
	if (a->n - without_a != b->n - without_b)
		return false;
	for (int i = 0; i < a->n - without_a; i++)
		if (strcmp(a->word[i], b->word[i]) != 0)
			return false;
	return true;
}

/* Is the word, counted from the name's end, one of the list? */
static bool
has_word(const PvextWords *words, int from_end, const char *list)
{
	return words->n > from_end && pvext_is_word_of(words->word[words->n - 1 - from_end], list);
}

/* The table in which Django, or what is like it, keeps the names of tables. */
static PvextLook *
find_models(PvextLooks *looks)
{
	ListCell   *lc;

	foreach(lc, looks->tables)
	{
		PvextLook *table = lfirst(lc);

		if (table->readable && pvext_find_column(table, "app_label") && pvext_find_column(table, "model") &&
			pvext_find_column(table, "id"))
			return table;
	}
	return NULL;
}

/* Are the two columns a pair? */
static bool
is_pair(PvextLooks *looks, PvextLookColumn *type, PvextLookColumn *id, Pair *pair)
{
	pair->type = type;
	pair->id = id;
	pair->models = NULL;
	if (type == id || id->kind == PVEXT_NO_KEY || id->enumerated || id->inherited)
		return false;
	if (type->kind == PVEXT_STRINGS)
		return id->words.n > 1 && has_word(&type->words, 0, TYPE_WORDS) && has_word(&id->words, 0, ID_WORDS) &&
			begin_alike(&type->words, 1, &id->words, 1);
	if (type->kind == PVEXT_INTEGERS && has_word(&type->words, 1, "type") && has_word(&type->words, 2, "content") &&
		has_word(&id->words, 0, ID_WORDS) && has_word(&id->words, 1, "object") &&
		begin_alike(&type->words, 3, &id->words, 2))
		pair->models = find_models(looks);
	return pair->models != NULL;
}

/* The table that a value names, with how much of its name that is; NULL for none. */
static PvextNamesake *
named_table(PvextLooks *looks, const char *value)
{
	const char *name = value;
	PvextNamesake *best = NULL;
	PvextWords	words;
	ListCell   *lc;

	for (const char *c = value; *c; c++)
		if (strchr("\\:./", *c))
			name = c + 1;
	pvext_split_name(name, &words);
	foreach(lc, words.n > 0 ? pvext_namesakes(looks, &words, 0, words.n) : NIL)
	{
		PvextNamesake *namesake = lfirst(lc);

		if (best == NULL || namesake->score > best->score)
			best = namesake;
	}
	return best;
}

/* For pvext_try(): the names of tables in the table of models. */
static void
read_models(void *arg)
{
	Models	   *models = arg;

	(void) pvext_run(models->table->owner,
					 psprintf("SELECT CAST(id AS text), concat(app_label, '_', model) FROM %s LIMIT 10000",
							  pvext_relation_name(models->table->relid)), NULL);
	for (uint64 i = 0; i < SPI_processed; i++)
	{
		models->ids = lappend(models->ids, pvext_value(i, 1));
		models->names = lappend(models->names, pvext_value(i, 2));
	}
}

/* What the table is called that a value of the pair's type means; NULL where that is not known. */
static char *
name_of_value(Pair *pair, Models *models, const char *value)
{
	ListCell   *id;
	ListCell   *name;

	if (pair->models == NULL)
		return pstrdup(value);
	forboth(id, models->ids, name, models->names)
		if (strcmp(lfirst(id), value) == 0)
			return lfirst(name);
	return NULL;
}

/* The labels of an enum. */
static List *
labels_of(Oid type)
{
	PvextArgs	args = {0};

	pvext_arg_oid(&args, OIDOID, type);
	return pvext_column_texts(pvext_own("SELECT enumlabel FROM pg_enum WHERE enumtypid = $1 ORDER BY enumsortorder", &args));
}

/* Guess the link of a pair for rows whose type has a value, which means the parent. */
static void
add_pair(PvextGuesswork *work, PvextSample *sample, Pair *pair, const char *value, PvextLook *parent,
		 double confidence, const char *because)
{
	List	   *key = parent->keys ? linitial(parent->keys) : NIL;
	PvextLookColumn *part = list_length(key) == 1 ? pvext_find_column(parent, linitial(key)) : NULL;
	char	   *literal = pair->models ? pstrdup(value) : quote_literal_cstr(value);
	PvextContained contained;
	StringInfoData reason;

	if (parent == sample->table || !pvext_may_refer(pair->id, part))
		return;
	initStringInfo(&reason);
	appendStringInfo(&reason, "\"%s\" refers to %s where \"%s\" is %s%s", pair->id->name,
					 pvext_relation_name(parent->relid), pair->type->name, literal, because);
	pvext_look_for(pvext_sample_values(sample, pair->id, pair->type, value), parent, part, true, &contained);
	confidence = pvext_weigh(confidence, &contained, &reason);
	if (confidence >= PVEXT_TOLD)
		(void) pvext_add_guess(work, sample->table, list_make1(pair->id->name), parent, key, PVEXT_BY_PAIR,
							   confidence, reason.data,
							   psprintf("%s = %s", quote_identifier(pair->type->name), literal));
}

/* What a class is called whose rows are in the table: "Users" and "user" give User. */
static char *
class_of(PvextLook *table)
{
	StringInfoData name;

	initStringInfo(&name);
	for (int i = 0; i < table->words.n; i++)
	{
		char	   *word = i == table->words.n - 1 ? pvext_singular(table->words.word[i]) : pstrdup(table->words.word[i]);

		word[0] = pg_toupper((unsigned char) word[0]);
		appendStringInfoString(&name, word);
	}
	return name.data;
}

/*
 * Guess the links of a pair.  Returns whether its values say to what it refers; where there
 * are none nobody knows that.
 */
static bool
guess_pair(PvextGuesswork *work, PvextSample *sample, Pair *pair)
{
	List	   *values = pair->type->enumerated ? labels_of(pair->type->type) :
		pvext_sample_values(sample, pair->type, NULL, NULL);
	Models		models = {pair->models};
	bool		settled = false;
	ListCell   *lc;

	if (list_length(values) > MAX_TYPES || (pair->models && pvext_try(read_models, &models) != NULL))
		return false;
	foreach(lc, values)
	{
		char	   *name = name_of_value(pair, &models, lfirst(lc));
		PvextNamesake *namesake = name ? named_table(work->looks, name) : NULL;

		if (namesake == NULL)
			continue;
		settled = true;
		add_pair(work, sample, pair, lfirst(lc), namesake->table, 0.85 * namesake->score,
				 pair->models ? psprintf(", which is %s", name) : "");
	}
	foreach(lc, values == NIL && pair->models == NULL ? work->persons : NIL)
		if (((PvextLook *) lfirst(lc))->schema == sample->table->schema)
			add_pair(work, sample, pair, class_of(lfirst(lc)), lfirst(lc), 0.3,
					 ", as it might be: no row says how tables are named there");
	return settled || pair->models != NULL;
}

/* Does no value say to what tables the pair refers? */
static bool
is_unsaid(PvextSample *sample, Pair *pair)
{
	return !pair->type->enumerated && pvext_sample_values(sample, pair->type, NULL, NULL) == NIL;
}

/*
 * Guess what a table's pairs refer to.  Returns the columns of which that settles it; *unsaid is set to
 * those of which there is no row that could.
 */
List *
pvext_guess_pairs(PvextGuesswork *work, PvextSample *sample, List **unsaid)
{
	List	   *settled = NIL;
	ListCell   *type;
	ListCell   *id;

	*unsaid = NIL;
	foreach(type, sample->table->columns)
		foreach(id, sample->table->columns)
		{
			Pair		pair;

			if (!is_pair(work->looks, lfirst(type), lfirst(id), &pair))
				continue;
			if (guess_pair(work, sample, &pair))
				settled = lappend(settled, lfirst(id));
			else if (is_unsaid(sample, &pair))
				*unsaid = lappend(*unsaid, lfirst(id));
		}
	return settled;
}
