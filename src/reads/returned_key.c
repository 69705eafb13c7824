/*
 * returned_key.c
 *		Keys of subjects that pvext itself hands out.
 *
 * A function that returns the subjects' keys reads no table: it has them from what pvext
 * keeps.  Where a key is personal whoever gets it is on record as if he had read it from the
 * table of the subjects.
 */
#include "postgres.h"
#include "base/message.h"

#include "access/sysattr.h"
#include "base/guc.h"
#include "reads/columns_read.h"
#include "reads/read_hooks.h"
#include "reads/returned_key.h"
#include "utils/lsyscache.h"

/* The key's columns, as a range table entry has them. */
static Bitmapset *
key_columns(Oid relid, List *key)
{
	Bitmapset  *columns = NULL;
	ListCell   *lc;

	foreach(lc, key)
	{
		AttrNumber	attnum = get_attnum(relid, lfirst(lc));

		if (attnum > 0)
			columns = bms_add_member(columns, attnum - FirstLowInvalidHeapAttributeNumber);
	}
	return columns;
}

/* By which of its keys is the table the subjects'? */
static int32
subject_of(PvextWatched *relation, List *key)
{
	ListCell   *lc;

	foreach(lc, relation->sources)
	{
		PvextKeySource *source = lfirst(lc);

		if (source->subject_id == relation->relation_id && source->n == list_length(key))
			return source->subject_id;
	}
	return 0;
}

/*
 * Record that a function of pvext's returns keys of the subjects in a table, to the current
 * user: how many, and the first of them, a list of C strings.  The table's key is a list
 * of names.  Nothing is recorded unless one of these is personal and the table audited.
 */
void
pvext_hand_out(Oid relid, List *key, int64 rows, List *first)
{
	StringInfoData buf;
	PvextWatched *relation;
	PvextPlace	place;
	int32		subject_id;
	ListCell   *lc;

	if (!pvext_is_recording(NULL))
		return;
	initStringInfo(&buf);
	pvext_begin_reading(&buf);
	if (!pvext_add_columns(&buf, relid, key_columns(relid, key)))
		return;
	pvext_reading(&buf)->statement = pvext_next_statement();
	pvext_reading(&buf)->ways = PVEXT_BY_FUNCTION;
	pvext_reading(&buf)->rows = rows;
	pvext_reading(&buf)->size = buf.len;
	relation = pvext_watched(relid);
	subject_id = relation ? subject_of(relation, key) : 0;
	foreach(lc, first)
	{
		if (subject_id == 0 || pvext_reading(&buf)->nkeys == pvext_audit_read_keys ||
			buf.len + pvext_key_size(lfirst(lc)) > PVEXT_LARGEST_READING)
			break;
		pvext_add_key(&buf, relation->relation_id, subject_id, lfirst(lc));
	}
	pvext_queue_reading(pvext_reading(&buf), false, &place);
	pfree(buf.data);
}
