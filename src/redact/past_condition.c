/*
 * past_condition.c
 *		Conditions and expressions of links, over rows as they were.
 *
 * Whether a row belonged by a link that has a condition is asked of the values
 * that the audit log has of it, as the table's owner, as for rows of now.
 * The answer for the same values is the same: a condition reads but its row, by
 * immutable functions, and mostly a type that has few values.
 *
 * Where it cannot be answered, because the columns have changed or are not on
 * record, the answer is yes: an erasure takes too much rather than too little.
 *
 * So it is with what an expression made of a row then, and with the elements of an array: but
 * there no answer is no key, and whose the row was, other records of it may say.
 */
#include "postgres.h"
#include "base/message.h"

#include "audit/key_set.h"
#include "base/array.h"
#include "base/catalog.h"
#include "base/catch.h"
#include "base/expression.h"
#include "base/result.h"
#include "base/type.h"
#include "common/hashfn.h"
#include "catalog/pg_type.h"
#include "lib/stringinfo.h"
#include "map/link_key.h"
#include "redact/past_condition.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

typedef struct Answer
{
	char	   *values;			/* hash key */
	bool		held;
	List	   *keys;			/* C strings */
} Answer;

/*
 * For the hash table of what a condition was for some values: its key is a pointer to
 * their text.
 */
static uint32
hash_values(const void *key, Size size)
{
	const char *text = *(char *const *) key;

	return hash_bytes((const unsigned char *) text, (int) strlen(text));
}

/* The same. */
static int
compare_values(const void *a, const void *b, Size size)
{
	return strcmp(*(char *const *) a, *(char *const *) b);
}

/* SQL over a row of the columns that it reads, as $1, $2, ... */
static char *
past_sql(PvextPastCondition *past, const char *value)
{
	StringInfoData buf;
	ListCell   *lc;
	int			n = 0;

	initStringInfo(&buf);
	appendStringInfo(&buf, "SELECT %s FROM (SELECT", value);
	foreach(lc, past->columns)
	{
		Oid			type;
		int32		typmod;

		(void) pvext_column(past->link->table->relid, lfirst(lc), &type, &typmod);
		appendStringInfo(&buf, "%s CAST($%d AS %s) AS %s", n > 0 ? "," : "", n + 1,
						 pvext_type_name(type, typmod), quote_identifier(lfirst(lc)));
		n++;
	}
	appendStringInfoString(&buf, ") AS r");
	return buf.data;
}

/* SQL over columns of a link's rows.  In the current context. */
static PvextPastCondition *
make_past(PvextLink *link, List *columns, const char *what, const char *value)
{
	PvextPastCondition  *past = palloc0(sizeof(PvextPastCondition));
	HASHCTL		ctl = {0};

	past->link = link;
	past->context = CurrentMemoryContext;
	past->columns = columns;
	past->what = what;
	past->sql = past_sql(past, value);
	ctl.keysize = sizeof(char *);
	ctl.entrysize = sizeof(Answer);
	ctl.hash = hash_values;
	ctl.match = compare_values;
	ctl.hcxt = CurrentMemoryContext;
	past->answers = hash_create("pvext past", 16, &ctl,
								HASH_ELEM | HASH_FUNCTION | HASH_COMPARE | HASH_CONTEXT);
	return past;
}

/* The condition of a link, or NULL where it has none.  In the current context. */
PvextPastCondition *
pvext_make_past_condition(PvextLink *link)
{
	List	   *columns = NIL;
	ListCell   *lc;

	if (link->condition == NULL)
		return NULL;
	foreach(lc, pvext_columns(link->table->relid))
		if (pvext_mentions(link->condition, lfirst(lc)))
			columns = lappend(columns, lfirst(lc));
	return make_past(link, columns, "the condition of a link", psprintf("(%s)", link->condition));
}

/* What a link compares, where that is more than columns as they are; else NULL.  Likewise. */
PvextPastCondition *
pvext_make_past_keys(PvextLink *link)
{
	PvextPastCondition *past;

	if (link->value == NULL && !link->elements)
		return NULL;
	past = make_past(link, link->columns, "the expression of a link",
					 link->elements ? pvext_link_text(link, 0) : psprintf("ARRAY[%s]", pvext_link_text(link, 0)));
	past->gives_keys = true;
	return past;
}

/* A question being asked. */
typedef struct Question
{
	PvextPastCondition  *past;
	char	  **texts;
	bool		held;
	List	   *keys;
} Question;

/* The keys in the first row of the result, to be compared. */
static List *
keys_of_answer(PvextLink *link)
{
	List	   *keys = NIL;
	PvextMatch	match;
	bool		isnull;
	Datum		array = pvext_datum(0, 1, &isnull);
	ListCell   *lc;

	pvext_link_match(link, 0, &match);
	foreach(lc, isnull ? NIL : pvext_array_texts(array))
		if (lfirst(lc))
			keys = lappend(keys, pvext_comparable(match.type, lfirst(lc)));
	return keys;
}

/* For pvext_try(). */
static void
ask(void *arg)
{
	Question   *question = arg;
	PvextLink  *link = question->past->link;
	PvextArgs	args = {0};

	if (link->condition || link->value)
		pvext_check_bound_owner(link->table, link->owner, question->past->what);
	for (int i = 0; i < list_length(question->past->columns); i++)
		pvext_arg_text(&args, question->texts[i]);
	(void) pvext_run(link->table->owner, question->past->sql, &args);
	if (question->past->gives_keys)
		question->keys = keys_of_answer(link);
	else
		question->held = pvext_bool(0, 1);
	SPI_freetuptable(SPI_tuptable);
}

/* The values as one text, such that different ones stay different. */
static char *
join(PvextPastCondition *past, char **texts)
{
	StringInfoData buf;

	initStringInfo(&buf);
	for (int i = 0; i < list_length(past->columns); i++)
		if (texts[i])
			appendStringInfo(&buf, "%zu:%s", strlen(texts[i]), texts[i]);
		else
			appendStringInfoChar(&buf, '-');
	return buf.data;
}

/* What comes of some values of the columns, NULL for SQL's NULL. */
static Answer *
answer_for(PvextPastCondition *past, char **texts)
{
	char	   *values = join(past, texts);
	Answer	   *answer;
	bool		found;

	answer = hash_search(past->answers, &values, HASH_FIND, NULL);
	if (answer == NULL)
	{
		Question	question = {past, texts, true, NIL};
		bool		failed = pvext_try(ask, &question) != NULL;
		MemoryContext old;
		ListCell   *lc;

		answer = hash_search(past->answers, &values, HASH_ENTER, &found);
		old = MemoryContextSwitchTo(past->context);
		answer->values = pstrdup(values);
		answer->held = failed || question.held;
		answer->keys = NIL;
		foreach(lc, failed ? NIL : question.keys)
			answer->keys = lappend(answer->keys, pstrdup(lfirst(lc)));
		MemoryContextSwitchTo(old);
	}
	return answer;
}

/* Did the condition hold?  texts are the columns' values, NULL for SQL's NULL. */
bool
pvext_held_then(PvextPastCondition *past, char **texts)
{
	return answer_for(past, texts)->held;
}

/* What the row held of its parent's key, to be compared; C strings, none where that cannot be told. */
List *
pvext_keys_then(PvextPastCondition *past, char **texts)
{
	return answer_for(past, texts)->keys;
}
