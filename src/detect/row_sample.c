/*
 * row_sample.c
 *		What rows hold: whether the values of a column are another table's keys.
 *
 * Some rows of a table are read, as its owner, and their values are looked for by the
 * other table's unique key, as that one's owner.  It is bounded: so many rows, values, and
 * characters of each.  A table that cannot be read has no rows here; who guesses by a
 * name goes on without.  Nor has one with a partition or child of another owner, whose
 * indexes' predicates would be run with the rights of the table's.
 *
 * Numbers are found by chance: where keys are 1, 2, 3 ..., whatever is a small number is among
 * them.  How likely that is goes by how dense the keys lie.
 */
#include "postgres.h"
#include "base/message.h"

#include <ctype.h>
#include <math.h>

#include "base/catalog.h"
#include "base/catch.h"
#include "base/result.h"
#include "base/spi.h"
#include "base/type.h"
#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "detect/row_sample.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

/* So many rows are read of a table, so many values looked for at first, and of so many bytes. */
#define MAX_ROWS 1000
#define FIRST_VALUES 50
#define MAX_LENGTH 200

/* Larger tables are read here and there. */
#define LARGE 20000

/* Strings that are shorter may be found by chance, as numbers may. */
#define SHORT 4

/* Values to be looked for, as pvext_try()'s argument. */
typedef struct Search
{
	List	   *values;
	PvextLook *parent;
	PvextLookColumn *key;
	int			hits;
	int			folded;
	bool		empty;			/* has the parent no rows? */
} Search;

/* Where rows are read: of a partitioned table in its largest partition, without a lock on each. */
static Oid
place_of_sample(PvextLook *table)
{
	PvextArgs	args = {0};

	if (get_rel_relkind(table->relid) != RELKIND_PARTITIONED_TABLE)
		return table->relid;
	pvext_arg_oid(&args, REGCLASSOID, table->relid);
	if (pvext_own("SELECT c.oid FROM pg_partition_tree($1) AS t JOIN pg_class AS c ON c.oid = t.relid"
				  " WHERE c.relkind = 'r' ORDER BY c.reltuples DESC, c.oid LIMIT 1", &args) == 0)
		return InvalidOid;
	return (Oid) pvext_int(0, 1);
}

/* SQL: some rows of the table. */
static char *
sample_sql(PvextLook *table, Oid place, bool here_and_there)
{
	StringInfoData sql;
	ListCell   *lc;

	initStringInfo(&sql);
	foreach(lc, table->columns)
	{
		PvextLookColumn *column = lfirst(lc);

		if (column->kind != PVEXT_NO_KEY)
			appendStringInfo(&sql, "%sleft(CAST(r.%s AS text), %d)", sql.len > 0 ? ", " : "SELECT ",
							 quote_identifier(column->name), MAX_LENGTH + 1);
		else
			appendStringInfo(&sql, "%sNULL", sql.len > 0 ? ", " : "SELECT ");
	}
	appendStringInfo(&sql, " FROM %s AS r", pvext_relation_name(place));
	if (here_and_there)
		appendStringInfo(&sql, " TABLESAMPLE SYSTEM (%g) REPEATABLE (0)", 200.0 * MAX_ROWS / table->rows);
	appendStringInfo(&sql, " LIMIT %d", MAX_ROWS);
	return sql.data;
}

/* For pvext_try(): read them. */
static void
take_sample(void *arg)
{
	PvextSample *sample = arg;
	PvextLook *table = sample->table;
	int			columns = list_length(table->columns);
	Oid			place = place_of_sample(table);
	bool		large = table->rows > LARGE && place == table->relid;

	sample->n = 0;
	if (columns == 0 || !OidIsValid(place))
		return;
	if (large && pvext_run(table->owner, sample_sql(table, place, true), NULL) < MAX_ROWS / 10)
		large = false;
	if (!large)
		(void) pvext_run(table->owner, sample_sql(table, place, false), NULL);
	sample->rows = palloc(sizeof(char **) * Max(SPI_processed, 1));
	for (uint64 i = 0; i < SPI_processed; i++)
	{
		sample->rows[i] = palloc(sizeof(char *) * columns);
		for (int column = 0; column < columns; column++)
			sample->rows[i][column] = pvext_value(i, column + 1);
	}
	sample->n = (int) SPI_processed;
	SPI_freetuptable(SPI_tuptable);
}

/* Read some rows of a table.  Between pvext_enter() and pvext_leave(). */
void
pvext_take_sample(PvextLook *table, PvextSample *sample)
{
	sample->table = table;
	sample->n = 0;
	if (table->readable && pvext_try(take_sample, sample) != NULL)
		sample->n = 0;
}

/* For qsort(). */
static int
compare_strings(const void *a, const void *b)
{
	return strcmp(*(char *const *) a, *(char *const *) b);
}

/*
 * The values of a column in a sample, each once, NULL and what is too long for a key left
 * out; with where, of the rows that have such a value in that column.
 */
List *
pvext_sample_values(PvextSample *sample, PvextLookColumn *column, PvextLookColumn *where,
					const char *value)
{
	char	  **found = palloc(sizeof(char *) * Max(sample->n, 1));
	int			n = 0;
	int			at = 0;
	int			at_where = 0;
	List	   *values = NIL;
	ListCell   *lc;

	foreach(lc, sample->table->columns)
	{
		if (lfirst(lc) == column)
			at = foreach_current_index(lc);
		if (lfirst(lc) == where)
			at_where = foreach_current_index(lc);
	}
	for (int i = 0; i < sample->n; i++)
	{
		char	  **row = sample->rows[i];

		if (row[at] && row[at][0] != '\0' && strlen(row[at]) <= MAX_LENGTH &&
			(where == NULL || (row[at_where] && strcmp(row[at_where], value) == 0)))
			found[n++] = row[at];
	}
	qsort(found, n, sizeof(char *), compare_strings);
	for (int i = 0; i < n; i++)
		if (i == 0 || strcmp(found[i], found[i - 1]) != 0)
			values = lappend(values, found[i]);
	return values;
}

/* Is the text one of the type, so that it can be cast? */
static bool
is_of_kind(const char *text, PvextLookColumn *key)
{
	size_t		length = strlen(text);
	char	   *end;
	long long	number;

	if (key->kind == PVEXT_STRINGS)
		return true;
	if (key->kind == PVEXT_UUIDS)
		return length == 36 && strspn(text, "0123456789abcdefABCDEF-") == length &&
			text[8] == '-' && text[13] == '-' && text[18] == '-' && text[23] == '-';
	errno = 0;
	number = strtoll(text, &end, 10);
	return errno == 0 && length > 0 && *end == '\0' && !isspace((unsigned char) text[0]) &&
		(key->type != INT4OID || (number >= PG_INT32_MIN && number <= PG_INT32_MAX)) &&
		(key->type != INT2OID || (number >= PG_INT16_MIN && number <= PG_INT16_MAX));
}

/* SQL: how many of the values are keys; v is one of them, and value what is looked for. */
static char *
count_sql(Search *search, const char *value)
{
	PvextLookColumn *key = search->key;

	return psprintf("count(*) FILTER (WHERE EXISTS (SELECT FROM %s AS p WHERE p.%s %s CAST(%s AS %s)))",
					pvext_relation_name(search->parent->relid), quote_identifier(key->name),
					pvext_equality(key->type, key->type), value, pvext_type_name(key->type, -1));
}

/* For pvext_try(): how many of the values are keys?  Among no rows there are none, which says nothing. */
static void
look_for(void *arg)
{
	Search	   *search = arg;
	PvextArgs	args = {0};

	pvext_arg(&args, TEXTARRAYOID, pvext_text_array(search->values), false);
	(void) pvext_run(search->parent->owner,
					 psprintf("SELECT %s, %s, EXISTS (SELECT FROM %s) FROM unnest($1) AS v", count_sql(search, "v"),
							  search->key->kind == PVEXT_STRINGS ? count_sql(search, "lower(v)") : "0",
							  pvext_relation_name(search->parent->relid)), &args);
	search->hits = (int) pvext_int(0, 1);
	search->folded = Max((int) pvext_int(0, 2) - search->hits, 0);
	search->empty = !pvext_bool(0, 3);
	SPI_freetuptable(SPI_tuptable);
}

/* For pvext_try(): between which numbers the keys lie. */
static void
find_range(void *arg)
{
	Search	   *search = arg;
	PvextLookColumn *key = search->key;
	char	   *name = pvext_relation_name(search->parent->relid);
	bool		isnull;

	(void) pvext_run(search->parent->owner,
					 psprintf("SELECT CAST(min(p.%s) AS bigint), CAST(max(p.%s) AS bigint)%s FROM %s AS p",
							  quote_identifier(key->name), quote_identifier(key->name),
							  search->parent->rows > 0 ? "" :
							  psprintf(", (SELECT count(*) FROM (SELECT FROM %s LIMIT 100000) AS c)", name), name), NULL);
	(void) pvext_datum(0, 1, &isnull);
	key->ranged = !isnull;
	key->lowest = (double) pvext_int(0, 1);
	key->highest = (double) pvext_int(0, 2);
	if (search->parent->rows <= 0)
		search->parent->rows = (double) pvext_int(0, 3);
	SPI_freetuptable(SPI_tuptable);
}

/* By which chance would so many values, that are no keys, be found among the keys? */
static double
chance_of(Search *search, int n)
{
	PvextLookColumn *key = search->key;
	double		density;
	ListCell   *lc;
	double		length = 0;

	if (n == 0 || key->kind == PVEXT_UUIDS)
		return n == 0 ? 1 : 0;
	if (key->kind == PVEXT_STRINGS)
	{
		foreach(lc, search->values)
			length += strlen(lfirst(lc));
		return length / list_length(search->values) < SHORT ? 1 : pow(0.3, n);
	}
	if (!key->ranged && pvext_try(find_range, search) != NULL)
		return 1;
	if (!key->ranged)
		return 1;
	density = Min(1, search->parent->rows / (key->highest - key->lowest + 1));
	return pow(density, n);
}

/*
 * How many of the values are keys of the parent?  Unless all, no more are looked for
 * where of the first few there is none.  Between pvext_enter() and pvext_leave().
 */
void
pvext_look_for(List *values, PvextLook *parent, PvextLookColumn *key, bool all,
			   PvextContained *contained)
{
	Search		search = {NIL, parent, key};
	int			beyond = 0;
	ListCell   *lc;

	memset(contained, 0, sizeof(*contained));
	contained->chance = 1;
	if (!parent->readable)
		return;
	foreach(lc, values)
	{
		if (!is_of_kind(lfirst(lc), key))
			beyond++;
		else if (all || list_length(search.values) < FIRST_VALUES)
			search.values = lappend(search.values, lfirst(lc));
	}
	if (key->enumerated || (search.values != NIL && pvext_try(look_for, &search) != NULL) || search.empty)
		return;
	if (!all && search.hits + search.folded > 0 && list_length(values) > FIRST_VALUES)
	{
		pvext_look_for(values, parent, key, true, contained);
		return;
	}
	contained->n = list_length(search.values) + beyond;
	contained->hits = search.hits + search.folded;
	contained->folded = search.folded;
	if (search.values != NIL)
		contained->chance = chance_of(&search, contained->hits);
}

/* Keys of several columns to be looked for, as pvext_try()'s argument. */
typedef struct KeySearch
{
	PvextLook *parent;
	List	   *parts;			/* PvextLookColumn: those of the parent's key */
	List	  **values;			/* C strings, for each part */
	int			hits;
	bool		empty;			/* has the parent no rows? */
} KeySearch;

/* For pvext_try(): how many of them are there? */
static void
look_for_keys(void *arg)
{
	KeySearch  *search = arg;
	char	   *parent = pvext_relation_name(search->parent->relid);
	PvextArgs	args = {0};
	StringInfoData match;
	StringInfoData arrays;
	StringInfoData names;
	ListCell   *lc;

	initStringInfo(&match);
	initStringInfo(&arrays);
	initStringInfo(&names);
	foreach(lc, search->parts)
	{
		PvextLookColumn *part = lfirst(lc);
		int			n = foreach_current_index(lc) + 1;

		pvext_arg(&args, TEXTARRAYOID, pvext_text_array(search->values[n - 1]), false);
		appendStringInfo(&match, "%sp.%s %s CAST(v.v%d AS %s)", n > 1 ? " AND " : "", quote_identifier(part->name),
						 pvext_equality(part->type, part->type), n, pvext_type_name(part->type, -1));
		appendStringInfo(&arrays, "%s$%d", n > 1 ? ", " : "", n);
		appendStringInfo(&names, "%sv%d", n > 1 ? ", " : "", n);
	}
	(void) pvext_run(search->parent->owner,
					 psprintf("SELECT count(*) FILTER (WHERE EXISTS (SELECT FROM %s AS p WHERE %s)), EXISTS (SELECT FROM %s)"
							  " FROM unnest(%s) AS v (%s)", parent, match.data, parent, arrays.data, names.data), &args);
	search->hits = (int) pvext_int(0, 1);
	search->empty = !pvext_bool(0, 2);
	SPI_freetuptable(SPI_tuptable);
}

/* Where in a sample's rows the columns are, whose names are C strings. */
static int *
places_of(PvextSample *sample, List *columns)
{
	int		   *places = palloc0(sizeof(int) * list_length(columns));
	ListCell   *lc;
	ListCell   *cell;

	foreach(lc, columns)
		foreach(cell, sample->table->columns)
			if (strcmp(((PvextLookColumn *) lfirst(cell))->name, lfirst(lc)) == 0)
				places[foreach_current_index(lc)] = foreach_current_index(cell);
	return places;
}

/*
 * Add what a row has in the columns, unless one is NULL; *seen has those before.  What cannot be a key is
 * counted in *beyond.
 */
static void
add_key(KeySearch *search, char **row, const int *places, List **seen, int *beyond)
{
	StringInfoData key;
	bool		fits = true;
	ListCell   *lc;

	initStringInfo(&key);
	foreach(lc, search->parts)
	{
		char	   *value = row[places[foreach_current_index(lc)]];

		if (value == NULL)
			return;
		fits = fits && strlen(value) <= MAX_LENGTH && is_of_kind(value, lfirst(lc));
		appendStringInfo(&key, "%zu %s", strlen(value), value);
	}
	if (pvext_has_name(*seen, key.data))
		return;
	*seen = lappend(*seen, key.data);
	*beyond += !fits;
	foreach(lc, fits ? search->parts : NIL)
		search->values[foreach_current_index(lc)] =
			lappend(search->values[foreach_current_index(lc)], row[places[foreach_current_index(lc)]]);
}

/*
 * How many of what rows have in several columns together are keys of the parent's columns, names (C
 * strings) in the same order?  By chance they might be there whatever they are.  Between pvext_enter()
 * and pvext_leave().
 */
void
pvext_look_for_keys(PvextSample *sample, List *columns, PvextLook *parent, List *parent_columns,
					PvextContained *contained)
{
	KeySearch	search = {parent};
	int		   *places = places_of(sample, columns);
	List	   *seen = NIL;
	int			beyond = 0;
	ListCell   *lc;

	memset(contained, 0, sizeof(*contained));
	contained->chance = 1;
	foreach(lc, parent_columns)
		search.parts = lappend(search.parts, pvext_find_column(parent, lfirst(lc)));
	search.values = palloc0(sizeof(List *) * list_length(parent_columns));
	for (int i = 0; i < sample->n && list_length(seen) < FIRST_VALUES; i++)
		add_key(&search, sample->rows[i], places, &seen, &beyond);
	if (!parent->readable || (list_length(seen) > beyond && pvext_try(look_for_keys, &search) != NULL) || search.empty)
		return;
	contained->n = list_length(seen);
	contained->hits = search.hits;
}
