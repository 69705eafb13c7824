/*
 * left_row.c
 *		Rows that persons referred to, and nobody who lives does any more.
 *
 * A row goes with the last who refers to it, if that one is erased.  It does not where he
 * is deleted, or comes to refer to another row, after the others have been erased; nor
 * does one that nobody ever referred to.  Such rows are counted for pv.check_map().  Who
 * lives is found as an erasure finds it (execution/living.c); of whom rules retain
 * something, the request is open, and takes them yet.
 */
#include "postgres.h"
#include "base/message.h"

#include "base/catalog.h"
#include "base/result.h"
#include "erase/left_row.h"
#include "execution/living.h"
#include "lib/stringinfo.h"
#include "map/key.h"
#include "miscadmin.h"
#include "plan/row_subject.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

/* So many rows are looked at together. */
#define BATCH 5000

/*
 * SQL: of rows r with something personal their primary key as texts and whom they are
 * about, in the order of the key; with after, those after one of which it is given.
 */
static char *
batch_sql(PvextRows *about, const char *personal, List *key, bool after)
{
	StringInfoData sql;
	StringInfoData order;
	StringInfoData last;
	ListCell   *lc;
	int			n = 0;

	initStringInfo(&sql);
	initStringInfo(&order);
	initStringInfo(&last);
	appendStringInfoString(&sql, "SELECT ");
	foreach(lc, key)
	{
		Oid			type;

		(void) pvext_column(about->table->relid, lfirst(lc), &type, NULL);
		appendStringInfo(&sql, "%sCAST(r.%s AS text)", n > 0 ? ", " : "", quote_identifier(lfirst(lc)));
		appendStringInfo(&order, "%sr.%s", n > 0 ? ", " : "", quote_identifier(lfirst(lc)));
		appendStringInfo(&last, "%s%s", n > 0 ? ", " : "", pvext_cast_key(type, psprintf("$%d", n + 1)));
		n++;
	}
	pvext_append_row_subjects(&sql, about);
	appendStringInfo(&sql, " FROM %s AS r WHERE (%s)", about->table->sql_name, personal);
	if (after)
		appendStringInfo(&sql, " AND (%s) > (%s)", order.data, last.data);
	appendStringInfo(&sql, " ORDER BY %s LIMIT %d", order.data, BATCH);
	return sql.data;
}

/* Count those of a batch of rows, and note the key of the last. */
static int64
count_batch(PvextRows *about, uint64 n, List *key, PvextArgs *last)
{
	SPITupleTable *rows = SPI_tuptable;
	bool	   *kept = palloc0(sizeof(bool) * n);
	int64		count = 0;

	for (int i = 1; i <= list_length(key); i++)
		pvext_arg_text(last, pvext_value(n - 1, i));
	pvext_find_kept_rows(pvext_find_row_subjects(about, rows, n, list_length(key) + 1),
						 true, NULL, NULL, kept);
	for (uint64 i = 0; i < n; i++)
		count += !kept[i];
	return count;
}

/*
 * How many rows of a table, to which persons may refer, have something personal (SQL over
 * row r) while nobody who lives is left to whom they belong, by any path?  Reads the table
 * whole.  Between pvext_enter() and pvext_leave(), under pvext_with_map().
 */
int64
pvext_count_left(PvextTable *table, const char *personal)
{
	PvextRows	about = {.table = table, .any_path = true, .anybody = true};
	List	   *key = pvext_primary_key(table->relid);
	PvextArgs	last = {0};
	int64		count = 0;
	uint64		n;

	if (key == NIL)
		return 0;
	do
	{
		PvextArgs	args = last;

		CHECK_FOR_INTERRUPTS();
		n = pvext_run(table->owner, batch_sql(&about, personal, key, args.n > 0), &args);
		memset(&last, 0, sizeof(last));
		if (n > 0)
			count += count_batch(&about, n, key, &last);
	} while (n == BATCH);
	return count;
}
