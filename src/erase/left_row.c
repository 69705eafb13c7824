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

#include "erase/left_row.h"
#include "execution/living.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "plan/row_subject.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

/* So many rows are looked at together. */
#define BATCH 5000

/* The rows being counted. */
typedef struct Count
{
	PvextRows	about;
	int64		left;
} Count;

/* Count those of a batch of rows.  For pvext_run_each(). */
static void
count_batch(uint64 n, void *arg)
{
	Count	   *count = arg;
	bool	   *kept = palloc0(sizeof(bool) * n);

	CHECK_FOR_INTERRUPTS();
	pvext_find_kept_rows(&count->about, SPI_tuptable, n, 2, true, NULL, NULL, kept);
	for (uint64 i = 0; i < n; i++)
		count->left += !kept[i];
}

/*
 * How many rows of a table, to which persons may refer, have something personal (SQL over
 * row r) while nobody who lives is left to whom they belong, by any path?  Reads the table
 * whole, as the active snapshot sees it.  Between pvext_enter() and pvext_leave(), under
 * pvext_with_map().
 */
int64
pvext_count_left(PvextTable *table, const char *personal)
{
	Count		count = {{.table = table, .any_path = true, .anybody = true}};
	StringInfoData sql;

	initStringInfo(&sql);
	appendStringInfoString(&sql, "SELECT 1");
	pvext_append_row_subjects(&sql, &count.about);
	appendStringInfo(&sql, " FROM %s AS r WHERE (%s)", table->sql_name, personal);
	pvext_run_each(table->owner, sql.data, NULL, BATCH, count_batch, &count);
	return count.left;
}
