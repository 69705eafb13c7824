/*
 * source.c
 *		What the source of a function names.
 *
 * Whatever language it is in, SQL in it reads INSERT INTO, UPDATE, MERGE INTO and COPY.
 * So the source is taken as words and signs, strings included: a statement that is put
 * together at run time is read as far as it is spelled out.  Called by writing.c and trust.c.
 */
#include "postgres.h"
#include "message.h"

#include <ctype.h>

#include "parser/scansup.h"
#include "source.h"

typedef struct Token
{
	char	   *word;			/* an identifier or keyword; NULL: a sign */
	bool		quoted;
	char		sign;
} Token;

typedef struct Tokens
{
	Token	   *all;
	int			n;
} Tokens;

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
read_token(const char **p, Token *token)
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

/* All tokens, and at their end signs of nothing. */
static Tokens
tokens_of(const char *source)
{
	Tokens		tokens = {palloc0(sizeof(Token) * (strlen(source) + 8)), 0};

	while (*source)
		if (read_token(&source, &tokens.all[tokens.n]))
			tokens.n++;
	memset(&tokens.all[tokens.n], 0, sizeof(Token) * 8);
	return tokens;
}

static bool
is_keyword(Token *token, const char *keyword)
{
	return token->word && !token->quoted && strcmp(token->word, keyword) == 0;
}

/* A name that begins at *at, which is moved behind it; NULL where none does. */
static PvextNamed *
read_name(Token **at)
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
is_update(Tokens *tokens, int i)
{
	static const char *const others[] = {"for", "key", "do", "on", "or", "before", "after", "cascade"};

	for (int k = 0; i > 0 && k < lengthof(others); k++)
		if (is_keyword(&tokens->all[i - 1], others[k]))
			return false;
	return true;
}

/* After the name of COPY: is it filled? */
static bool
is_filled(Token *at)
{
	if (at->sign == '(')
	{
		while ((at->word || at->sign) && at->sign != ')')
			at++;
		at += at->sign == ')';
	}
	return is_keyword(at, "from");
}

/* The target of a statement that begins at a token, or NULL. */
static PvextNamed *
target_at(Tokens *tokens, int i)
{
	Token	   *at = &tokens->all[i];
	PvextNamed *named;

	if ((is_keyword(at, "insert") || is_keyword(at, "merge")) && is_keyword(at + 1, "into"))
		at += is_keyword(at + 2, "only") ? 3 : 2;
	else if (is_keyword(at, "update") && is_update(tokens, i))
		at += is_keyword(at + 1, "only") ? 2 : 1;
	else if (is_keyword(at, "copy"))
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
	Tokens		tokens = tokens_of(source);

	*targets = *calls = NIL;
	for (int i = 0; i < tokens.n; i++)
	{
		PvextNamed *named = target_at(&tokens, i);
		Token	   *at = &tokens.all[i];

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
 * schema, and much else (keywords, variables).
 */
List *
pvext_read_identifiers(const char *source)
{
	Tokens		tokens = tokens_of(source);
	List	   *names = NIL;

	for (int i = 0; i < tokens.n; i++)
		if (tokens.all[i].word && (i == 0 || tokens.all[i - 1].sign != '.'))
			names = lappend(names, tokens.all[i].word);
	return names;
}

/* The name that a text is, and nothing else; NULL where it is none. */
PvextNamed *
pvext_read_name(const char *text)
{
	Tokens		tokens = tokens_of(text);
	Token	   *at = tokens.all;
	PvextNamed *named = read_name(&at);

	return named && at == tokens.all + tokens.n ? named : NULL;
}
