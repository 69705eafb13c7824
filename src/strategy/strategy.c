/*
 * strategy.c
 *		How a value loses its person: what the strategies are, and their arguments.
 */
#include "postgres.h"
#include "base/message.h"

#include "access/table.h"
#include "base/catalog.h"
#include "base/expression.h"
#include "rewrite/rewriteHandler.h"
#include "strategy/strategy.h"
#include "strategy/token.h"
#include "utils/rel.h"
#include "utils/varlena.h"

static const char *const names[] = {
	[PVEXT_NULL] = "null",
	[PVEXT_DEFAULT] = "default",
	[PVEXT_CONSTANT] = "constant",
	[PVEXT_TOKEN] = "token",
	[PVEXT_PSEUDONYM] = "pseudonym",
	[PVEXT_GENERALISE] = "generalise",
	[PVEXT_REDACT] = "redact",
	[PVEXT_REMOVE_PATHS] = "remove_paths",
	[PVEXT_EXPRESSION] = "expression",
	[PVEXT_DERIVED] = "derived",
};

/* What a strategy is called, in declarations and messages. */
const char *
pvext_strategy_name(PvextStrategyKind kind)
{
	return names[kind];
}

/* The strategy of a name; false where there is none. */
bool
pvext_strategy_kind(const char *name, PvextStrategyKind *kind)
{
	for (int i = 0; i < lengthof(names); i++)
		if (strcmp(names[i], name) == 0)
		{
			*kind = (PvextStrategyKind) i;
			return true;
		}
	return false;
}

/*
 * The column's default as SQL, NULL where it has none.  Read from the catalog
 * whenever the strategy is used, so that ALTER COLUMN SET DEFAULT counts.
 */
static char *
default_sql(Oid relid, const char *column)
{
	Relation	rel = table_open(relid, AccessShareLock);
	Node	   *expr = build_column_default(rel, pvext_column(relid, column, NULL, NULL));
	char	   *text = expr ? pvext_deparse(relid, expr, true) : NULL;

	table_close(rel, AccessShareLock);
	return text;
}

/*
 * Fill in a strategy from what pv.declared_personal keeps of it.  A column
 * that is gone isn't an error here: the statements that name it will fail.
 */
void
pvext_init_strategy(PvextStrategy *s, Oid relid, const char *column,
					const char *name, const char *argument)
{
	memset(s, 0, sizeof(*s));
	if (!pvext_strategy_kind(name, &s->kind))
		elog(ERROR, "unrecognized strategy \"%s\"", name);
	s->relid = relid;
	s->column = pstrdup(column);
	s->typmod = -1;
	s->argument = argument ? pstrdup(argument) : NULL;
	if (!pvext_has_column(relid, column))
		return;
	(void) pvext_column(relid, column, &s->type, &s->typmod);
	if (s->kind == PVEXT_DEFAULT)
		s->argument = default_sql(relid, column);
	if (s->kind == PVEXT_TOKEN || s->kind == PVEXT_PSEUDONYM)
	{
		PvextToken	token;

		if (pvext_init_token(&token, s->type, s->typmod, s->argument,
							 s->kind == PVEXT_PSEUDONYM))
			s->made_in_c = !token.random;
	}
}

/* How many parameters the SQL of the strategy has (see pvext_strategy_value()). */
int
pvext_strategy_params(const PvextStrategy *s)
{
	if (s->made_in_c)
		return 1;
	return s->kind == PVEXT_REDACT ? 3 : 0;
}

/* Which columns a derived one is made of, as names; NIL: of any. */
List *
pvext_derived_from(const PvextStrategy *s)
{
	List	   *names = NIL;

	if (s->argument)
		(void) SplitIdentifierString(pstrdup(s->argument), ',', &names);
	return names;
}

/* Is it a network "/24", or two, the second for IPv6: "/24,/48"? */
bool
pvext_parse_networks(const char *argument, int *v4, int *v6)
{
	int			end = 0;

	if (sscanf(argument, "/%3d%n", v4, &end) == 1 && argument[end] == '\0')
		*v6 = *v4;
	else if (sscanf(argument, "/%3d,/%3d%n", v4, v6, &end) != 2 || argument[end] != '\0')
		return false;
	return *v4 >= 0 && *v4 <= 32 && *v6 >= 0 && *v6 <= 128;
}

/*
 * The paths of a remove_paths parameter, each as the text of a text[]:
 * '{contact,email} {notes}'.
 */
List *
pvext_parse_paths(const char *parameter)
{
	List	   *paths = NIL;
	const char *p = parameter;

	while (*(p += strspn(p, " \t\r\n,")))
	{
		const char *start = p;
		bool		quoted = false;

		for (; *p && (quoted || *p != '}'); p++)
		{
			if (*p == '\\' && p[1])
				p++;
			else if (*p == '"')
				quoted = !quoted;
		}
		if (*start != '{' || *p != '}')
			return NIL;
		p++;
		paths = lappend(paths, pnstrdup(start, p - start));
	}
	return paths;
}
