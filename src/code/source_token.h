/*
 * source_token.h
 *		The words and signs of a function's source.
 */
#ifndef PVEXT_SOURCE_TOKEN_H
#define PVEXT_SOURCE_TOKEN_H

/* A word or sign of a source. */
typedef struct PvextSourceToken
{
	char	   *word;			/* an identifier or keyword; NULL: a sign */
	bool		quoted;
	char		sign;
	int			literal;		/* number of the string that it is in, from 1; or 0 */
	const char *end;			/* where it ends in the source */
} PvextSourceToken;

typedef struct PvextSourceTokens
{
	PvextSourceToken *all;
	int			n;
	int			literals;		/* how many strings there are */
	int			in_literal;		/* being read */
} PvextSourceTokens;

extern PvextSourceTokens pvext_source_tokens(const char *source, bool strings);
extern bool pvext_is_keyword(const PvextSourceToken *token, const char *keyword);

#endif							/* PVEXT_SOURCE_TOKEN_H */
