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
#include "base/type.h"
#include "catalog/pg_type.h"
#include "execution/redacted_text.h"
#include "execution/step.h"
#include "strategy/free_text.h"
#include "text/person_text.h"
#include "text/search_term.h"
#include "utils/lsyscache.h"

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

/* Read the texts of a column that are known to be without the values of those of many. */
static void
read_known_of_many(PvextPlan *plan, PvextTarget *target, PvextPersonTexts *texts)
{
	static PvextStatement find = {
		"SELECT s.n, t.digest FROM unnest($1) WITH ORDINALITY AS s(digest, n)"
		" JOIN pv.redaction AS t ON t.subject_digest = s.digest AND t.relation_id = $2 AND t.column_name = $3", NULL
	};
	List	   *digests = NIL;
	PvextArgs	args = {0};
	uint64		n;
	ListCell   *lc;

	foreach(lc, plan->rows)
		digests = lappend(digests, ((PvextRow *) lfirst(lc))->digest);
	pvext_arg_digests(&args, digests);
	pvext_arg_int4(&args, target->table->id);
	pvext_arg_name(&args, target->column->name);
	n = pvext_own_kept(&find, &args);
	for (uint64 i = 0; i < n; i++)
	{
		bool		isnull;

		pvext_know_text(texts, (int) pvext_int(i, 1) - 1, DatumGetByteaPP(pvext_datum(i, 2, &isnull)));
	}
}

/* The subjects of a plan of many, with the values that they are looked for by. */
static PvextPersons *
read_persons(PvextPlan *plan, bool whole)
{
	PvextPersons *persons = pvext_make_persons(list_length(plan->rows));
	ListCell   *lc;

	foreach(lc, plan->rows)
		pvext_add_person(persons, ((PvextRow *) lfirst(lc))->key);
	foreach(lc, plan->targets)
	{
		PvextTarget *target = lfirst(lc);
		uint64		n = target->identify ? pvext_run_step(target->identify, true) : 0;

		for (uint64 i = 0; i < n; i++)
			pvext_add_value(persons, (int) pvext_int(i, 1) - 1, pvext_value(i, 2));
	}
	pvext_finish_persons(persons, whole);
	return persons;
}

/* pvext_prepare_redaction() for a plan of many. */
static void
prepare_many(PvextPlan *plan, bool whole)
{
	PvextPersons *persons = read_persons(plan, whole);
	ListCell   *lc;

	foreach(lc, plan->targets)
	{
		PvextTarget *target = lfirst(lc);
		PvextStrategy *strategy = &target->column->strategy;
		PvextTextKind kind;
		PvextPersonTexts *texts;

		if (strategy->kind != PVEXT_REDACT)
			continue;
		kind.replacement = strategy->argument;
		kind.json = pvext_is_json(strategy->type);
		kind.room = kind.json ? -1 : pvext_text_room(strategy->type, strategy->typmod);
		texts = pvext_make_person_texts(persons, &kind, getBaseType(strategy->type));
		read_known_of_many(plan, target, texts);
		target->texts.value = Int64GetDatum(pvext_texts_number(texts));
		target->texts.isnull = false;
	}
}

/*
 * Read what redaction needs: the subject's identifying values, before they
 * go, and the texts known to be free of them.  Where identifying values have
 * gone before, or are very many or very long, whole texts are replaced.  One
 * subject at a time, unless the plan is one of many.  In the current context, as long as
 * the run; before any of its statements, which all take these values, and test by them whether a text is clean.
 */
void
pvext_prepare_redaction(PvextPlan *plan, const bytea *digest, bool whole)
{
	List	   *values = NIL;
	ListCell   *lc;

	if (!plan->redacts)
		return;
	if (plan->together)
	{
		prepare_many(plan, whole);
		return;
	}
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
		n = pvext_run_step(target->rewritten, plan->together);
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

/* Those of one column have been rewritten. */
static void
follow_in_column(PvextTarget *target, List *rewritten)
{
	static PvextStatement follow = {
		"INSERT INTO pv.redaction (relation_id, column_name, subject_digest, digest)"
		" SELECT r.relation_id, r.column_name, r.subject_digest, t.after FROM unnest($3, $4) AS t(before, after)"
		" JOIN pv.redaction AS r ON r.digest = t.before"
		" WHERE r.relation_id = $1 AND r.column_name = $2"
		" ON CONFLICT DO NOTHING", NULL
	};
	List	   *before = NIL;
	List	   *after = NIL;
	PvextArgs	args = {0};
	ListCell   *lc;

	foreach(lc, rewritten)
	{
		Rewritten  *text = lfirst(lc);

		if (text->target != target)
			continue;
		before = lappend(before, text->before);
		after = lappend(after, text->after);
	}
	if (before == NIL)
		return;
	pvext_arg_int4(&args, target->table->id);
	pvext_arg_name(&args, target->column->name);
	pvext_arg_digests(&args, before);
	pvext_arg_digests(&args, after);
	(void) pvext_own_kept(&follow, &args);
}

/* They have been rewritten: who was known not to be in one is not in what it has become. */
void
pvext_follow_rewritten(PvextPlan *plan, List *rewritten)
{
	ListCell   *lc;

	foreach(lc, rewritten == NIL ? NIL : plan->targets)
		if (((PvextTarget *) lfirst(lc))->rewritten)
			follow_in_column(lfirst(lc), rewritten);
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

/* The same for the subjects of a plan of many, each of his own texts. */
void
pvext_record_redactions(PvextPlan *plan)
{
	static PvextStatement record = {
		"INSERT INTO pv.redaction (relation_id, column_name, subject_digest, digest)"
		" SELECT $1, $2, t.subject, t.digest FROM unnest($3, $4) AS t(subject, digest) ON CONFLICT DO NOTHING", NULL
	};
	ListCell   *lc;

	foreach(lc, plan->targets)
	{
		PvextTarget *target = lfirst(lc);
		List	   *subjects = NIL;
		List	   *digests = NIL;
		PvextArgs	args = {0};
		uint64		n;

		if (target->blocked || target->digest == NULL)
			continue;
		n = pvext_run_step(target->digest, true);
		for (uint64 i = 0; i < n; i++)
		{
			PvextRow   *row = list_nth(plan->rows, (int) pvext_int(i, 1) - 1);
			bool		isnull;

			subjects = lappend(subjects, row->digest);
			digests = lappend(digests, DatumGetByteaPP(pvext_datum(i, 2, &isnull)));
		}
		if (digests == NIL)
			continue;
		pvext_arg_int4(&args, target->table->id);
		pvext_arg_name(&args, target->column->name);
		pvext_arg_digests(&args, subjects);
		pvext_arg_digests(&args, digests);
		(void) pvext_own_kept(&record, &args);
	}
}
