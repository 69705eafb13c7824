/*
 * surrogate_key.c
 *		Keys that say nothing of a person.
 *
 * When a row is deleted with its person, its values go from the audit log, and its
 * key is one of them: it may be an e-mail address, a telephone number, the name of a
 * file.  What stays is what the server or nobody's thought has made (an identity, a number of
 * a sequence, a uuid), a subject's key that is not personal, and what refers to one
 * of these by a link: by them the records are found later.
 */
#include "postgres.h"
#include "base/message.h"

#include "base/catalog.h"
#include "base/result.h"
#include "catalog/pg_type.h"
#include "map/surrogate_key.h"

/* Links lead no further than this; they may go in a circle. */
#define LONGEST_CHAIN 32

/* Is the column declared to be personal? */
static bool
is_personal(PvextTable *table, const char *column)
{
	ListCell   *lc;

	foreach(lc, table->columns)
		if (strcmp(((PvextColumn *) lfirst(lc))->name, column) == 0)
			return true;
	return false;
}

/*
 * Does what a column holds come from nobody: *is_made; and would it, as a subject's
 * key: a number, or looked at and found to identify nobody.
 */
static bool
is_made(PvextTable *table, const char *column, bool *is_number)
{
	static PvextStatement find = {
		"SELECT a.attidentity <> '' OR t.type = 'uuid'::regtype"
		"  OR EXISTS (SELECT FROM pg_attrdef AS d JOIN pg_depend AS p ON p.classid = 'pg_attrdef'::regclass"
		"   AND p.objid = d.oid AND p.refclassid = 'pg_class'::regclass"
		"   JOIN pg_class AS s ON s.oid = p.refobjid AND s.relkind = 'S'"
		"   WHERE d.adrelid = a.attrelid AND d.adnum = a.attnum),"
		" t.type IN ('smallint'::regtype, 'integer'::regtype, 'bigint'::regtype)"
		"  OR EXISTS (SELECT FROM pv.not_personal AS n WHERE n.relation_id = $2 AND n.column_name = a.attname)"
		" FROM pg_attribute AS a JOIN pg_type AS y ON y.oid = a.atttypid"
		" CROSS JOIN LATERAL (SELECT coalesce(nullif(y.typbasetype, 0), y.oid)) AS t(type)"
		" WHERE a.attrelid = $1 AND a.attname = $3 AND NOT a.attisdropped", NULL
	};
	PvextArgs	args = {0};

	*is_number = false;
	pvext_arg_oid(&args, OIDOID, table->relid);
	pvext_arg_int4(&args, table->id);
	pvext_arg_name(&args, column);
	if (pvext_own_kept(&find, &args) == 0)
		return false;
	*is_number = pvext_bool(0, 2);
	return pvext_bool(0, 1);
}

/*
 * Does the server make the column's values, is it a subject's key that is a number, or
 * does it repeat such a key by links?  None that is personal is.
 */
static bool
is_surrogate(PvextTable *table, const char *column, int chain)
{
	bool		is_number;
	ListCell   *lc;
	ListCell   *own;
	ListCell   *parent;

	if (chain > LONGEST_CHAIN || is_personal(table, column))
		return false;
	if (is_made(table, column, &is_number) ||
		(table->is_subject && is_number && pvext_has_name(table->key, column)))
		return true;
	foreach(lc, table->links)
	{
		PvextLink  *link = lfirst(lc);

		forboth(own, link->value ? NIL : link->columns, parent, link->shared ? NIL : link->parent_columns)
			if (strcmp(lfirst(own), column) == 0 &&
				is_surrogate(link->parent, lfirst(parent), chain + 1))
				return true;
	}
	return false;
}

/*
 * Does a column of a key, or of a link, hold what says nothing of a person?  Between
 * pvext_enter() and pvext_leave().
 */
bool
pvext_is_surrogate(PvextTable *table, const char *column)
{
	return is_surrogate(table, column, 0);
}
