/*
 * trait.c
 *		By what it is told whether a row is still the person's whom a request is about.
 *
 * A request is open for days or years and knows the person by a key.  Meanwhile the
 * application may delete the row, and give its key to somebody else.  So as long as it is open
 * a request has keyed digests of what identified the person when somebody last asked for the
 * erasure, or when it was last gone on with: of the values of the row's columns of category
 * identifying or, where it has none, of all that are personal.
 *
 * People move and change their names: a row is the same person's as long as one value is
 * there still that nobody else is likely to have (an address with @, a long number), or half of
 * them are.  What is empty or has been replaced says nothing.  The key says nothing, either.
 */
#include "postgres.h"
#include "base/message.h"

#include "base/catalog.h"
#include "base/digest.h"
#include "base/result.h"
#include "base/secret.h"
#include "catalog/pg_type.h"
#include "erase/trait.h"
#include "execution/identifying_value.h"
#include "map/key.h"
#include "strategy/replacement.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/uuid.h"

/* A value of a person's row. */
typedef struct Trait
{
	bytea	   *digest;
	bool		tells;			/* nobody else is likely to have it */
} Trait;

/* Is the column about whom the row is, and tells something of him or her? */
static bool
is_trait(PvextTable *subject, PvextColumn *column)
{
	return !column->missing && !column->any_path && column->paths == NIL &&
		column->strategy.kind != PVEXT_REDACT && column->strategy.kind != PVEXT_DERIVED && !pvext_has_name(subject->key, column->name);
}

/* The columns of a subject table that are looked at. */
static List *
trait_columns(PvextTable *subject)
{
	List	   *all = NIL;
	List	   *identifying = NIL;
	ListCell   *lc;

	foreach(lc, subject->columns)
	{
		PvextColumn *column = lfirst(lc);

		if (!is_trait(subject, column))
			continue;
		all = lappend(all, column);
		if (strcmp(column->category, "identifying") == 0)
			identifying = lappend(identifying, column);
	}
	return identifying ? identifying : all;
}

/* Is there anything to tell by? */
bool
pvext_any_traits(PvextTable *subject)
{
	return subject->is_subject && trait_columns(subject) != NIL;
}

/* SQL: for each of some keys, whose columns' texts are the arrays $1, $2, ..., its number and its values. */
static char *
traits_sql(PvextTable *subject, List *columns)
{
	StringInfoData sql;
	ListCell   *lc;

	initStringInfo(&sql);
	appendStringInfoString(&sql, "SELECT k.n");
	foreach(lc, columns)
	{
		PvextColumn *column = lfirst(lc);

		if (column->strategy.kind == PVEXT_EXPRESSION)
			pvext_check_bound_owner(subject, column->owner, "an expression");
		appendStringInfo(&sql, ", CASE WHEN NOT (%s) THEN CAST(r.%s AS text) END",
						 pvext_strategy_test(&column->strategy, 0), quote_identifier(column->name));
	}
	appendStringInfo(&sql, " FROM (SELECT row_number() OVER () AS n, k.* FROM %s) AS k JOIN %s AS r ON %s",
					 pvext_key_rows_sql(subject), subject->sql_name,
					 pvext_key_match_sql(subject, "k.k%d", 1));
	return sql.data;
}

/* Of the value alone: columns are renamed. */
static Trait *
make_trait(const char *value)
{
	Trait	   *trait = palloc(sizeof(Trait));

	trait->digest = pvext_hmac("trait", value);
	trait->tells = pvext_tells_by_itself(value);
	return trait;
}

/*
 * What the rows of some keys have, as lists for pvext_is_same_person() in the order of the
 * keys; NIL where there is no row.  As of now, in the current context, as the table's owner.
 * To be called where pvext_any_traits().
 */
List **
pvext_read_traits(PvextTable *subject, List *keys)
{
	PvextStatement *statement = &subject->traits;
	List	   *columns = trait_columns(subject);
	List	  **traits = palloc0(sizeof(List *) * list_length(keys));
	PvextArgs	args = {0};
	SPITupleTable *found;
	uint64		n;

	if (statement->sql == NULL)
		*statement = pvext_statement(MemoryContextStrdup(GetMemoryChunkContext(subject),
														 traits_sql(subject, columns)));
	pvext_arg_key_columns(&args, subject, keys);
	n = pvext_run_keys(subject, statement, &args, CURSOR_OPT_GENERIC_PLAN);
	found = SPI_tuptable;		/* a digest may have to read the secret first */
	for (uint64 i = 0; i < n; i++)
		for (int c = 0; c < list_length(columns); c++)
		{
			char	   *value;
			List	  **of;

			SPI_tuptable = found;
			of = &traits[pvext_int(i, 1) - 1];
			value = pvext_value(i, c + 2);
			if (value && *value)
				*of = lappend(*of, make_trait(value));
		}
	return traits;
}

/* Is the trait among digests that were remembered? */
static bool
is_known(List *known, const Trait *trait)
{
	ListCell   *lc;

	foreach(lc, known)
		if (pvext_same_digest(lfirst(lc), trait->digest))
			return true;
	return false;
}

/* Has another request taken what was remembered?  It may have been asked for at the same time. */
static bool
was_erased(PvextRequest *request)
{
	PvextArgs	args = {0};

	pvext_arg_int4(&args, request->relation_id);
	pvext_arg(&args, BYTEAOID, PointerGetDatum(request->subject_digest), false);
	pvext_arg(&args, UUIDOID, UUIDPGetDatum(&request->id), false);
	return pvext_own("SELECT FROM pv.erasure_ledger WHERE relation_id = $1 AND subject_digest = $2"
					 " AND id <> $3 AND executed_at IS NOT NULL LIMIT 1", &args) > 0;
}

/* Is the row whose traits these are the person's whom the request is about, as far as can be told? */
bool
pvext_is_same_person(PvextRequest *request, List *traits)
{
	int			n = 0;
	ListCell   *lc;

	if (!request->has_traits)
		return true;
	foreach(lc, traits)
	{
		Trait	   *trait = lfirst(lc);

		if (!is_known(request->traits, trait))
			continue;
		if (trait->tells)
			return true;
		n++;
	}
	if (traits == NIL)			/* is nothing left of what was remembered? */
		return request->traits == NIL || was_erased(request);
	return 2 * n >= list_length(traits);
}

/* These are the person's. */
void
pvext_remember_traits(PvextRequest *request, List *traits)
{
	ListCell   *lc;

	request->has_traits = true;
	request->traits = NIL;
	foreach(lc, traits)
		request->traits = lappend(request->traits, ((Trait *) lfirst(lc))->digest);
}
