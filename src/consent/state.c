/*
 * state.c
 *		Rows of pv.consent_state and pv.consent_event.
 *
 * A consent is recorded in the middle of a web request, and asked for in the
 * middle of a scan: these two tables are read and written here as the server
 * does its catalogs, without a statement.  Nobody's code can run: they have
 * no trigger on INSERT, and no index with an expression or a predicate.
 */
#include "postgres.h"
#include "base/message.h"

#include "access/htup_details.h"
#include "access/table.h"
#include "access/xact.h"
#include "base/event.h"
#include "base/relation.h"
#include "catalog/indexing.h"
#include "commands/sequence.h"
#include "consent/bitmap.h"
#include "consent/state.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

/* The columns of pv.consent_state. */
enum
{
	STATE_ID = 1,
	STATE_RELATION_ID,
	STATE_PURPOSE_ID,
	STATE_KEY,
	STATE_FORMER_KEY,
	STATE_SUBJECT_DIGEST,
	STATE_FORMER_DIGEST,
	STATE_STATE,
	STATE_SINCE,
	STATE_GIVEN,
	STATE_EXPIRES,
	STATE_KEPT_UNTIL,
	STATE_IMPORTED
};

/* Those of pv.consent_event. */
enum
{
	EVENT_ID = 1,
	EVENT_AT,
	EVENT_CONSENT_ID,
	EVENT_RELATION_ID,
	EVENT_PURPOSE_ID,
	EVENT_ACTION,
	EVENT_VERSION,
	EVENT_LANGUAGE,
	EVENT_TEXT_DIGEST,
	EVENT_CHANNEL,
	EVENT_EXPIRES,
	EVENT_LOGIN,
	EVENT_ROLE,
	EVENT_EVIDENCE,
	EVENT_CLAIMED_AT,
	EVENT_SOURCE
};

#define MAX_COLUMNS EVENT_SOURCE

/* A row being made. */
typedef struct Row
{
	Datum		values[MAX_COLUMNS];
	bool		nulls[MAX_COLUMNS];
	bool		replaced[MAX_COLUMNS];
} Row;

/* The next number of a sequence of pv's, whoever calls. */
static int64
next_number(const char *sequence)
{
	return nextval_internal(pvext_own_relation(sequence), false);
}

/*
 * Reading
 */

/*
 * pv.consent_state, opened with a lock of that mode.  The caller closes it, and keeps the
 * lock where it writes.
 */
Relation
pvext_open_states(LOCKMODE mode)
{
	return table_open(pvext_own_relation("consent_state"), mode);
}

/*
 * Look for the states of a purpose among the subjects of a table, or for that
 * of one key, as the snapshot sees them.  Ended by systable_endscan().
 */
SysScanDesc
pvext_scan_states(Relation states, int32 relation_id, int32 purpose_id,
				  const Datum *key, Snapshot snapshot)
{
	ScanKeyData keys[3];
	int			n = 1;

	ScanKeyInit(&keys[0], STATE_RELATION_ID, BTEqualStrategyNumber, F_INT4EQ,
				Int32GetDatum(relation_id));
	if (key)
		ScanKeyInit(&keys[n++], STATE_KEY, BTEqualStrategyNumber, F_TEXTEQ, *key);
	ScanKeyInit(&keys[n++], STATE_PURPOSE_ID, BTEqualStrategyNumber, F_INT4EQ,
				Int32GetDatum(purpose_id));
	return systable_beginscan(states, pvext_own_relation("consent_state_key"), true, snapshot,
							  n, keys);
}

/* The key of a state, a text, which points into its row; null once the subject is erased. */
Datum
pvext_state_key(Relation states, HeapTuple state, bool *isnull)
{
	return heap_getattr(state, STATE_KEY, RelationGetDescr(states), isnull);
}

/* A state's code, and until when its consent is in force. */
static int
code_of(Relation states, HeapTuple state, TimestampTz *expires)
{
	bool		isnull;
	Datum		value;

	if (!DatumGetBool(heap_getattr(state, STATE_GIVEN, RelationGetDescr(states), &isnull)))
		return 0;
	value = heap_getattr(state, STATE_EXPIRES, RelationGetDescr(states), &isnull);
	*expires = isnull ? DT_NOEND : DatumGetTimestampTz(value);
	return isnull ? PVEXT_GIVEN : PVEXT_GIVEN | PVEXT_EXPIRING;
}

/* Is a consent in force now? */
bool
pvext_is_in_force(Relation states, HeapTuple state)
{
	TimestampTz expires;
	int			code = code_of(states, state, &expires);

	return code != 0 && (!(code & PVEXT_EXPIRING) || expires > GetCurrentTimestamp());
}

/*
 * Writing
 */

/* A row of nulls, of which nothing is replaced. */
static void
begin_row(Row *row)
{
	memset(row->nulls, true, sizeof(row->nulls));
	memset(row->replaced, false, sizeof(row->replaced));
}

/* A column's value. */
static void
set(Row *row, int column, Datum value)
{
	row->values[column - 1] = value;
	row->nulls[column - 1] = false;
	row->replaced[column - 1] = true;
}

/* The same of a text; NULL leaves it null. */
static void
set_text(Row *row, int column, const char *value)
{
	if (value)
		set(row, column, CStringGetTextDatum(value));
}

/* The same of bytes. */
static void
set_bytea(Row *row, int column, const bytea *value)
{
	if (value)
		set(row, column, PointerGetDatum(value));
}

/* The state that an entry leads to. */
static void
fill_state(Row *row, const PvextEntry *entry)
{
	bool		given = strcmp(entry->action, "given") == 0;

	begin_row(row);
	set_bytea(row, STATE_SUBJECT_DIGEST, entry->subject_digest);
	set_text(row, STATE_STATE, entry->action);
	set(row, STATE_SINCE, TimestampTzGetDatum(entry->source ? entry->claimed_at : entry->at));
	set(row, STATE_IMPORTED, BoolGetDatum(entry->source != NULL));
	set(row, STATE_GIVEN, BoolGetDatum(given));
	if (given && entry->expires != DT_NOEND)
		set(row, STATE_EXPIRES, TimestampTzGetDatum(entry->expires));
	row->replaced[STATE_EXPIRES - 1] = true;
}

/*
 * A transaction that sees an older state than that of now would see two of
 * them, were it to change it.
 */
static void
check_sees(Relation states, const PvextEntry *entry, const Datum *key, HeapTuple now)
{
	SysScanDesc scan;
	HeapTuple	seen;
	bool		same;

	if (!IsolationUsesXactSnapshot())
		return;
	scan = pvext_scan_states(states, entry->relation_id, entry->purpose_id, key,
							 GetTransactionSnapshot());
	seen = systable_getnext(scan);
	same = now && seen ? ItemPointerEquals(&now->t_self, &seen->t_self) : now == seen;
	systable_endscan(scan);
	if (!same)
		ereport(ERROR,
				(errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
				 errmsg("could not serialize access due to concurrent update"),
				 errhint("Run the transaction again.")));
}

/*
 * What counts among all that was said
 *
 * What was witnessed counts by its place in the ledger, and what was imported by the time
 * that is claimed for it: where that is the same, after what was witnessed, and who refuses
 * counts before who allows.  A request changes nothing, and that a consent has expired is
 * no word of the subject's.  reconcile.c has the same order, as SQL.
 */

/* Is it a no? */
static bool
is_refusal(const char *action)
{
	return strcmp(action, "withdrawn") == 0 || strcmp(action, "objected") == 0;
}

/* Does what is being imported count before what counts until now? */
static bool
counts_before(const PvextEntry *entry, const char *action, TimestampTz since, bool imported)
{
	if (entry->claimed_at != since)
		return entry->claimed_at > since;
	return imported && (is_refusal(entry->action) || !is_refusal(action));
}

/* What counts of a ledger until now, while that is read in its order. */
typedef struct Said
{
	char	   *action;			/* NULL: nothing */
	TimestampTz since;
	bool		imported;
} Said;

/* Look at one event more: it counts before what has been read of the ledger, or does not. */
static void
add_event(Said *said, const PvextEntry *event)
{
	bool		imported = event->source != NULL;

	if (strcmp(event->action, "requested") == 0 || strcmp(event->action, "expired") == 0)
		return;
	if (said->action && imported && !counts_before(event, said->action, said->since, said->imported))
		return;
	if (said->action && !imported && said->imported && said->since > event->at)
		return;
	said->action = pstrdup(event->action);
	said->since = imported ? event->claimed_at : event->at;
	said->imported = imported;
}

/* What of an event tells how it counts; its texts in the current context. */
static void
read_event(Relation events, HeapTuple row, PvextEntry *event)
{
	TupleDesc	desc = RelationGetDescr(events);
	bool		isnull;
	Datum		source = heap_getattr(row, EVENT_SOURCE, desc, &isnull);

	event->source = isnull ? NULL : TextDatumGetCString(source);
	event->action = TextDatumGetCString(heap_getattr(row, EVENT_ACTION, desc, &isnull));
	event->at = DatumGetTimestampTz(heap_getattr(row, EVENT_AT, desc, &isnull));
	event->claimed_at = DatumGetTimestampTz(heap_getattr(row, EVENT_CLAIMED_AT, desc, &isnull));
}

/*
 * Read what the ledger has of a state, in its order: what counts of it, and whether the
 * very entry is there already.
 */
static bool
read_ledger(const PvextEntry *entry, int64 consent_id, Said *said)
{
	Relation	events = table_open(pvext_own_relation("consent_event"), AccessShareLock);
	Snapshot	snapshot = RegisterSnapshot(GetLatestSnapshot());
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	row;
	bool		found = false;

	ScanKeyInit(&key, EVENT_CONSENT_ID, BTEqualStrategyNumber, F_INT8EQ, Int64GetDatum(consent_id));
	scan = systable_beginscan(events, pvext_own_relation("consent_event_consent_id_id_idx"), true, snapshot, 1, &key);
	while ((row = systable_getnext(scan)) != NULL)
	{
		PvextEntry	event = {0};

		read_event(events, row, &event);
		add_event(said, &event);
		found = found || (event.source && strcmp(event.action, entry->action) == 0 &&
						  event.claimed_at == entry->claimed_at && strcmp(event.source, entry->source) == 0);
	}
	systable_endscan(scan);
	UnregisterSnapshot(snapshot);
	table_close(events, AccessShareLock);
	return found;
}

/* The same, where the state does not tell what was said last. */
static bool
counts_in_ledger(const PvextEntry *entry, int64 consent_id)
{
	Said		said = {NULL};

	(void) read_ledger(entry, consent_id, &said);
	return said.action == NULL || counts_before(entry, said.action, said.since, said.imported);
}

/* Has the very entry, which is imported, been made before?  The subject is locked. */
bool
pvext_is_on_record(const PvextEntry *entry)
{
	Relation	states = pvext_open_states(RowExclusiveLock);
	Snapshot	snapshot = RegisterSnapshot(GetLatestSnapshot());
	Datum		key = CStringGetTextDatum(entry->key);
	SysScanDesc scan = pvext_scan_states(states, entry->relation_id, entry->purpose_id, &key, snapshot);
	HeapTuple	state = systable_getnext(scan);
	bool		isnull;
	Said		said = {NULL};
	bool		result = state &&
		read_ledger(entry, DatumGetInt64(heap_getattr(state, STATE_ID, RelationGetDescr(states), &isnull)), &said);

	systable_endscan(scan);
	UnregisterSnapshot(snapshot);
	table_close(states, NoLock);
	return result;
}

/* Does the entry count, whatever was said before? */
static bool
counts(Relation states, HeapTuple state, const PvextEntry *entry, int code, int64 consent_id)
{
	TupleDesc	desc = RelationGetDescr(states);
	bool		isnull;
	char	   *action;

	if (entry->source == NULL)
		return code == 0 || strcmp(entry->action, "requested") != 0;
	action = TextDatumGetCString(heap_getattr(state, STATE_STATE, desc, &isnull));
	if (strcmp(action, "requested") == 0 || strcmp(action, "expired") == 0)
		return counts_in_ledger(entry, consent_id);
	return counts_before(entry, action,
						 DatumGetTimestampTz(heap_getattr(state, STATE_SINCE, desc, &isnull)),
						 DatumGetBool(heap_getattr(state, STATE_IMPORTED, desc, &isnull)));
}

/*
 * Bring the state up to date; false where it stays as it is, for something else counts.
 * *before is its code until now, *id its number.  Since the subject is locked, nobody
 * else is changing it; but who did so before may have committed after this statement's
 * snapshot was taken, so it is read by the latest one.
 */
static bool
write_state(const PvextEntry *entry, int64 *id, int *before)
{
	Relation	states = pvext_open_states(RowExclusiveLock);
	Snapshot	snapshot = RegisterSnapshot(GetLatestSnapshot());
	Datum		key = CStringGetTextDatum(entry->key);
	SysScanDesc scan = pvext_scan_states(states, entry->relation_id, entry->purpose_id,
										 &key, snapshot);
	HeapTuple	old = systable_getnext(scan);
	TimestampTz expires;
	bool		isnull;
	bool		applies = true;
	Row			row;

	*before = 0;
	check_sees(states, entry, &key, old);
	fill_state(&row, entry);
	if (old)
	{
		*id = DatumGetInt64(heap_getattr(old, STATE_ID, RelationGetDescr(states), &isnull));
		*before = code_of(states, old, &expires);
		applies = counts(states, old, entry, *before, *id);
		if (applies)
			CatalogTupleUpdate(states, &old->t_self,
							   heap_modify_tuple(old, RelationGetDescr(states), row.values,
												 row.nulls, row.replaced));
	}
	else
	{
		*id = next_number("consent_state_id_seq");
		set(&row, STATE_ID, Int64GetDatum(*id));
		set(&row, STATE_RELATION_ID, Int32GetDatum(entry->relation_id));
		set(&row, STATE_PURPOSE_ID, Int32GetDatum(entry->purpose_id));
		set(&row, STATE_KEY, key);
		CatalogTupleInsert(states, heap_form_tuple(RelationGetDescr(states), row.values,
												   row.nulls));
	}
	systable_endscan(scan);
	UnregisterSnapshot(snapshot);
	table_close(states, NoLock);	/* the lock stays, as a statement's would */
	return applies;
}

/*
 * Append to the ledger.  What made the change is told by the session, not by the caller:
 * the login, and the role that is the current user.
 */
static void
append_event(const PvextEntry *entry, int64 consent_id)
{
	Relation	events = table_open(pvext_own_relation("consent_event"), RowExclusiveLock);
	Row			row;

	begin_row(&row);
	set(&row, EVENT_ID, Int64GetDatum(next_number("event_id_seq")));
	set(&row, EVENT_AT, TimestampTzGetDatum(entry->at));
	set(&row, EVENT_CONSENT_ID, Int64GetDatum(consent_id));
	set(&row, EVENT_RELATION_ID, Int32GetDatum(entry->relation_id));
	set(&row, EVENT_PURPOSE_ID, Int32GetDatum(entry->purpose_id));
	set_text(&row, EVENT_ACTION, entry->action);
	set_text(&row, EVENT_VERSION, entry->version);
	set_text(&row, EVENT_LANGUAGE, entry->language);
	set_bytea(&row, EVENT_TEXT_DIGEST, entry->text_digest);
	set_text(&row, EVENT_CHANNEL, entry->channel);
	if (entry->expires != DT_NOEND)
		set(&row, EVENT_EXPIRES, TimestampTzGetDatum(entry->expires));
	set_text(&row, EVENT_LOGIN, pvext_login_name());
	set_text(&row, EVENT_ROLE, GetUserNameFromId(GetUserId(), false));
	set_bytea(&row, EVENT_EVIDENCE, entry->evidence);
	if (entry->source)
		set(&row, EVENT_CLAIMED_AT, TimestampTzGetDatum(entry->claimed_at));
	set_text(&row, EVENT_SOURCE, entry->source);
	CatalogTupleInsert(events, heap_form_tuple(RelationGetDescr(events), row.values,
											   row.nulls));
	table_close(events, NoLock);
}

/*
 * Append to the ledger and bring the state up to date, for the current user; false where
 * that stays as it is.  The subject is locked.  *before is the state's code as it was.
 * What is written is visible to the next command; the bits are the caller's to note
 * (pvext_note_code()).
 */
bool
pvext_write_entry(const PvextEntry *entry, int *before)
{
	int64		consent_id;
	bool		applies = write_state(entry, &consent_id, before);

	append_event(entry, consent_id);
	CommandCounterIncrement();
	return applies;
}
