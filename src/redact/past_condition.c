/*
 * past_condition.c
 *		Conditions of links, over rows as they were.
 *
 * Whether a row belonged by a link that has a condition is asked of the values
 * that the audit log has of it, as the table's owner, as for rows of now.
 * The answer for the same values is the same: a condition reads but its row, by
 * immutable functions, and mostly a type that has few values.
 *
 * Where it cannot be answered, because the columns have changed or are not on
 * record, the answer is yes: an erasure takes too much rather than too little.
 */
#include "postgres.h"
#include "base/message.h"

#include "base/catalog.h"
#include "base/catch.h"
#include "base/expression.h"
#include "base/result.h"
#include "base/type.h"
#include "common/hashfn.h"
#include "lib/stringinfo.h"
#include "redact/past_condition.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

typedef struct Answer
{
	char	   *values;			/* hash key */
	bool		held;
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

/* SQL: the condition over a row of the columns that it reads, as $1, $2, ... */
static char *
condition_sql(PvextPastCondition *past)
{
	StringInfoData buf;
	ListCell   *lc;
	int			n = 0;

	initStringInfo(&buf);
	appendStringInfo(&buf, "SELECT (%s) FROM (SELECT", past->link->condition);
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

/* The condition of a link, or NULL where it has none.  In the current context. */
PvextPastCondition *
pvext_make_past_condition(PvextLink *link)
{
	PvextPastCondition  *past;
	HASHCTL		ctl = {0};
	ListCell   *lc;

	if (link->condition == NULL)
		return NULL;
	past = palloc0(sizeof(PvextPastCondition));
	past->link = link;
	past->context = CurrentMemoryContext;
	foreach(lc, pvext_columns(link->table->relid))
		if (pvext_mentions(link->condition, lfirst(lc)))
			past->columns = lappend(past->columns, lfirst(lc));
	past->sql = condition_sql(past);
	ctl.keysize = sizeof(char *);
	ctl.entrysize = sizeof(Answer);
	ctl.hash = hash_values;
	ctl.match = compare_values;
	ctl.hcxt = CurrentMemoryContext;
	past->answers = hash_create("pvext past", 16, &ctl,
								HASH_ELEM | HASH_FUNCTION | HASH_COMPARE | HASH_CONTEXT);
	return past;
}

/* A question being asked. */
typedef struct Question
{
	PvextPastCondition  *past;
	char	  **texts;
	bool		held;
} Question;

/* For pvext_try(). */
static void
ask(void *arg)
{
	Question   *question = arg;
	PvextLink  *link = question->past->link;
	PvextArgs	args = {0};

	pvext_check_bound_owner(link->table, link->owner, "the condition of a link");
	for (int i = 0; i < list_length(question->past->columns); i++)
		pvext_arg_text(&args, question->texts[i]);
	(void) pvext_run(link->table->owner, question->past->sql, &args);
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

/* Did the condition hold?  texts are the columns' values, NULL for SQL's NULL. */
bool
pvext_held_then(PvextPastCondition *past, char **texts)
{
	char	   *values = join(past, texts);
	Answer	   *answer;
	bool		found;

	answer = hash_search(past->answers, &values, HASH_FIND, NULL);
	if (answer == NULL)
	{
		Question	question = {past, texts, true};
		bool		failed = pvext_try(ask, &question) != NULL;

		answer = hash_search(past->answers, &values, HASH_ENTER, &found);
		answer->values = MemoryContextStrdup(past->context, values);
		answer->held = failed || question.held;
	}
	return answer->held;
}
