/*
 * moved_rows.c
 *		What subjects have said goes with their rows to another table.
 *
 * A partition takes rows out of a subject table, or back into it (detach.c).  Whoever has
 * consented, objected or agreed has done so as before: the states, the links that were sent
 * out and the keys of the evidence are those of the other table's subject from then on.  The
 * ledgers are only ever added to: their rows name the table of then, and the state.  So
 * that a state which somebody has given to another table by force is told from one that has
 * come along, the moves are on record.
 */
#include "postgres.h"
#include "base/message.h"

#include "base/result.h"
#include "base/secret.h"
#include "catalog/pg_type.h"
#include "consent/bitmap.h"
#include "consent/evidence.h"
#include "consent/moved_rows.h"
#include "map/key.h"
#include "utils/array.h"
#include "utils/timestamp.h"

/* Who is moved: $1 the table they are of, $2 the one that they will be of, keys and digests there. */
#define MOVED " FROM unnest($3, $4) AS k (key, digest) WHERE s.relation_id = $1 AND s.key = k.key COLLATE \"C\""

/*
 * Keys of a table that anything is known of, a thousand at a time; but for those of which
 * the other table knows something, too.
 */
static const char keys[] =
	"WITH said (relation_id, key) AS (SELECT relation_id, key FROM pv.consent_state WHERE relation_id IN ($1, $2)"
	"  UNION SELECT relation_id, key FROM pv.agreement_state WHERE relation_id IN ($1, $2)"
	"  UNION SELECT relation_id, key COLLATE \"C\" FROM pv.consent_token WHERE relation_id IN ($1, $2))"
	" SELECT array_agg(key) FROM (SELECT s.key, row_number() OVER () / 1000 AS n FROM said AS s"
	"  WHERE s.relation_id = $1 AND s.key IS NOT NULL AND NOT EXISTS"
	"  (SELECT FROM said AS o WHERE o.relation_id = $2 AND o.key = s.key)) AS k GROUP BY n";

/* The keys of a table that something is known of, as lists. */
static List *
list_keys(int32 from, int32 to)
{
	PvextArgs	args = {0};
	List	   *lists = NIL;

	pvext_arg_int4(&args, from);
	pvext_arg_int4(&args, to);
	(void) pvext_own(keys, &args);
	for (uint64 i = 0; i < SPI_processed; i++)
		lists = lappend(lists, pvext_texts(i, 1));
	return lists;
}

/* Those of some keys that a table has rows of. */
static List *
keys_in(PvextTable *subject, List *texts)
{
	PvextStatement find = pvext_statement(psprintf("SELECT k.n FROM (SELECT row_number() OVER () AS n, k.* FROM %s) AS k"
												   " JOIN %s AS r ON %s", pvext_key_rows_sql(subject),
												   subject->sql_name, pvext_key_match_sql(subject, "k.k%d", 1)));
	PvextArgs	args = {0};
	List	   *found = NIL;

	pvext_arg_key_columns(&args, subject, texts);
	(void) pvext_run_keys(subject, &find, &args, 0);
	for (uint64 i = 0; i < SPI_processed; i++)
		found = lappend(found, list_nth(texts, (int) pvext_int(i, 1) - 1));
	return found;
}

/* The bits of the consents of the last result go along. */
static void
move_bits(int32 from, int32 to)
{
	for (uint64 i = 0; i < SPI_processed; i++)
	{
		bool		isnull;
		Datum		expires = pvext_datum(i, 3, &isnull);
		int			code = PVEXT_GIVEN | (isnull ? 0 : PVEXT_EXPIRING);

		pvext_note_code(from, (int32) pvext_int(i, 1), pvext_value(i, 2), code, 0, DT_NOEND);
		pvext_note_code(to, (int32) pvext_int(i, 1), pvext_value(i, 2), 0, code,
						isnull ? DT_NOEND : DatumGetTimestampTz(expires));
	}
}

/*
 * Let what is kept of the keys, texts, be of subjects of another table.  Their keys'
 * digests are of the table, too, and so are made anew; evidence stays readable under
 * them.
 */
static void
move_keys(int32 from, int32 to, List *texts)
{
	List	   *digests = NIL;
	PvextArgs	args = {0};
	ListCell   *lc;

	foreach(lc, texts)
	{
		bytea	   *digest = pvext_subject_digest(to, lfirst(lc));

		digests = lappend(digests, digest);
		pvext_move_evidence_key(pvext_subject_digest(from, lfirst(lc)), digest);
	}
	pvext_arg_int4(&args, from);
	pvext_arg_int4(&args, to);
	pvext_arg(&args, TEXTARRAYOID, pvext_text_array(texts), false);
	pvext_arg_digests(&args, digests);
	(void) pvext_own("UPDATE pv.agreement_state AS s SET relation_id = $2, subject_digest = k.digest" MOVED, &args);
	(void) pvext_own("UPDATE pv.consent_token AS s SET relation_id = $2" MOVED, &args);
	(void) pvext_own("WITH moved AS (UPDATE pv.consent_state AS s SET relation_id = $2, subject_digest = k.digest" MOVED
					 " RETURNING s.purpose_id, s.key, s.expires, s.given)"
					 " SELECT purpose_id, key, expires FROM moved WHERE given", &args);
	move_bits(from, to);
}

/* The ledgers' rows stay as they are, and pv.verify_consents() knows why. */
static void
record_move(int32 from, int32 to)
{
	PvextArgs	args = {0};

	pvext_arg_int4(&args, from);
	pvext_arg_int4(&args, to);
	(void) pvext_own("INSERT INTO pv.consent_move (from_id, to_id) VALUES ($1, $2)", &args);
}

/*
 * Subjects of one table are another's from now on, both by their ids in pv.relation: those
 * that have rows in found_in, or all where it is NULL.  Between pvext_enter() and
 * pvext_leave(), with the rows locked against whoever records what they say.
 */
void
pvext_move_consents(int32 from, int32 to, PvextTable *found_in)
{
	bool		any = false;
	ListCell   *lc;

	foreach(lc, list_keys(from, to))
	{
		List	   *texts = found_in ? keys_in(found_in, lfirst(lc)) : lfirst(lc);

		if (texts == NIL)
			continue;
		move_keys(from, to, texts);
		any = true;
	}
	if (any)
		record_move(from, to);
}
