/*
 * redacted_text.c
 *		Free texts that are known to be without a subject's identifying values.
 *
 * When these have gone, nobody can tell any more what to look for in the texts that
 * mentioned them.  So pv.redaction keeps a digest of each text that was looked at (free_text.c):
 * what has another one has changed since.  It may have changed because another person
 * was taken out of it, as out of a message that had a sender and a receiver: then
 * what is known of the text before is known of the one after.
 */
#include "postgres.h"
#include "base/message.h"

#include "base/result.h"
#include "base/secret.h"
#include "catalog/pg_type.h"
#include "execution/redacted_text.h"
#include "execution/step.h"
#include "text/search_term.h"

/* A text that is about to be rewritten, by its digest, and what it will be. */
typedef struct Rewritten
{
	PvextTarget *target;
	bytea	   *before;
	bytea	   *after;
} Rewritten;

/* Read the texts that are known to be without the values of the subject of that digest. */
static void
read_known_texts(PvextPlan *plan, const bytea *digest)
{
	static PvextStatement find = {
		"SELECT coalesce(array_agg(digest), '{}') FROM pv.redaction"
		" WHERE subject_digest = $1 AND relation_id = $2 AND column_name = $3", NULL
	};
	ListCell   *lc;

	foreach(lc, plan->targets)
	{
		PvextTarget *target = lfirst(lc);
		PvextArgs	args = {0};

		if (target->column->strategy.kind != PVEXT_REDACT)
			continue;
		pvext_arg(&args, BYTEAOID, PointerGetDatum(digest), false);
		pvext_arg_int4(&args, target->table->id);
		pvext_arg_name(&args, target->column->name);
		(void) pvext_own_kept(&find, &args);
		target->known.value = pvext_datum(0, 1, &target->known.isnull);
	}
}

/*
 * Read what redaction needs: the subject's identifying values, before they
 * go, and the texts known to be free of them.  Where identifying values have
 * gone before, or are very many or very long, whole texts are replaced.  One
 * subject at a time.  In the current context, as long as the run; before any of its
 * statements, which all take these values, and test by them whether a text is clean.
 */
void
pvext_prepare_redaction(PvextPlan *plan, const bytea *digest, bool whole)
{
	List	   *values = NIL;
	ListCell   *lc;

	if (!plan->redacts)
		return;
	foreach(lc, plan->targets)
	{
		PvextTarget *target = lfirst(lc);

		if (target->identify)
			values = list_concat(values,
								 pvext_column_texts(pvext_run_step(target->identify, false)));
	}
	whole = whole || !pvext_can_phrase(values);
	plan->values.isnull = whole;
	plan->values.value = whole ? (Datum) 0 : pvext_text_array(values);
	plan->whole.value = BoolGetDatum(whole);
	plan->whole.isnull = false;
	read_known_texts(plan, digest);
}

/*
 * Find the texts that the plan, whose values have been set, is about to rewrite and that
 * may be about others, too.  In the current context.
 */
List *
pvext_find_rewritten(PvextPlan *plan)
{
	List	   *texts = NIL;
	ListCell   *lc;

	foreach(lc, plan->targets)
	{
		PvextTarget *target = lfirst(lc);
		uint64		n;

		if (target->blocked || target->rewritten == NULL)
			continue;
		n = pvext_run_step(target->rewritten, false);
		for (uint64 i = 0; i < n; i++)
		{
			Rewritten  *text = palloc(sizeof(Rewritten));
			bool		isnull;

			text->target = target;
			text->before = DatumGetByteaPCopy(pvext_datum(i, 1, &isnull));
			text->after = DatumGetByteaPCopy(pvext_datum(i, 2, &isnull));
			texts = lappend(texts, text);
		}
	}
	return texts;
}

/* They have been rewritten: who was known not to be in one is not in what it has become. */
void
pvext_follow_rewritten(List *rewritten)
{
	static PvextStatement follow = {
		"INSERT INTO pv.redaction"
		" SELECT relation_id, column_name, subject_digest, $4 FROM pv.redaction"
		" WHERE relation_id = $1 AND column_name = $2 AND digest = $3"
		" ON CONFLICT DO NOTHING", NULL
	};
	ListCell   *lc;

	foreach(lc, rewritten)
	{
		Rewritten  *text = lfirst(lc);
		PvextArgs	args = {0};

		pvext_arg_int4(&args, text->target->table->id);
		pvext_arg_name(&args, text->target->column->name);
		pvext_arg(&args, BYTEAOID, PointerGetDatum(text->before), false);
		pvext_arg(&args, BYTEAOID, PointerGetDatum(text->after), false);
		(void) pvext_own_kept(&follow, &args);
	}
}

/*
 * Remember the texts that are now free of the subject's identifying values, for the
 * subject of that digest.  After the run, by the values that it has prepared.
 */
void
pvext_record_redaction(PvextPlan *plan, const bytea *digest)
{
	static PvextStatement record = {
		"INSERT INTO pv.redaction (relation_id, column_name, subject_digest, digest)"
		" SELECT $1, $2, $3, t.digest FROM unnest($4) AS t(digest) ON CONFLICT DO NOTHING", NULL
	};
	ListCell   *lc;

	if (!plan->redacts)
		return;
	foreach(lc, plan->targets)
	{
		PvextTarget *target = lfirst(lc);
		List	   *digests = NIL;
		PvextArgs	args = {0};
		uint64		n;

		if (target->blocked || target->digest == NULL)
			continue;
		n = pvext_run_step(target->digest, false);
		for (uint64 i = 0; i < n; i++)
		{
			bool		isnull;

			digests = lappend(digests, DatumGetByteaPP(pvext_datum(i, 1, &isnull)));
		}
		if (digests == NIL)
			continue;
		pvext_arg_int4(&args, target->table->id);
		pvext_arg_name(&args, target->column->name);
		pvext_arg(&args, BYTEAOID, PointerGetDatum(digest), false);
		pvext_arg_digests(&args, digests);
		(void) pvext_own_kept(&record, &args);
	}
}
