/*
 * dynamic_sql.c
 *		Which strings of a PL/pgSQL source are executed, or are names.
 *
 * A string is executed by EXECUTE, where it stands in its expression, or comes there by a
 * variable; by a function that is given SQL; and it is a name for nextval() or regclass,
 * say.  Any other is a value, or is said (RAISE): a word in it means no table.
 *
 * The source is not parsed.  It is taken as pieces, about a statement each.  What a piece
 * assigns to is known by its first word, and by INTO and FOR; a variable that is executed
 * makes all strings executed that are assigned to it, and what else it is assigned from.
 */
#include "postgres.h"
#include "base/message.h"

#include "code/dynamic_sql.h"
#include "nodes/pg_list.h"

/* Functions of the server's whose strings are SQL, or names: what these begin with. */
static const char *const resolving[] = {
	"nextval", "currval", "setval", "to_reg", "pg_get_serial_sequence", "query_to_", "table_to_",
	"cursor_to_", "schema_to_", "database_to_", "ts_stat", "ts_rewrite", "has_", "pg_relation_",
	"pg_table_size", "pg_total_relation_size", "pg_indexes_size", "dblink", "crosstab", "connectby"
};

/* What SQL begins with, that any function may be given. */
static const char *const verbs[] = {
	"select", "insert", "update", "delete", "merge", "with", "copy", "truncate", "call", "perform",
	"alter", "create", "drop", "lock", "refresh"
};

/* What may stand before a parenthesis and does not run what is in it. */
static const char *const harmless[] = {
	"values", "in", "any", "all", "some", "and", "or", "not", "if", "elsif", "while", "when", "case", "then",
	"else", "return", "select", "where", "on", "by", "as", "row", "array", "using", "exists", "over", "filter",
	"format", "concat", "concat_ws", "coalesce", "nullif", "greatest", "least", "quote_literal",
	"quote_nullable", "quote_ident", "replace", "regexp_replace", "translate", "lower", "upper", "initcap",
	"left", "right", "lpad", "rpad", "trim", "btrim", "substr", "substring", "position", "strpos", "length",
	"repeat", "md5", "to_json", "to_jsonb", "json_build_object", "jsonb_build_object", "json_build_array",
	"jsonb_build_array", "jsonb_set", "hstore", "string_agg", "array_append", "array_to_string", "pg_notify",
	"set_config", "current_setting", "starts_with", "to_char", "text", "varchar", "cast"
};

/* A piece of the source: its tokens from .. to - 1. */
typedef struct Piece
{
	int			from;
	int			to;
} Piece;

typedef struct Look
{
	PvextSourceTokens *tokens;
	Piece	   *pieces;
	int			n;
	List	   *variables;		/* C strings: what is executed holds them */
	bool	   *executed;		/* by the literals' numbers */
} Look;

/* A keyword outside of strings. */
static bool
is_at(Look *look, int i, const char *keyword)
{
	return look->tokens->all[i].literal == 0 && pvext_is_keyword(&look->tokens->all[i], keyword);
}

/* A sign outside of strings. */
static bool
is_sign(Look *look, int i, char sign)
{
	return look->tokens->all[i].literal == 0 && look->tokens->all[i].sign == sign;
}

/* Does a piece end before this token? */
static bool
is_border(Look *look, int i)
{
	static const char *const borders[] = {"then", "else", "loop", "begin", "declare", "exception"};

	if (is_sign(look, i, ';'))
		return true;
	for (int k = 0; k < lengthof(borders); k++)
		if (is_at(look, i, borders[k]))
			return true;
	return false;
}

/* Take the tokens apart, at borders; what is empty is left out. */
static void
find_pieces(Look *look)
{
	int			from = 0;

	look->pieces = palloc(sizeof(Piece) * (look->tokens->n + 1));
	for (int i = 0; i <= look->tokens->n; i++)
	{
		if (i < look->tokens->n && !is_border(look, i))
			continue;
		if (i > from)
			look->pieces[look->n++] = (Piece) {from, i};
		from = i + 1;
	}
}

/* Is it known that what this variable holds is executed? */
static bool
has_variable(Look *look, const char *name)
{
	ListCell   *lc;

	foreach(lc, look->variables)
		if (strcmp(lfirst(lc), name) == 0)
			return true;
	return false;
}

/* Tokens are of what is executed: their strings, and the variables that they may be. */
static bool
take(Look *look, int from, int to)
{
	bool		news = false;

	for (int i = from; i < to; i++)
	{
		PvextSourceToken *token = &look->tokens->all[i];

		if (token->literal > 0)
		{
			news = news || !look->executed[token->literal];
			look->executed[token->literal] = true;
		}
		else if (token->word && !is_at(look, i, "new") && !is_at(look, i, "old") &&
				 !has_variable(look, token->word))
		{
			look->variables = lappend(look->variables, token->word);
			news = true;
		}
	}
	return news;
}

/* What EXECUTE is given. */
static void
take_executed(Look *look, Piece *piece)
{
	for (int i = piece->from; i < piece->to; i++)
	{
		int			end = i + 1;

		if (!is_at(look, i, "execute") || is_at(look, i + 1, "function") ||
			is_at(look, i + 1, "procedure") || is_at(look, i + 1, "on"))
			continue;
		while (end < piece->to && !is_at(look, end, "using") && !is_at(look, end, "into"))
			end++;
		(void) take(look, i + 1, end);
	}
}

/* Is a variable that is executed assigned to: name := ..., name type = ..., INTO name, FOR name? */
static bool
assigns(Look *look, Piece *piece)
{
	PvextSourceToken *first = &look->tokens->all[piece->from];

	if (first->literal == 0 && first->word && has_variable(look, first->word))
		for (int i = piece->from; i < piece->to; i++)
			if (is_sign(look, i, '=') || is_at(look, i, "default"))
				return true;
	for (int i = piece->from; i + 1 < piece->to; i++)
	{
		if (!is_at(look, i, "into") && !is_at(look, i, "for") && !is_at(look, i, "foreach"))
			continue;
		for (int k = i + 1; k < piece->to && look->tokens->all[k].word; k += 2)
		{
			if (has_variable(look, look->tokens->all[k].word))
				return true;
			if (!is_sign(look, k + 1, ','))
				break;
		}
	}
	return false;
}

/* Is the word one of some, or does it begin with one? */
static bool
begins_with_any(const char *word, const char *const *words, int n, bool whole)
{
	for (int i = 0; i < n; i++)
		if (whole ? strcmp(word, words[i]) == 0 : strncmp(word, words[i], strlen(words[i])) == 0)
			return true;
	return false;
}

/* Is a string that begins at a token given to a function that takes it for a name, or for SQL? */
static bool
is_given(Look *look, int begin)
{
	PvextSourceToken *all = look->tokens->all;
	PvextSourceToken *first = &all[begin + 1];
	bool		is_sql = first->word && begins_with_any(first->word, verbs, lengthof(verbs), true);
	int			depth = 0;

	for (int i = begin - 1; i > 0 && !is_border(look, i); i--)
	{
		depth += is_sign(look, i, ')') - is_sign(look, i, '(');
		if (depth >= 0)
			continue;
		depth = 0;
		if (all[i - 1].literal != 0 || all[i - 1].word == NULL)
			continue;
		if (begins_with_any(all[i - 1].word, resolving, lengthof(resolving), false) ||
			(is_sql && !begins_with_any(all[i - 1].word, harmless, lengthof(harmless), true)))
			return true;
	}
	return false;
}

/* Is a string of these tokens cast to a type whose values are names? */
static bool
is_cast(Look *look, int begin, int end)
{
	PvextSourceToken *all = look->tokens->all;

	if (begin > 0 && all[begin - 1].word && strncmp(all[begin - 1].word, "reg", 3) == 0)
		return true;
	if (is_sign(look, end, ':') && is_sign(look, end + 1, ':'))
		end += 2;
	else if (is_at(look, end, "as"))
		end++;
	else
		return false;
	if (all[end].word && is_sign(look, end + 1, '.'))
		end += 2;
	return all[end].word && strncmp(all[end].word, "reg", 3) == 0;
}

/* Strings that are given to a function, or cast, so that they are names or SQL. */
static void
find_names(Look *look)
{
	for (int i = 0; i < look->tokens->n; i++)
	{
		int			literal = look->tokens->all[i].literal;
		int			end = i;

		if (literal == 0)
			continue;
		while (look->tokens->all[end].literal == literal)
			end++;
		if (is_given(look, i) || is_cast(look, i, end))
			look->executed[literal] = true;
		i = end - 1;
	}
}

/*
 * Which strings, by their numbers, are executed, or are names.  Of tokens that were read
 * with their strings.
 */
bool *
pvext_executed_literals(PvextSourceTokens *tokens)
{
	Look		look = {tokens};
	bool		news = true;

	look.executed = palloc0(sizeof(bool) * (tokens->literals + 1));
	find_pieces(&look);
	for (int i = 0; i < look.n; i++)
		take_executed(&look, &look.pieces[i]);

	/*
	 * A variable that is executed may have come by another one: until nothing is new.
	 * Each round adds a string or a variable, of which there are no more than tokens.
	 */
	while (news && look.variables != NIL)
	{
		news = false;
		for (int i = 0; i < look.n; i++)
			if (assigns(&look, &look.pieces[i]))
				news = take(&look, look.pieces[i].from, look.pieces[i].to) || news;
	}
	find_names(&look);
	return look.executed;
}
