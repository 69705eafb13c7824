/*
 * table_look.c
 *		The tables of a database as they look.
 *
 * What may be guessed of whose rows are whose is guessed of ordinary and partitioned
 * tables: not of partitions, which are as their root is, of tables of the system or of
 * an extension.  They are loaded with a few queries, and found by their name: a table
 * is called by all of its words, or without those at the beginning, which may be the
 * application's ("auth_user", "wp_posts"); the more tables have such a beginning, the
 * less does it say.
 */
#include "postgres.h"
#include "base/message.h"

#include "base/catalog.h"
#include "base/result.h"
#include "base/spi.h"
#include "base/type.h"
#include "catalog/pg_type.h"
#include "detect/table_look.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

/* Longer names are not looked up. */
#define MAX_STEM 128

/* So many tables that begin with the same word have it from the application. */
#define MANY 5

/* Tables by the stem of their name. */
typedef struct StemEntry
{
	char		stem[MAX_STEM];
	List	   *namesakes;		/* PvextNamesake */
} StemEntry;

/* Tables by OID. */
typedef struct OidEntry
{
	Oid			relid;
	PvextLook *table;
} OidEntry;

/* How many tables begin with a word. */
typedef struct BeginningEntry
{
	char		word[MAX_STEM];
	int			n;
} BeginningEntry;

/* SQL: c is a table of which something may be guessed. */
#define IS_LOOKED_AT \
	"c.relkind IN ('r', 'p') AND c.relpersistence <> 't' AND NOT c.relispartition" \
	" AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pv') AND n.nspname !~ '^pg_(toast|temp)'" \
	" AND NOT EXISTS (SELECT FROM pg_depend AS d WHERE d.classid = CAST('pg_class' AS regclass)" \
	"  AND d.objid = c.oid AND d.deptype = 'e')"

/* SQL: names of the columns of an index or constraint, in order; NULL where one is an expression. */
#define NAMES_OF(relid, attnums, n) \
	"(SELECT CASE WHEN bool_and(a.attname IS NOT NULL) THEN array_agg(a.attname ORDER BY k.i) END" \
	" FROM unnest(CAST(" attnums " AS int2[])) WITH ORDINALITY AS k(attnum, i)" \
	" LEFT JOIN pg_attribute AS a ON a.attrelid = " relid " AND a.attnum = k.attnum AND k.attnum > 0 WHERE k.i <= " n ")"

/* The kind of a type; integers are those that have one equality in common. */
static char
kind_of(Oid type)
{
	if (type == INT2OID || type == INT4OID || type == INT8OID)
		return PVEXT_INTEGERS;
	if (type == UUIDOID)
		return PVEXT_UUIDS;
	if (pvext_is_text(type) || type_is_enum(type))
		return PVEXT_STRINGS;
	return PVEXT_NO_KEY;
}

/* An empty hash table with strings, or OIDs, for keys. */
static HTAB *
make_hash(const char *name, Size key, Size entry, int flags)
{
	HASHCTL		ctl = {.keysize = key,.entrysize = entry,.hcxt = CurrentMemoryContext};

	return hash_create(name, 1024, &ctl, HASH_ELEM | HASH_CONTEXT | flags);
}

/* A table of its OID, or NULL. */
PvextLook *
pvext_find_look(PvextLooks *looks, Oid relid)
{
	OidEntry   *entry = hash_search(looks->by_oid, &relid, HASH_FIND, NULL);

	return entry ? entry->table : NULL;
}

/* A column of its name, or NULL. */
PvextLookColumn *
pvext_find_column(PvextLook *table, const char *name)
{
	ListCell   *lc;

	foreach(lc, table->columns)
		if (strcmp(((PvextLookColumn *) lfirst(lc))->name, name) == 0)
			return lfirst(lc);
	return NULL;
}

/* Does the column alone name a row? */
bool
pvext_is_single_key(PvextLook *table, const char *column)
{
	ListCell   *lc;

	foreach(lc, table->keys)
		if (list_length(lfirst(lc)) == 1 && strcmp(linitial(lfirst(lc)), column) == 0)
			return true;
	return false;
}

/* Is the column one of a foreign key? */
bool
pvext_has_foreign_key(PvextLook *table, const char *column)
{
	ListCell   *lc;

	foreach(lc, table->foreign_keys)
		if (pvext_has_name(((PvextReference *) lfirst(lc))->columns, column))
			return true;
	return false;
}

/* The tables, in the order of their names. */
static void
load_tables(PvextLooks *looks)
{
	(void) pvext_own("SELECT c.oid, c.relnamespace, c.relowner, c.relname, CAST(c.reltuples AS text) FROM pg_class AS c"
					 " JOIN pg_namespace AS n ON n.oid = c.relnamespace WHERE " IS_LOOKED_AT
					 " ORDER BY n.nspname, c.relname", NULL);
	for (uint64 i = 0; i < SPI_processed; i++)
	{
		PvextLook *table = palloc0(sizeof(PvextLook));

		table->relid = (Oid) pvext_int(i, 1);
		table->schema = (Oid) pvext_int(i, 2);
		table->owner = (Oid) pvext_int(i, 3);
		table->name = pvext_value(i, 4);
		table->rows = strtod(pvext_value(i, 5), NULL);
		pvext_split_name(table->name, &table->words);
		looks->tables = lappend(looks->tables, table);
		((OidEntry *) hash_search(looks->by_oid, &table->relid, HASH_ENTER, NULL))->table = table;
	}
}

/* Their columns, in order. */
static void
load_columns(PvextLooks *looks)
{
	(void) pvext_own("SELECT c.oid, a.attname, a.atttypid, a.attinhcount > 0 FROM pg_class AS c"
					 " JOIN pg_namespace AS n ON n.oid = c.relnamespace"
					 " JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped"
					 " WHERE " IS_LOOKED_AT " ORDER BY c.oid, a.attnum", NULL);
	for (uint64 i = 0; i < SPI_processed; i++)
	{
		PvextLook *table = pvext_find_look(looks, (Oid) pvext_int(i, 1));
		PvextLookColumn *column = palloc0(sizeof(PvextLookColumn));

		if (table == NULL)
			continue;
		column->name = pvext_value(i, 2);
		column->type = getBaseType((Oid) pvext_int(i, 3));
		column->kind = kind_of(column->type);
		column->inherited = pvext_bool(i, 4);
		column->enumerated = type_is_enum(column->type);
		pvext_split_name(column->name, &column->words);
		table->columns = lappend(table->columns, column);
	}
}

/* Their unique keys, the primary one first. */
static void
load_keys(PvextLooks *looks)
{
	(void) pvext_own("SELECT * FROM (SELECT c.oid, " NAMES_OF("c.oid", "i.indkey", "i.indnkeyatts") " AS names, i.indisprimary"
					 " FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace"
					 " JOIN pg_index AS i ON i.indrelid = c.oid"
					 " WHERE " IS_LOOKED_AT " AND i.indisunique AND i.indisvalid AND i.indpred IS NULL) AS k"
					 " WHERE names IS NOT NULL ORDER BY oid, indisprimary DESC, cardinality(names), names", NULL);
	for (uint64 i = 0; i < SPI_processed; i++)
	{
		PvextLook *table = pvext_find_look(looks, (Oid) pvext_int(i, 1));

		if (table)
			table->keys = lappend(table->keys, pvext_names(i, 2));
	}
}

/*
 * The primary key of a partitioned table holds what it is partitioned by, too.  What rows are
 * referred to by may be the rest.
 */
static void
load_rests(PvextLooks *looks)
{
	(void) pvext_own("SELECT c.oid, (SELECT array_agg(a.attname) FROM pg_attribute AS a WHERE a.attrelid = c.oid"
					 "  AND a.attnum = ANY (CAST(i.indkey AS int2[])) AND a.attnum <> ALL (CAST(p.partattrs AS int2[])))"
					 " FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace"
					 " JOIN pg_partitioned_table AS p ON p.partrelid = c.oid"
					 " JOIN pg_index AS i ON i.indrelid = c.oid AND i.indisprimary AND i.indnkeyatts > 1"
					 " WHERE " IS_LOOKED_AT, NULL);
	for (uint64 i = 0; i < SPI_processed; i++)
	{
		PvextLook *table = pvext_find_look(looks, (Oid) pvext_int(i, 1));
		List	   *rest = pvext_names(i, 2);

		if (table && list_length(rest) == 1)
			table->rest_of_key = linitial(rest);
	}
}

/* Their foreign keys. */
static void
load_foreign_keys(PvextLooks *looks)
{
	(void) pvext_own("SELECT c.oid, " NAMES_OF("c.oid", "f.conkey", "cardinality(f.conkey)") ", f.confrelid, "
					 NAMES_OF("f.confrelid", "f.confkey", "cardinality(f.confkey)")
					 " FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace"
					 " JOIN pg_constraint AS f ON f.conrelid = c.oid AND f.contype = 'f'"
					 " WHERE " IS_LOOKED_AT " ORDER BY c.oid, 2, f.oid", NULL);
	for (uint64 i = 0; i < SPI_processed; i++)
	{
		PvextLook *table = pvext_find_look(looks, (Oid) pvext_int(i, 1));
		PvextReference *reference = palloc(sizeof(PvextReference));

		reference->columns = pvext_names(i, 2);
		reference->parent = (Oid) pvext_int(i, 3);
		reference->parent_columns = pvext_names(i, 4);
		if (table)
			table->foreign_keys = lappend(table->foreign_keys, reference);
	}
}

/* Let a table be found by a part of its name. */
static void
add_namesake(PvextLooks *looks, PvextLook *table, int from, double score)
{
	char	   *stem = pvext_stem(&table->words, from, table->words.n);
	PvextNamesake *namesake;
	StemEntry  *entry;
	bool		found;

	if (strlen(stem) >= MAX_STEM)
		return;
	entry = hash_search(looks->by_stem, stem, HASH_ENTER, &found);
	if (!found)
		entry->namesakes = NIL;
	namesake = palloc(sizeof(PvextNamesake));
	namesake->table = table;
	namesake->score = score;
	entry->namesakes = lappend(entry->namesakes, namesake);
}

/* How many tables begin with each word. */
static HTAB *
count_beginnings(PvextLooks *looks)
{
	HTAB	   *beginnings = make_hash("beginnings of tables' names", MAX_STEM, sizeof(BeginningEntry), HASH_STRINGS);
	ListCell   *lc;

	foreach(lc, looks->tables)
	{
		PvextLook *table = lfirst(lc);
		BeginningEntry *entry;
		bool		found;

		if (table->words.n < 2 || strlen(table->words.word[0]) >= MAX_STEM)
			continue;
		entry = hash_search(beginnings, table->words.word[0], HASH_ENTER, &found);
		entry->n = found ? entry->n + 1 : 1;
	}
	return beginnings;
}

/* The tables that have a stem, as PvextNamesakes. */
static List *
find_stem(PvextLooks *looks, const char *stem)
{
	StemEntry  *entry = strlen(stem) < MAX_STEM ? hash_search(looks->by_stem, stem, HASH_FIND, NULL) : NULL;

	return entry ? entry->namesakes : NIL;
}

/* Is there a table of the stem, as its whole name? */
static bool
is_called(PvextLooks *looks, const char *stem)
{
	ListCell   *lc;

	foreach(lc, find_stem(looks, stem))
		if (((PvextNamesake *) lfirst(lc))->score == 1.0)
			return true;
	return false;
}

/*
 * How much of its name has a table without the first word?  Most, where that is the
 * application's, or one for tables as such: many tables begin with it, and none is called
 * so, as users are in user_groups.  Little, where it says that this is another table.
 */
static double
score_without_first(PvextLooks *looks, HTAB *beginnings, PvextLook *table)
{
	char	   *word = table->words.word[0];
	BeginningEntry *entry = strlen(word) < MAX_STEM ? hash_search(beginnings, word, HASH_FIND, NULL) : NULL;

	if (pvext_is_word_of(word, "tbl tb t app auth core main wp"))
		return 0.9;
	if (pvext_is_word_of(word, "deleted archived archive old tmp temp backup bak history hist log"))
		return 0.3;
	if (entry == NULL || is_called(looks, pvext_stem(&table->words, 0, 1)))
		return 0.45;
	return entry->n >= MANY ? 0.9 : entry->n >= 2 ? 0.65 : 0.45;
}

/* Let tables be found by their names, and without the words that these begin with. */
static void
index_names(PvextLooks *looks)
{
	HTAB	   *beginnings = count_beginnings(looks);
	ListCell   *lc;

	foreach(lc, looks->tables)
		if (((PvextLook *) lfirst(lc))->words.n > 0)
			add_namesake(looks, lfirst(lc), 0, 1.0);
	foreach(lc, looks->tables)
	{
		PvextLook  *table = lfirst(lc);

		for (int from = 1; from < table->words.n; from++)
			add_namesake(looks, table, from, from == 1 ? score_without_first(looks, beginnings, table) : 0.4);
	}
}

/* Load them.  Between pvext_enter() and pvext_leave(). */
PvextLooks *
pvext_load_looks(void)
{
	PvextLooks *looks = palloc0(sizeof(PvextLooks));
	ListCell   *lc;

	looks->by_oid = make_hash("tables by OID", sizeof(Oid), sizeof(OidEntry), HASH_BLOBS);
	looks->by_stem = make_hash("tables by name", MAX_STEM, sizeof(StemEntry), HASH_STRINGS);
	load_tables(looks);
	foreach(lc, looks->tables)
		((PvextLook *) lfirst(lc))->readable = !OidIsValid(pvext_foreign_child(((PvextLook *) lfirst(lc))->relid));
	load_columns(looks);
	load_keys(looks);
	load_rests(looks);
	load_foreign_keys(looks);
	index_names(looks);
	return looks;
}

/* The tables that some of the words of a name may mean, as PvextNamesakes. */
List *
pvext_namesakes(PvextLooks *looks, const PvextWords *words, int from, int to)
{
	List	   *namesakes = NIL;
	ListCell   *lc;

	foreach(lc, pvext_stems(words, from, to))
		namesakes = list_concat_unique_ptr(namesakes, find_stem(looks, lfirst(lc)));
	return namesakes;
}
