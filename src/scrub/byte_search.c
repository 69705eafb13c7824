/*
 * byte_search.c
 *		Searching the files of the data directory for values: pv.search_bytes().
 *
 * It is the proof of a scrub that depends on nothing that the scrub believes: every
 * file is read, whatever it is.  The values are kept in memory alone.  What has not
 * been written out yet is not seen: a CHECKPOINT comes first.
 */
#include "postgres.h"
#include "base/message.h"

#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arg.h"
#include "base/catalog.h"
#include "catalog/catalog.h"
#include "catalog/pg_class.h"
#include "catalog/pg_tablespace.h"
#include "common/relpath.h"
#include "base/compat.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "scrub/pattern_set.h"
#include "storage/fd.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/tuplestore.h"

#define BLOCK (1024 * 1024)

/* Links are followed, but not for ever. */
#define MAX_DEPTH 16

typedef struct Search
{
	PvextNeedles *needles;
	ReturnSetInfo *result;
	unsigned char *buffer;		/* what may be the beginning of a needle, and a block */
} Search;

PG_FUNCTION_INFO_V1(pvext_search_bytes);

/* What is below a folder of the data directory. */
static const struct
{
	const char *prefix;
	const char *place;
}			places[] =
{
	{"pg_wal/", "WAL"},
	{"pg_replslot/", "replication slot"},
	{"pg_logical/", "logical decoding"},
	{"pg_notify/", "notifications"},
	{"pg_stat_tmp/", "statistics of activity"},
	{"pg_stat/", "statistics of activity"},
	{"pg_twophase/", "prepared transaction"},
	{"pg_dynshmem/", "shared memory"},
	{"log/", "server log"},
	{"pg_log/", "server log"},
};

/*
 * Places
 */

/* What a relation is, and its name. */
static char *
describe_relation(Oid relid, const char *fork)
{
	const char *kind;
	char	   *name = get_rel_name(relid);

	if (name == NULL)
		return NULL;
	switch (get_rel_relkind(relid))
	{
		case RELKIND_INDEX:
			kind = "index";
			break;
		case RELKIND_TOASTVALUE:
			kind = "TOAST table";
			break;
		case RELKIND_MATVIEW:
			kind = "materialized view";
			break;
		case RELKIND_SEQUENCE:
			kind = "sequence";
			break;
		default:
			kind = IsCatalogRelationOid(relid) ? "system catalog" : "table";
	}
	return psprintf("%s %s%s%s", kind, pvext_relation_name(relid), *fork ? ", fork " : "", fork);
}

/* The relation with a file in a tablespace, by the file's name; NULL where there is none. */
static char *
describe_file(Oid tablespace, const char *file)
{
	char	   *end;
	unsigned long number = strtoul(file, &end, 10);
	char		fork[16] = "";
	LOCAL_FCINFO(fcinfo, 2);
	Datum		relid;

	if (end == file || (*end != '\0' && *end != '_' && *end != '.'))
		return NULL;
	if (*end == '_')
		strlcpy(fork, end + 1, Min(sizeof(fork), strcspn(end + 1, ".") + 1));
	InitFunctionCallInfoData(*fcinfo, NULL, 2, InvalidOid, NULL, NULL);
	fcinfo->args[0].value = ObjectIdGetDatum(tablespace);
	fcinfo->args[0].isnull = false;
	fcinfo->args[1].value = ObjectIdGetDatum((Oid) number);
	fcinfo->args[1].isnull = false;
	relid = pg_filenode_relation(fcinfo);
	return fcinfo->isnull ? NULL : describe_relation(DatumGetObjectId(relid), fork);
}

/* A file of a database that others' relations are in, too. */
static char *
describe_database_file(Oid tablespace, Oid database, const char *file)
{
	char	   *place = NULL;

	if (strncmp(file, "pgsql_tmp", 9) == 0)
		return "temporary file";
	if (database == MyDatabaseId || !OidIsValid(database))
		place = describe_file(tablespace, file);
	if (place)
		return place;
	if (database == MyDatabaseId || !OidIsValid(database))
		return "file of no relation";
	return psprintf("database with OID %u", database);
}

/* What kind of file it is, by its path. */
static char *
describe(const char *path)
{
	unsigned int tablespace;
	unsigned int database;
	const char *file = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;

	if (strstr(path, "pgsql_tmp") != NULL)
		return "temporary file";
	if (strncmp(path, "global/", 7) == 0)
		return describe_database_file(GLOBALTABLESPACE_OID, InvalidOid, file);
	if (sscanf(path, "base/%u/", &database) == 1)
		return describe_database_file(0, database, file);
	if (sscanf(path, "pg_tblspc/%u/%*[^/]/%u/", &tablespace, &database) == 2)
		return describe_database_file(tablespace, database, file);
	for (int i = 0; i < lengthof(places); i++)
		if (strncmp(path, places[i].prefix, strlen(places[i].prefix)) == 0)
			return pstrdup(places[i].place);
	return "other";
}

/*
 * Files
 */

/* A row of the result: a file in which needles are, how often, and what it is. */
static void
add_row(Search *search, const char *path, int64 count)
{
	Datum		values[3];
	bool		nulls[3] = {false};

	values[0] = CStringGetTextDatum(path);
	values[1] = CStringGetTextDatum(describe(path));
	values[2] = Int64GetDatum(count);
	tuplestore_putvalues(search->result->setResult, search->result->setDesc, values, nulls);
}

/*
 * A file that cannot be read may hold what is looked for: no result is better than one
 * without it.
 */
static void
raise_unreadable(const char *path)
{
	ereport(ERROR,
			(errcode_for_file_access(),
			 errmsg("could not read file \"%s\": %m", path),
			 errhint("The search has to see every file of the data directory.")));
}

/* A file, block by block; each begins with what may be the beginning of a needle. */
static void
search_file(Search *search, const char *path)
{
	int			fd = OpenTransientFile(path, O_RDONLY | PG_BINARY);
	size_t		overlap = Max(pvext_longest_needle(search->needles) - 1, 0);
	size_t		kept = 0;
	int64		count = 0;
	ssize_t		got;

	if (fd < 0 && errno == ENOENT)
		return;
	if (fd < 0)
		raise_unreadable(path);
	while ((got = read(fd, search->buffer + kept, BLOCK)) > 0)
	{
		size_t		len = kept + got;

		CHECK_FOR_INTERRUPTS();
		count += pvext_count_needles(search->needles, search->buffer, len, kept);
		kept = Min(overlap, len);
		memmove(search->buffer, search->buffer + len - kept, kept);
	}
	if (got < 0)
		raise_unreadable(path);
	CloseTransientFile(fd);
	if (count > 0)
		add_row(search, path, count);
}

/*
 * A folder and what is below it.  What has gone meanwhile has gone; files that others are
 * writing are read as they are.
 */
static void
search_folder(Search *search, const char *path, int depth)
{
	DIR		   *dir = AllocateDir(path);
	struct dirent *entry;

	if (dir == NULL && errno == ENOENT)
		return;
	while ((entry = ReadDir(dir, path)) != NULL)
	{
		char	   *name;
		struct stat st;

		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		name = strcmp(path, ".") == 0 ? pstrdup(entry->d_name) : psprintf("%s/%s", path, entry->d_name);

		/* Follows links: tablespaces are behind some, and pg_wal may be. */
		if (stat(name, &st) == 0)
		{
			if (S_ISDIR(st.st_mode) && depth < MAX_DEPTH)
				search_folder(search, name, depth + 1);
			else if (S_ISREG(st.st_mode))
				search_file(search, name);
		}
		else if (errno != ENOENT)
			raise_unreadable(name);
		pfree(name);
	}
	FreeDir(dir);
}

/* pv.search_bytes(): the server's current folder is the data directory. */
Datum
pvext_search_bytes(PG_FUNCTION_ARGS)
{
	Search		search = {NULL};
	List	   *texts;
	ListCell   *lc;

	if (!superuser())
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("must be superuser to search the data directory"),
				 errhint("It holds what others may not see.")));
	texts = pvext_texts_arg(fcinfo, 0, "needles");
	foreach(lc, texts)
		if (strlen(lfirst(lc)) < 2)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("argument \"needles\" holds a value shorter than two bytes"),
					 errhint("It would be found everywhere: leave it out.")));
	InitMaterializedSRF(fcinfo, 0);
	search.result = (ReturnSetInfo *) fcinfo->resultinfo;
	search.needles = pvext_prepare_needles(texts);
	search.buffer = palloc0(BLOCK + pvext_longest_needle(search.needles) + sizeof(uint32));
	search_folder(&search, ".", 0);
	return (Datum) 0;
}
