/*
 * collect.c
 *		Keys of subjects, collected from the rows that a statement returns.
 *
 * carry.c has made them columns of the statement that nobody gets to see, or has
 * put them aside, as columns of the table that is scanned.  They are read as the
 * topmost node of the plan hands over each row, before the executor takes them out,
 * until there are as many different ones as pvext.audit_read_keys says.
 */
#include "postgres.h"
#include "message.h"

#include "carry.h"
#include "catalog/pg_type.h"
#include "collect.h"
#include "executor/executor.h"
#include "guc.h"
#include "lib/stringinfo.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/fmgrprotos.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"

/* The columns that hold a key. */
typedef struct Carried
{
	PvextCarried key;
	bool		any;			/* of the row before */
	Datum		before;			/* of a key of one integer */
	AttrNumber	attnums[FLEXIBLE_ARRAY_MEMBER];
} Carried;

static PvextCollector *collectors = NULL;

/*
 * Keys as text
 */

/*
 * A value of a type that carry.c lets through.  By itself a character value is
 * without the blanks at its end, as when it is cast to text.
 */
static char *
value_text(Oid type, Datum value, bool alone)
{
	if (type == BPCHAROID && alone)
		value = DirectFunctionCall1(rtrim1, value);
	switch (type)
	{
		case INT2OID:
			return DatumGetCString(DirectFunctionCall1(int2out, value));
		case INT4OID:
			return DatumGetCString(DirectFunctionCall1(int4out, value));
		case INT8OID:
			return DatumGetCString(DirectFunctionCall1(int8out, value));
		case NUMERICOID:
			return DatumGetCString(DirectFunctionCall1(numeric_out, value));
		case UUIDOID:
			return DatumGetCString(DirectFunctionCall1(uuid_out, value));
		case NAMEOID:
			return pstrdup(NameStr(*DatumGetName(value)));
		default:				/* text, varchar, character */
			return TextDatumGetCString(value);
	}
}

/* A part of a row literal, quoted as record_out() does. */
static void
append_part(StringInfo buf, const char *text)
{
	bool		quote = text[0] == '\0';

	for (const char *p = text; *p; p++)
		quote = quote || strchr("\"\\(),", *p) || isspace((unsigned char) *p);
	if (quote)
		appendStringInfoChar(buf, '"');
	for (const char *p = text; *p; p++)
	{
		if (*p == '"' || *p == '\\')
			appendStringInfoChar(buf, *p);
		appendStringInfoChar(buf, *p);
	}
	if (quote)
		appendStringInfoChar(buf, '"');
}

/* The key in a row as text; NULL where a part of it is null. */
static char *
key_text(const Carried *carried, TupleTableSlot *slot)
{
	StringInfoData buf;

	initStringInfo(&buf);
	for (int i = 0; i < carried->key.parts; i++)
	{
		AttrNumber	attnum = carried->attnums[i];
		Oid			type = getBaseType(TupleDescAttr(slot->tts_tupleDescriptor,
													 attnum - 1)->atttypid);
		bool		isnull;
		Datum		value = slot_getattr(slot, attnum, &isnull);

		if (isnull)
			return NULL;
		if (carried->key.parts == 1)
			return value_text(type, value, true);
		appendStringInfoChar(&buf, i == 0 ? '(' : ',');
		append_part(&buf, value_text(type, value, false));
	}
	appendStringInfoChar(&buf, ')');
	return buf.data;
}

/*
 * Collecting
 */

static void
add_key(PvextCollector *collector, const Carried *carried, const char *key)
{
	PvextFoundKey *found;
	ListCell   *lc;
	MemoryContext old;

	foreach(lc, collector->found)
	{
		found = lfirst(lc);
		if (found->subject_id == carried->key.subject_id &&
			found->relation_id == carried->key.relation_id && strcmp(found->key, key) == 0)
			return;
	}
	old = MemoryContextSwitchTo(collector->context);
	found = palloc(offsetof(PvextFoundKey, key) + strlen(key) + 1);
	found->relation_id = carried->key.relation_id;
	found->subject_id = carried->key.subject_id;
	strcpy(found->key, key);
	collector->found = lappend(collector->found, found);
	MemoryContextSwitchTo(old);
}

/*
 * A key of one integer, of so many bytes: mostly there is nothing else.  The same as in
 * the row before has been found.
 */
static void
note_integer(PvextCollector *collector, Carried *carried, TupleTableSlot *slot, int size)
{
	char		text[MAXINT8LEN + 1];
	bool		isnull;
	Datum		value = slot_getattr(slot, carried->attnums[0], &isnull);

	if (isnull || (carried->any && value == carried->before))
		return;
	carried->before = value;
	carried->any = true;
	pg_lltoa(size == sizeof(int16) ? DatumGetInt16(value) :
			 size == sizeof(int32) ? DatumGetInt32(value) : DatumGetInt64(value), text);
	add_key(collector, carried, text);
}

static void
note_text(PvextCollector *collector, const Carried *carried, TupleTableSlot *slot,
		  MemoryContext row_context)
{
	MemoryContext old = MemoryContextSwitchTo(row_context);
	char	   *key = key_text(carried, slot);

	if (key)
		add_key(collector, carried, key);
	MemoryContextSwitchTo(old);
}

static PvextCollector *
find_collector(PlanState *top)
{
	for (PvextCollector *collector = collectors; collector; collector = collector->outer)
		if (collector->top == top)
			return collector;
	elog(ERROR, "pvext does not collect of this statement");
	return NULL;				/* not reached */
}

/* From now on the node does what it did before. */
static void
let_go(PvextCollector *collector)
{
	PlanState  *top = collector->top;

	if (top->ExecProcNode == top->ExecProcNodeReal)
		top->ExecProcNode = collector->next;
	top->ExecProcNodeReal = collector->next;
	pvext_end_collecting(collector);
}

/* The top node's next row, with its keys noted. */
static TupleTableSlot *
next_row(PlanState *top)
{
	PvextCollector *collector = find_collector(top);
	TupleTableSlot *slot = collector->next(top);
	TupleTableSlot *keys = collector->scans ? ((ScanState *) top)->ss_ScanTupleSlot : slot;
	ListCell   *lc;

	if (TupIsNull(slot))
		return slot;
	foreach(lc, collector->carried)
	{
		Carried    *carried = lfirst(lc);
		Form_pg_attribute first = TupleDescAttr(keys->tts_tupleDescriptor, carried->attnums[0] - 1);

		/* Of the types that carry.c lets through, only integers are passed by value. */
		if (carried->key.parts == 1 && first->attbyval)
			note_integer(collector, carried, keys, first->attlen);
		else
			note_text(collector, carried, keys, GetPerTupleMemoryContext(top->state));
		if (list_length(collector->found) < pvext_audit_read_keys)
			continue;
		let_go(collector);
		break;
	}
	return slot;
}

/* Which columns hold keys, by the entries of a plan or those that have been put aside? */
static List *
find_carried(List *entries, bool aside)
{
	List	   *result = NIL;
	Carried    *carried = NULL;
	ListCell   *lc;

	foreach(lc, entries)
	{
		TargetEntry *entry = lfirst(lc);
		PvextCarried key;

		if (!pvext_is_carried(entry, &key))
			continue;
		if (key.part == 0)
		{
			carried = palloc0(offsetof(Carried, attnums) + sizeof(AttrNumber) * key.parts);
			carried->key = key;
			result = lappend(result, carried);
		}
		carried->attnums[key.part] = aside ? ((Var *) entry->expr)->varattno : entry->resno;
	}
	return result;
}

/*
 * The statement has started: collect the keys that it carries, in the current
 * context, which is to last as long as the statement.
 */
void
pvext_begin_collecting(PvextCollector *collector, QueryDesc *query)
{
	List	   *aside;

	memset(collector, 0, sizeof(*collector));
	if (query->operation != CMD_SELECT || pvext_audit_read_keys == 0)
		return;
	aside = pvext_keys_aside(query->plannedstmt);
	collector->scans = aside != NIL;
	collector->carried = aside ? find_carried(aside, true) :
		find_carried(query->plannedstmt->planTree->targetlist, false);
	if (collector->carried == NIL)
		return;
	collector->context = CurrentMemoryContext;
	collector->top = query->planstate;
	collector->next = query->planstate->ExecProcNodeReal;
	query->planstate->ExecProcNodeReal = next_row;
	collector->outer = collectors;
	collectors = collector;
}

/* Nothing more is collected; what has been found stays. */
void
pvext_end_collecting(PvextCollector *collector)
{
	for (PvextCollector **link = &collectors; *link; link = &(*link)->outer)
		if (*link == collector)
		{
			*link = collector->outer;
			break;
		}
	collector->top = NULL;
}
