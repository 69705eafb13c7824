/*
 * reading.c
 *		What a statement has read, as it goes from the reader to the audit log.
 *
 * A reading is bytes without pointers, made by the session that reads and put
 * into the queue as it is.  It holds all that will be said of it, also names,
 * which may be others by then: whoever takes it writes it into the audit log,
 * or as a line of JSON into the server's log, without having to ask.
 *
 * The server's log cannot be redacted when somebody is erased, so keys are left
 * out of it.
 */
#include "postgres.h"
#include "base/message.h"

#include "access/xact.h"
#include "audit/log_writer.h"
#include "base/session_claim.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "reads/reading.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/guc.h"
#include "utils/inval.h"
#include "utils/json.h"
#include "utils/memutils.h"
#include "utils/syscache.h"
#include "utils/timestamp.h"

/* As much as is kept of what a session claims; names are no longer. */
#define LONGEST_CLAIM 200

static const char *const way_names[] = {"view", "function", "copy", "cursor", "prepared", "compared",
	"error", "command"};

/*
 * Who reads
 */

/* A role's name, kept since it is asked for by each statement. */
typedef struct Role
{
	Oid			oid;
	char		name[NAMEDATALEN];
} Role;

static Role login_role = {InvalidOid};
static Role current_role = {InvalidOid};

/* No look at a catalog: names are asked for anew when they are next needed. */
static void
role_changed(Datum arg, int cacheid, uint32 hashvalue)
{
	login_role.oid = InvalidOid;
	current_role.oid = InvalidOid;
}

/* A role's name, kept from one reading to the next; "" where it cannot be looked up. */
static const char *
role_name(Role *role, Oid oid)
{
	static bool watching = false;
	char	   *name;

	if (likely(role->oid == oid))
		return role->name;
	if (!IsTransactionState())
		return "";
	if (!watching)
		CacheRegisterSyscacheCallback(AUTHOID, role_changed, (Datum) 0);
	watching = true;
	name = GetUserNameFromId(oid, true);
	strlcpy(role->name, name ? name : "", NAMEDATALEN);
	role->oid = oid;
	return role->name;
}

/*
 * Making
 */

/* A string with its end. */
static void
add_string(StringInfo buf, const char *string)
{
	appendBinaryStringInfo(buf, string, strlen(string) + 1);
}

/* A claim as text of the database's encoding, with its end. */
static void
add_claim(StringInfo buf, const char *claim)
{
	char		clean[LONGEST_CLAIM];

	if (claim && claim[0])
		appendBinaryStringInfo(buf, clean, pvext_clean_claim(claim, clean, LONGEST_CLAIM));
	appendStringInfoChar(buf, '\0');
}

/* Begin a reading by the current user, now; the buffer is empty. */
void
pvext_begin_reading(StringInfo buf)
{
	PvextReading reading = {0};
	const char *client = pvext_client_address();

	reading.database = MyDatabaseId;
	reading.at = GetCurrentTimestamp();
	reading.rows = PVEXT_ROWS_UNKNOWN;
	appendBinaryStringInfo(buf, (char *) &reading, sizeof(reading));
	add_claim(buf, role_name(&login_role, GetSessionUserId()));
	add_claim(buf, role_name(&current_role, GetUserId()));
	add_claim(buf, pvext_application());
	add_string(buf, client ? client : "");
	add_claim(buf, pvext_claimed_actor());
	add_claim(buf, pvext_claimed_purpose());
}

/* Add a table, then its columns, then pvext_end_table(). */
void
pvext_add_table(StringInfo buf, int32 relation_id, const char *relation, bool view)
{
	appendBinaryStringInfo(buf, (char *) &relation_id, sizeof(relation_id));
	appendStringInfoChar(buf, view);
	add_string(buf, relation);
}

/* Add the name of a column to the table that was added last. */
void
pvext_add_column(StringInfo buf, const char *name)
{
	add_string(buf, name);
}

/* After the columns, of which none has an empty name. */
void
pvext_end_table(StringInfo buf)
{
	appendStringInfoChar(buf, '\0');
	pvext_reading(buf)->ntables++;
}

/* Add, after the tables, a key of a subject that a row of a table belongs to. */
void
pvext_add_key(StringInfo buf, int32 relation_id, int32 subject_id, const char *key)
{
	appendBinaryStringInfo(buf, (char *) &relation_id, sizeof(relation_id));
	appendBinaryStringInfo(buf, (char *) &subject_id, sizeof(subject_id));
	add_string(buf, key);
	pvext_reading(buf)->nkeys++;
	pvext_reading(buf)->size = buf->len;
}

/*
 * Reading them.  Whatever bytes there are, no more of them are read than there are.
 */

/* What is left of a reading. */
typedef struct Rest
{
	const char *next;
	const char *end;
	bool		broken;			/* it ended too early: what follows is empty */
} Rest;

/* The next bytes; NULL where there are not so many. */
static const char *
next_bytes(Rest *rest, Size size)
{
	const char *bytes = rest->next;

	if (rest->broken || size > (Size) (rest->end - bytes))
	{
		rest->broken = true;
		return NULL;
	}
	rest->next += size;
	return bytes;
}

/* The next string; empty where there is none that ends. */
static const char *
next_string(Rest *rest)
{
	const char *end = rest->broken ? NULL : memchr(rest->next, '\0', rest->end - rest->next);
	const char *string = next_bytes(rest, end ? end - rest->next + 1 : SIZE_MAX);

	return string ? string : "";
}

/* The next number; 0 where there is none. */
static int32
next_number(Rest *rest)
{
	int32		number = 0;
	const char *bytes = next_bytes(rest, sizeof(number));

	if (bytes)
		memcpy(&number, bytes, sizeof(number));
	return number;
}

/* A table of a reading. */
typedef struct Table
{
	int32		relation_id;
	const char *relation;
	bool		view;
	List	   *columns;
} Table;

/* The next table, with its columns' names, which stay where they are. */
static void
next_table(Rest *rest, Table *table)
{
	const char *column;
	const char *view;

	table->relation_id = next_number(rest);
	view = next_bytes(rest, 1);
	table->view = view && *view != 0;
	table->relation = next_string(rest);
	table->columns = NIL;
	while ((column = next_string(rest))[0])
		table->columns = lappend(table->columns, unconstify(char *, column));
}

/* Begin with who it was; the tables are next. */
static Rest
begin_strings(const PvextReading *reading, PvextWho *who, const char **purpose)
{
	Rest		rest = {(const char *) (reading + 1), (const char *) reading + reading->size};

	rest.broken = reading->size < sizeof(*reading);
	who->login = next_string(&rest);
	who->role = next_string(&rest);
	who->application = next_string(&rest);
	who->client = next_string(&rest);
	who->actor = next_string(&rest);
	*purpose = next_string(&rest);
	return rest;
}

/* Can all of it be read?  Its strings are then where they are said to be. */
static bool
is_whole(const PvextReading *reading)
{
	PvextWho	who;
	const char *purpose;
	Rest		rest = begin_strings(reading, &who, &purpose);

	for (int i = 0; i < reading->ntables && !rest.broken; i++)
	{
		Table		table;

		next_table(&rest, &table);
		list_free(table.columns);
	}
	for (int i = 0; i < reading->nkeys && !rest.broken; i++)
	{
		(void) next_number(&rest);
		(void) next_number(&rest);
		(void) next_string(&rest);
	}
	return !rest.broken;
}

/* How the statement came to the rows, in words. */
static List *
way_list(const PvextReading *reading, bool view)
{
	int			ways = reading->ways | (view ? PVEXT_BY_VIEW : 0);
	List	   *names = NIL;

	for (int i = 0; i < lengthof(way_names); i++)
		if (ways & (1 << i))
			names = lappend(names, unconstify(char *, way_names[i]));
	return names;
}

/*
 * Into the audit log
 */

static PvextItem item;

/* Add a text to the item, unless it is empty. */
static void
put(uint32 column, const char *value)
{
	if (value[0])
		pvext_put_value(&item, PVEXT_SAME, column, value, strlen(value));
}

/* A list of C strings, none of them long, as the text of an array. */
static void
put_list(uint32 column, List *strings)
{
	Datum	   *elements = palloc(sizeof(Datum) * Max(list_length(strings), 1));
	ListCell   *lc;
	int			n = 0;

	if (strings == NIL)
		return;
	foreach(lc, strings)
		elements[n++] = CStringGetTextDatum(lfirst(lc));
	put(column,
		OidOutputFunctionCall(F_ARRAY_OUT,
							  PointerGetDatum(construct_array(elements, n, TEXTOID, -1, false,
															  TYPALIGN_INT))));
}

/* The keys of one of the tables. */
static void
put_keys(const PvextReading *reading, Rest rest, int32 relation_id)
{
	for (int i = 0; i < reading->nkeys; i++)
	{
		int32		of = next_number(&rest);
		int32		subject_id = next_number(&rest);
		const char *key = next_string(&rest);

		if (of == relation_id)
			pvext_put_value(&item, PVEXT_SAME, PVEXT_READ_KEY + subject_id, key, strlen(key));
	}
}

/* Begin the item of a table: all but keys. */
static void
write_table(const PvextReading *reading, const PvextWho *who, const char *purpose,
			const Table *table)
{
	pvext_begin_seeded_item(&item, PVEXT_ITEM_READ, 0);
	put(PVEXT_READ_STATEMENT, psprintf(INT64_FORMAT, reading->statement));
	put(PVEXT_READ_RELATION, psprintf("%d", table->relation_id));
	put_list(PVEXT_READ_COLUMNS, table->columns);
	put(PVEXT_READ_PURPOSE, purpose);
	if (reading->rows != PVEXT_ROWS_UNKNOWN)
		put(PVEXT_READ_ROWS, psprintf(INT64_FORMAT, reading->rows));
	put_list(PVEXT_READ_WAYS, way_list(reading, table->view));
	if (reading->refused)
		put(PVEXT_READ_REFUSED, "t");
	if (reading->query_id != 0)
		put(PVEXT_READ_QUERY, psprintf(INT64_FORMAT, reading->query_id));
}

/*
 * Write a reading into the audit log: an item for each of its tables.  One that cannot
 * be read to its end goes to the server's log, as far as it can.
 */
void
pvext_write_reading(const PvextReading *reading)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "pvext reading",
												  ALLOCSET_SMALL_SIZES);
	MemoryContext old = MemoryContextSwitchTo(context);
	PvextWho	who;
	const char *purpose;
	Rest		rest = begin_strings(reading, &who, &purpose);
	int			ntables = is_whole(reading) ? reading->ntables : 0;
	Table	   *tables = palloc(sizeof(Table) * Max(ntables, 1));

	if (ntables == 0)
		pvext_log_reading(reading);
	for (int i = 0; i < ntables; i++)
		next_table(&rest, &tables[i]);
	for (int i = 0; i < ntables; i++)
	{
		write_table(reading, &who, purpose, &tables[i]);
		put_keys(reading, rest, tables[i].relation_id);
		pvext_append_read(&item, reading->at, &who);
	}
	MemoryContextSwitchTo(old);
	MemoryContextDelete(context);
}

/*
 * Into the server's log
 */

/* A member of an object, unless it is empty. */
static void
json_string(StringInfo buf, const char *name, const char *value)
{
	if (value[0] == '\0')
		return;
	appendStringInfo(buf, ",\"%s\":", name);
	escape_json(buf, value);
}

/* A member that is a list. */
static void
json_list(StringInfo buf, const char *name, List *strings)
{
	ListCell   *lc;

	appendStringInfo(buf, ",\"%s\":[", name);
	foreach(lc, strings)
	{
		if (lc != list_head(strings))
			appendStringInfoChar(buf, ',');
		escape_json(buf, lfirst(lc));
	}
	appendStringInfoChar(buf, ']');
}

/* A table; views are said of the whole reading. */
static void
json_table(StringInfo buf, const Table *table, bool first)
{
	appendStringInfo(buf, "%s{\"relation\":", first ? "" : ",");
	escape_json(buf, table->relation);
	json_list(buf, "columns", table->columns);
	appendStringInfoChar(buf, '}');
}

/*
 * One line of JSON, of what cannot be read to its end as far as it can.  Neither a
 * transaction nor a catalog is needed.
 */
void
pvext_log_reading(const PvextReading *reading)
{
	StringInfoData buf;
	PvextWho	who;
	const char *purpose;
	Rest		rest = begin_strings(reading, &who, &purpose);
	bool		view = false;

	initStringInfo(&buf);
	appendStringInfo(&buf, "{\"statement\":" INT64_FORMAT ",\"at\":", reading->statement);
	escape_json(&buf, timestamptz_to_str(reading->at));
	appendStringInfo(&buf, ",\"database\":%u", reading->database);
	json_string(&buf, "login", who.login);
	json_string(&buf, "role", who.role);
	json_string(&buf, "application", who.application);
	json_string(&buf, "client", who.client);
	json_string(&buf, "actor", who.actor);
	json_string(&buf, "purpose", purpose);
	appendStringInfoString(&buf, ",\"tables\":[");
	for (int i = 0; i < reading->ntables && !rest.broken; i++)
	{
		Table		table;

		next_table(&rest, &table);
		json_table(&buf, &table, i == 0);
		view = view || table.view;
		list_free(table.columns);
	}
	appendStringInfoChar(&buf, ']');
	if (reading->rows != PVEXT_ROWS_UNKNOWN)
		appendStringInfo(&buf, ",\"rows\":" INT64_FORMAT, reading->rows);
	if (reading->query_id != 0)
		appendStringInfo(&buf, ",\"queryid\":" INT64_FORMAT, reading->query_id);
	json_list(&buf, "ways", way_list(reading, view));
	appendStringInfo(&buf, ",\"refused\":%s", reading->refused ? "true" : "false");
	if (!is_whole(reading))
		appendStringInfoString(&buf, ",\"broken\":true");
	appendStringInfoChar(&buf, '}');
	ereport(LOG_SERVER_ONLY,
			(errmsg_internal("pvext read: %s", buf.data),
			 errhidestmt(true), errhidecontext(true)));
	pfree(buf.data);
}
