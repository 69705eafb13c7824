/*
 * ending.c
 *		What an erasure ends of consents and agreements, and what stays as proof.
 *
 * An erasure ends every consent, objection and agreement of the subject.  Their
 * ledgers are never changed: the subject stands in pv.consent_state and
 * pv.agreement_state alone, and is taken out there; with the key of its
 * evidence, what it encrypts is gone.  For as long as pvext.consent_keep and
 * pvext.agreement_keep say after a consent or agreement has ended, though, the
 * proof of it is kept, and the erasure is complete only then.
 */
#include "postgres.h"
#include "base/message.h"

#include "base/event.h"
#include "base/guc.h"
#include "base/relation.h"
#include "base/result.h"
#include "catalog/pg_type.h"
#include "consent/bitmap.h"
#include "consent/ending.h"
#include "consent/evidence.h"
#include "map/key.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

/*
 * SQL: until when the proof of a state is kept, NULL where there is none; $1 is
 * for how many seconds.  Who has never consented has proved nothing.
 */
#define CONSENT_UNTIL \
	"CASE WHEN $1 > 0 AND EXISTS (SELECT FROM pv.consent_event AS g" \
	"  WHERE g.consent_id = s.id AND g.action = 'given')" \
	" THEN CASE WHEN s.given THEN least(now(), s.expires) ELSE s.since END" \
	"  + make_interval(secs => $1) END"
#define AGREEMENT_UNTIL \
	"CASE WHEN $1 > 0" \
	" THEN CASE WHEN s.state = 'accepted' THEN now() ELSE s.since END" \
	"  + make_interval(secs => $1) END"

/*
 * SQL: a state's key goes, or steps back, and what was there before.  $2 are
 * the subjects' keys, $3 their new digests, $4 their table, $5 and $6 who it is.
 */
#define END_STATES(state, until, event) \
	"WITH gone AS MATERIALIZED (SELECT s.*, u.n, u.digest, " until " AS until" \
	"  FROM unnest($2, $3) WITH ORDINALITY AS u(key, digest, n)" \
	"  JOIN " state " AS s ON s.relation_id = $4 AND s.key = u.key COLLATE \"C\")," \
	" event AS (" event ")" \
	" UPDATE " state " AS t SET key = NULL, state = 'erased', since = now(),"
#define STEP_BACK(former) \
	" former_key = CASE WHEN g.until > now() THEN g.key END," \
	" " former " = CASE WHEN g.until > now() THEN g.digest END," \
	" kept_until = CASE WHEN g.until > now() THEN g.until END" \
	" FROM gone AS g WHERE t.id = g.id" \
	" RETURNING g.n, CASE WHEN g.until > now() THEN g.until END"

/* SQL: what was kept of subjects erased before goes, or follows their digest. */
#define RELEASE_STATES(state, former) \
	"UPDATE " state " AS t SET" \
	" former_key = CASE WHEN t.kept_until > now() THEN t.former_key END," \
	" " former " = CASE WHEN t.kept_until > now() THEN u.digest END," \
	" kept_until = CASE WHEN t.kept_until > now() THEN t.kept_until END" \
	" FROM unnest($1, $2) WITH ORDINALITY AS u(former, digest, n)" \
	" WHERE t.key IS NULL AND t." former " = u.former" \
	" RETURNING u.n, t.kept_until"

/* The keys of the subjects, as text[]. */
static void
arg_keys(PvextArgs *args, List *endings)
{
	Datum	   *elements = palloc(sizeof(Datum) * list_length(endings));
	ListCell   *lc;
	int			n = 0;

	foreach(lc, endings)
		elements[n++] = CStringGetTextDatum(((PvextEnding *) lfirst(lc))->key);
	pvext_arg(args, TEXTARRAYOID,
			  PointerGetDatum(construct_array(elements, n, TEXTOID, -1, false, TYPALIGN_INT)),
			  false);
}

/* The digests of the former keys, or of those of now, as the next parameter. */
static void
arg_digests(PvextArgs *args, List *endings, bool former)
{
	List	   *digests = NIL;
	ListCell   *lc;

	foreach(lc, endings)
	{
		PvextEnding *ending = lfirst(lc);

		digests = lappend(digests, former ? ending->former : ending->digest);
	}
	pvext_arg_digests(args, digests);
}

/* Count the n rows of the last result, and those that are kept, by subject. */
static void
count_states(List *endings, bool *kept, bool ended, uint64 n)
{
	for (uint64 i = 0; i < n; i++)
	{
		int			which = (int) pvext_int(i, 1) - 1;
		PvextEnding *ending = list_nth(endings, which);
		bool		isnull;
		Datum		until = pvext_datum(i, 2, &isnull);

		ending->ended += ended;
		if (isnull)
			continue;
		kept[which] = true;
		ending->kept++;
		ending->until = Max(ending->until, DatumGetTimestampTz(until));
	}
}

/* The values of END_STATES. */
static void
end_args(PvextArgs *args, PvextTable *subject, List *endings, int keep)
{
	pvext_arg_int4(args, keep);
	arg_keys(args, endings);
	arg_digests(args, endings, false);
	pvext_arg_int4(args, subject->id);
	pvext_arg_text(args, pvext_login_name());
	pvext_arg_text(args, GetUserNameFromId(GetUserId(), false));
}

/* The bits of the n consents of the last result that were given go. */
static void
clear_bits(PvextTable *subject, List *endings, uint64 n)
{
	for (uint64 i = 0; i < n; i++)
	{
		PvextEnding *ending = list_nth(endings, (int) pvext_int(i, 1) - 1);

		if (pvext_bool(i, 4))
			pvext_note_code(subject->id, (int32) pvext_int(i, 3), ending->key,
							PVEXT_GIVEN | (pvext_bool(i, 5) ? PVEXT_EXPIRING : 0), 0,
							DT_NOEND);
	}
}

/*
 * End the consents and objections of subjects whose rows are locked; kept is set for each
 * of whom a proof is kept.  The bits follow, by the keys of before.
 */
static void
end_consents(PvextTable *subject, List *endings, bool *kept)
{
	static PvextStatement release = {RELEASE_STATES("pv.consent_state", "former_digest"), NULL};
	static PvextStatement end = {
		END_STATES("pv.consent_state", CONSENT_UNTIL,
				   "INSERT INTO pv.consent_event"
				   " (consent_id, relation_id, purpose_id, action, login, role)"
				   " SELECT id, relation_id, purpose_id, 'erased', $5, $6 FROM gone")
		" given = false, expires = NULL, subject_digest = NULL," STEP_BACK("former_digest")
		", g.purpose_id, g.given, g.expires IS NOT NULL", NULL
	};
	PvextArgs	digests = {0};
	PvextArgs	args = {0};
	uint64		n;

	/* What is kept since an earlier erasure first: what steps back now has the new digest. */
	arg_digests(&digests, endings, true);
	arg_digests(&digests, endings, false);
	count_states(endings, kept, false, pvext_own_kept(&release, &digests));
	end_args(&args, subject, endings, pvext_consent_keep);
	n = pvext_own_kept(&end, &args);
	count_states(endings, kept, true, n);
	clear_bits(subject, endings, n);
}

/* The same of agreements, which have no bits. */
static void
end_agreements(PvextTable *subject, List *endings, bool *kept)
{
	static PvextStatement release = {RELEASE_STATES("pv.agreement_state", "subject_digest"), NULL};
	static PvextStatement end = {
		END_STATES("pv.agreement_state", AGREEMENT_UNTIL,
				   "INSERT INTO pv.agreement_event"
				   " (agreement_id, relation_id, name, version, action, login, role)"
				   " SELECT id, relation_id, name, version, 'erased', $5, $6 FROM gone")
		STEP_BACK("subject_digest"), NULL
	};
	PvextArgs	digests = {0};
	PvextArgs	args = {0};

	arg_digests(&digests, endings, true);
	arg_digests(&digests, endings, false);
	count_states(endings, kept, false, pvext_own_kept(&release, &digests));
	end_args(&args, subject, endings, pvext_agreement_keep);
	count_states(endings, kept, true, pvext_own_kept(&end, &args));
}

/* Links that were sent out die. */
static void
delete_tokens(PvextTable *subject, List *endings)
{
	static PvextStatement delete = {
		"DELETE FROM pv.consent_token WHERE relation_id = $1 AND key = ANY ($2)", NULL
	};
	PvextArgs	args = {0};

	pvext_arg_int4(&args, subject->id);
	arg_keys(&args, endings);
	(void) pvext_own_kept(&delete, &args);
}

/* Evidence goes with its key, unless proof is kept. */
static void
destroy_evidence(const char *ledger, List *endings, const bool *kept)
{
	List	   *gone = NIL;
	ListCell   *lc;
	int			i = 0;

	foreach(lc, endings)
		if (!kept[i++])
			gone = lappend(gone, ((PvextEnding *) lfirst(lc))->former);
	if (gone != NIL)
		pvext_destroy_evidence_keys(ledger, gone);
}

/*
 * End the consents, objections and agreements of subjects that are being
 * erased, whose rows are locked.  Says of each how much of it is kept as proof
 * and until when.
 */
void
pvext_end_consents(PvextTable *subject, List *endings)
{
	bool	   *consents = palloc0(sizeof(bool) * list_length(endings));
	bool	   *agreements = palloc0(sizeof(bool) * list_length(endings));
	ListCell   *lc;

	foreach(lc, endings)
	{
		PvextEnding *ending = lfirst(lc);

		ending->ended = ending->kept = 0;
		ending->until = DT_NOBEGIN;
	}
	if (pvext_never_used("consent_state") && pvext_never_used("agreement_state"))
		return;
	end_consents(subject, endings, consents);
	end_agreements(subject, endings, agreements);
	delete_tokens(subject, endings);
	destroy_evidence("consent", endings, consents);
	destroy_evidence("agreement", endings, agreements);
	foreach(lc, endings)
	{
		PvextEnding *ending = lfirst(lc);

		if (ending->kept > 0 && ending->former != ending->digest)
			pvext_move_evidence_key(ending->former, ending->digest);
	}
}

/* Does a ledger know of subjects of the table? */
bool
pvext_any_trace(PvextTable *subject)
{
	PvextArgs	args = {0};

	pvext_arg_int4(&args, subject->id);
	(void) pvext_own("SELECT EXISTS (SELECT FROM pv.consent_state WHERE relation_id = $1)"
					 " OR EXISTS (SELECT FROM pv.agreement_state WHERE relation_id = $1)", &args);
	return pvext_bool(0, 1);
}

/* Keys being looked for in their table. */
typedef struct Search
{
	PvextTable *subject;
	PvextStatement count;
	int64		missing;
} Search;

/* Count those of some keys, a text[], that have no row. */
static void
count_missing(uint64 row, void *arg)
{
	Search	   *search = arg;
	PvextTable *subject = search->subject;
	PvextArgs	args = {0};
	List	   *keys = pvext_texts(row, 1);

	pvext_arg_key_columns(&args, subject, keys);
	(void) pvext_run_keys(subject, &search->count, &args, 0);
	search->missing += list_length(keys) - pvext_int(0, 1);
}

/*
 * How many subjects of a table the ledgers know that have no row there: their
 * rows have been deleted, or have got other keys, without a word to pvext.
 */
int64
pvext_count_strangers(PvextTable *subject)
{
	Search		search = {subject};
	PvextArgs	args = {0};

	search.count = pvext_statement(psprintf("SELECT count(*) FROM %s JOIN %s AS r ON %s",
											pvext_key_rows_sql(subject), subject->sql_name,
											pvext_key_match_sql(subject, "k.k%d", 1)));
	pvext_arg_int4(&args, subject->id);
	pvext_own_each("SELECT array_agg(key) FROM (SELECT key, row_number() OVER () / 1000 AS n FROM"
				   " (SELECT key FROM pv.consent_state WHERE relation_id = $1 AND key IS NOT NULL"
				   "  UNION SELECT key FROM pv.agreement_state"
				   "  WHERE relation_id = $1 AND key IS NOT NULL) AS u) AS k GROUP BY n",
				   &args, count_missing, &search);
	return search.missing;
}

/* Read what one ledger has of a subject into a trace. */
static void
find_trace(PvextStatement *select, int keep, PvextTable *subject, const char *key,
		   const bytea *digest, PvextTrace *trace)
{
	PvextArgs	args = {0};
	bool		isnull;
	Datum		until;

	pvext_arg_int4(&args, keep);
	pvext_arg_int4(&args, subject->id);
	pvext_arg_text(&args, key);
	pvext_arg(&args, BYTEAOID, PointerGetDatum(digest), false);
	(void) pvext_own_kept(select, &args);
	trace->due = pvext_int(0, 1);
	trace->retained = pvext_int(0, 2);
	until = pvext_datum(0, 3, &isnull);
	trace->until = isnull ? DT_NOBEGIN : DatumGetTimestampTz(until);
}

#define FIND_TRACE(state, until, former) \
	"SELECT count(*) FILTER (WHERE (until > now()) IS NOT TRUE)," \
	" count(*) FILTER (WHERE until > now()), max(until) FILTER (WHERE until > now())" \
	" FROM (SELECT " until " AS until FROM " state " AS s" \
	"  WHERE s.relation_id = $2 AND s.key = $3" \
	"  UNION ALL SELECT s.kept_until FROM " state " AS s" \
	"  WHERE s.key IS NULL AND s." former " = $4) AS t"

/*
 * What the ledgers have that names a subject, and what an erasure would do with
 * it: one trace for each ledger.
 */
void
pvext_find_traces(PvextTable *subject, const char *key, const bytea *digest,
				  PvextTrace *traces)
{
	static PvextStatement consents = {
		FIND_TRACE("pv.consent_state", CONSENT_UNTIL,
				   "former_digest"), NULL
	};
	static PvextStatement agreements = {
		FIND_TRACE("pv.agreement_state", AGREEMENT_UNTIL,
				   "subject_digest"), NULL
	};

	traces[0].relation = "consent_state";
	traces[0].setting = "pvext.consent_keep";
	find_trace(&consents, pvext_consent_keep, subject, key, digest, &traces[0]);
	traces[1].relation = "agreement_state";
	traces[1].setting = "pvext.agreement_keep";
	find_trace(&agreements, pvext_agreement_keep, subject, key, digest, &traces[1]);
}

/*
 * The names of the purposes that a subject's consent was given to and is no
 * longer in force for; *in_force are those for which it is.
 */
List *
pvext_ended_purposes(PvextTable *subject, const char *key, List **in_force)
{
	static PvextStatement select = {
		"SELECT p.name, s.given AND (s.expires IS NULL OR s.expires > clock_timestamp())"
		" FROM pv.consent_state AS s JOIN pv.purpose AS p ON p.id = s.purpose_id"
		" WHERE s.relation_id = $1 AND s.key = $2 AND p.legal_basis = 'consent'"
		" AND (s.given OR EXISTS (SELECT FROM pv.consent_event AS e"
		"  WHERE e.consent_id = s.id AND e.action = 'given'))", NULL
	};
	PvextArgs	args = {0};
	List	   *ended = NIL;
	uint64		n;

	*in_force = NIL;
	pvext_arg_int4(&args, subject->id);
	pvext_arg_text(&args, key);
	n = pvext_own_kept(&select, &args);
	for (uint64 i = 0; i < n; i++)
	{
		if (pvext_bool(i, 2))
			*in_force = lappend(*in_force, pvext_value(i, 1));
		else
			ended = lappend(ended, pvext_value(i, 1));
	}
	return ended;
}
