/*
 * source_token.c
 *		The words and signs of a function's source, strings and comments apart.
 */
#include "postgres.h"
#include "base/message.h"

#include <ctype.h>

#include "parser/scansup.h"
#include "code/source_token.h"

/* May a byte be part of a word?  Bytes of other than ASCII characters always may. */
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
read_token(const char **p, PvextSourceToken *token)
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

/*
 * Add the tokens of a source, which for strings may be one within another.  Each byte
 * gives a token at most, and each string of two quotes or more two, so that there is room
 * for all.
 */
static void
add_tokens(PvextSourceTokens *tokens, const char *source, bool strings)
{
	while (*source)
	{
		PvextSourceToken *token = &tokens->all[tokens->n];
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
			*token = (PvextSourceToken) {.sign = '\'', .literal = tokens->in_literal};
			tokens->n++;
			add_tokens(tokens, text, true);
			tokens->all[tokens->n++] = (PvextSourceToken) {.sign = '\'', .literal = tokens->in_literal};
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
PvextSourceTokens
pvext_source_tokens(const char *source, bool strings)
{
	PvextSourceTokens tokens = {palloc0(sizeof(PvextSourceToken) * (strlen(source) + 16))};

	add_tokens(&tokens, source, strings);
	memset(&tokens.all[tokens.n], 0, sizeof(PvextSourceToken) * 8);
	return tokens;
}

/* Is the token this word, in lower case, and not a quoted name? */
bool
pvext_is_keyword(const PvextSourceToken *token, const char *keyword)
{
	return token->word && !token->quoted && strcmp(token->word, keyword) == 0;
}
