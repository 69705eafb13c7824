/*
 * function_source.c
 *		What the source of a function names.
 *
 * Whatever language it is in, SQL in it reads INSERT INTO, UPDATE, MERGE INTO and COPY.
 * So the source is taken as words and signs, strings included: a statement that is put
 * together at run time is read as far as it is spelled out.  Called by trigger_writes.c and path_trust.c.
 *
 * What a source names, it may only say: in what it raises, say, or writes as a value.  In
 * PL/pgSQL it can be told which strings are executed, or are names (dynamic_sql.c).
 */
#include "postgres.h"
#include "base/message.h"

#include "code/dynamic_sql.h"
#include "code/function_source.h"

/* A name that begins at *at, which is moved behind it; NULL where none does. */
static PvextNamed *
read_name(PvextSourceToken **at)
{
	PvextNamed *named;

	if ((*at)->word == NULL)
		return NULL;
	named = palloc0(sizeof(PvextNamed));
	named->name = (*at)->word;
	(*at)++;
	while ((*at)->sign == '.' && (*at)[1].word)
	{
		named->schema = named->name;
		named->name = (*at)[1].word;
		*at += 2;
	}
	return named;
}

/* Is UPDATE, which is here, the beginning of a statement? */
static bool
is_update(PvextSourceTokens *tokens, int i)
{
	static const char *const others[] = {"for", "key", "do", "on", "or", "before", "after", "cascade"};

	for (int k = 0; i > 0 && k < lengthof(others); k++)
		if (pvext_is_keyword(&tokens->all[i - 1], others[k]))
			return false;
	return true;
}

/* After the name of COPY: is it filled? */
static bool
is_filled(PvextSourceToken *at)
{
	if (at->sign == '(')
	{
		while ((at->word || at->sign) && at->sign != ')')
			at++;
		at += at->sign == ')';
	}
	return pvext_is_keyword(at, "from");
}

/* The target of a statement that begins at a token, or NULL. */
static PvextNamed *
target_at(PvextSourceTokens *tokens, int i)
{
	PvextSourceToken *at = &tokens->all[i];
	PvextNamed *named;

	if ((pvext_is_keyword(at, "insert") || pvext_is_keyword(at, "merge")) && pvext_is_keyword(at + 1, "into"))
		at += pvext_is_keyword(at + 2, "only") ? 3 : 2;
	else if (pvext_is_keyword(at, "update") && is_update(tokens, i))
		at += pvext_is_keyword(at + 1, "only") ? 2 : 1;
	else if (pvext_is_keyword(at, "copy"))
	{
		at++;
		named = read_name(&at);
		return named && is_filled(at) ? named : NULL;
	}
	else
		return NULL;
	return read_name(&at);
}

/*
 * The names of what the source writes to, and of the functions that it calls: lists of
 * PvextNamed, in which there may be what is none of it.
 */
void
pvext_read_source(const char *source, List **targets, List **calls)
{
	PvextSourceTokens tokens = pvext_source_tokens(source, false);

	*targets = *calls = NIL;
	for (int i = 0; i < tokens.n; i++)
	{
		PvextNamed *named = target_at(&tokens, i);
		PvextSourceToken *at = &tokens.all[i];

		if (named)
			*targets = lappend(*targets, named);
		if (at->word == NULL || (i > 0 && at[-1].sign == '.'))
			continue;
		named = read_name(&at);
		if (at->sign == '(')
			*calls = lappend(*calls, named);
	}
}

/*
 * The identifiers that follow no dot, as C strings: all that the source can name without a
 * schema, and much else (keywords, variables).  In PL/pgSQL not what is only said.
 */
List *
pvext_read_identifiers(const char *source, bool plpgsql)
{
	PvextSourceTokens tokens = pvext_source_tokens(source, plpgsql);
	bool	   *executed = plpgsql ? pvext_executed_literals(&tokens) : NULL;
	List	   *names = NIL;

	for (int i = 0; i < tokens.n; i++)
	{
		PvextSourceToken *token = &tokens.all[i];

		if (token->word && (i == 0 || token[-1].sign != '.') &&
			(token->literal == 0 || executed[token->literal]))
			names = lappend(names, token->word);
	}
	return names;
}

/* The name that a text is, and nothing else; NULL where it is none. */
PvextNamed *
pvext_read_name(const char *text)
{
	PvextSourceTokens tokens = pvext_source_tokens(text, false);
	PvextSourceToken *at = tokens.all;
	PvextNamed *named = read_name(&at);

	return named && at == tokens.all + tokens.n ? named : NULL;
}
