/*
 * source.c
 *		What the source of a function names.
 *
 * Whatever language it is in, SQL in it reads INSERT INTO, UPDATE, MERGE INTO and COPY.
 * So the source is taken as words and signs, strings included: a statement that is put
 * together at run time is read as far as it is spelled out.  Called by writing.c and trust.c.
 *
 * What a source names, it may only say: in what it raises, say, or writes as a value.  In
 * PL/pgSQL it can be told which strings are executed, or are names (executed.c).
 */
#include "postgres.h"
#include "message.h"

#include <ctype.h>

#include "executed.h"
#include "parser/scansup.h"
#include "source.h"

static bool
is_word(char c)
{
	return isalnum((unsigned char) c) || c == '_' || c == '$' || IS_HIGHBIT_SET(c);
}

/* The end of a comment that begins here, or NULL where none does. */
static const char *
after_comment(const char *p)
{
	const char *end;

	if (p[0] == '-' && p[1] == '-')
		return p + strcspn(p, "\r\n");
	if (p[0] != '/' || p[1] != '*')
		return NULL;
	end = strstr(p + 2, "*/");
	return end ? end + 2 : p + strlen(p);
}

/* The identifier that begins at a quote, which *p is moved behind; NULL where none does. */
static char *
read_quoted(const char **p)
{
	char	   *word = palloc(strlen(*p) + 1);
	int			n = 0;

	for (const char *at = *p + 1; *at; at++)
	{
		if (*at == '"' && at[1] != '"')
		{
			word[n] = '\0';
			*p = at + 1;
			return word;
		}
		at += *at == '"';
		word[n++] = *at;
	}
	return NULL;
}

/* Read one token; false where there is none before the next byte that is looked at. */
static bool
read_token(const char **p, PvextToken *token)
{
	const char *start = *p;
	const char *end = after_comment(start);

	memset(token, 0, sizeof(*token));
	if (end || isspace((unsigned char) *start))
	{
		*p = end ? end : start + 1;
		return false;
	}
	if (*start == '"' && (token->word = read_quoted(p)) != NULL)
		token->quoted = true;
	else if (is_word(*start))
	{
		while (is_word(**p))
			(*p)++;
		token->word = downcase_truncate_identifier(start, *p - start, false);
	}
	else
	{
		token->sign = *start;
		(*p)++;
	}
	return true;
}

/* The text of a string that begins at a quote, which *p is moved behind; NULL where none does. */
static char *
read_string(const char **p, bool escapes)
{
	char	   *text = palloc(strlen(*p) + 1);
	int			n = 0;

	for (const char *at = *p + 1; *at; at++)
	{
		if (*at == '\'' && at[1] != '\'')
		{
			text[n] = '\0';
			*p = at + 1;
			return text;
		}
		if (*at == '\'' || (escapes && *at == '\\' && at[1]))
			at++;
		text[n++] = *at;
	}
	return NULL;
}

/* The same of one between dollars. */
static char *
read_dollar_string(const char **p)
{
	const char *start = *p + 1;
	const char *text;
	const char *end;
	char	   *tag;

	while (is_word(*start) && *start != '$')
		start++;
	if (*start != '$')
		return NULL;
	text = start + 1;
	tag = pnstrdup(*p, text - *p);
	end = strstr(text, tag);
	if (end == NULL)
		return NULL;
	*p = end + strlen(tag);
	return pnstrdup(text, end - text);
}

static void
add_tokens(PvextTokens *tokens, const char *source, bool strings)
{
	while (*source)
	{
		PvextToken *token = &tokens->all[tokens->n];
		const char *start = source;
		const char *text = NULL;

		if (strings && *source == '\'')
			text = read_string(&source, tokens->n > 0 && token[-1].word && token[-1].end == start &&
							   strcmp(token[-1].word, "e") == 0);
		else if (strings && *source == '$' && !isdigit((unsigned char) source[1]))
			text = read_dollar_string(&source);
		if (text)
		{
			int			literal = tokens->in_literal;

			if (literal == 0)
				tokens->in_literal = ++tokens->literals;
			*token = (PvextToken) {.sign = '\'', .literal = tokens->in_literal};
			tokens->n++;
			add_tokens(tokens, text, true);
			tokens->all[tokens->n++] = (PvextToken) {.sign = '\'', .literal = tokens->in_literal};
			tokens->in_literal = literal;
		}
		else if (read_token(&source, token))
		{
			token->literal = tokens->in_literal;
			token->end = source;
			tokens->n++;
		}
	}
}

/*
 * All tokens, and at their end signs of nothing.  With strings, as SQL has them, what is in
 * them is known to be; it begins and ends with a quote.
 */
static PvextTokens
tokens_of(const char *source, bool strings)
{
	PvextTokens tokens = {palloc0(sizeof(PvextToken) * (strlen(source) + 16))};

	add_tokens(&tokens, source, strings);
	memset(&tokens.all[tokens.n], 0, sizeof(PvextToken) * 8);
	return tokens;
}

bool
pvext_is_keyword(const PvextToken *token, const char *keyword)
{
	return token->word && !token->quoted && strcmp(token->word, keyword) == 0;
}

/* A name that begins at *at, which is moved behind it; NULL where none does. */
static PvextNamed *
read_name(PvextToken **at)
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
is_update(PvextTokens *tokens, int i)
{
	static const char *const others[] = {"for", "key", "do", "on", "or", "before", "after", "cascade"};

	for (int k = 0; i > 0 && k < lengthof(others); k++)
		if (pvext_is_keyword(&tokens->all[i - 1], others[k]))
			return false;
	return true;
}

/* After the name of COPY: is it filled? */
static bool
is_filled(PvextToken *at)
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
target_at(PvextTokens *tokens, int i)
{
	PvextToken *at = &tokens->all[i];
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
	PvextTokens tokens = tokens_of(source, false);

	*targets = *calls = NIL;
	for (int i = 0; i < tokens.n; i++)
	{
		PvextNamed *named = target_at(&tokens, i);
		PvextToken *at = &tokens.all[i];

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
	PvextTokens tokens = tokens_of(source, plpgsql);
	bool	   *executed = plpgsql ? pvext_executed_literals(&tokens) : NULL;
	List	   *names = NIL;

	for (int i = 0; i < tokens.n; i++)
	{
		PvextToken *token = &tokens.all[i];

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
	PvextTokens tokens = tokens_of(text, false);
	PvextToken *at = tokens.all;
	PvextNamed *named = read_name(&at);

	return named && at == tokens.all + tokens.n ? named : NULL;
}
