/*
 * key_column.c
 *		Columns that others follow, and those that follow.
 *
 * When a key that identifies is replaced, every column that holds it must get
 * the new value in the same statement: those of declared links, and those of
 * foreign keys.  Such a column leads.  A column that a link of its own table
 * goes by follows, and is never replaced by itself.
 */
#include "postgres.h"
#include "base/message.h"

#include "base/result.h"
#include "map/key_column.h"
#include "map/link_match.h"
#include "nodes/parsenodes.h"

/*
 * A foreign key to the column must let it follow: by itself (ON UPDATE
 * CASCADE), or by pvext within the same statement, which needs a link and one
 * owner of both tables.
 */
static void
check_foreign_key(Oid relid, int32 id, const char *column, PvextForeignKey *fk)
{
	const char *hint = NULL;

	if (fk->on_update == FKCONSTR_ACTION_CASCADE)
		return;
	if (fk->on_update != FKCONSTR_ACTION_NOACTION)
		hint = "Make the foreign key ON UPDATE CASCADE, or ON UPDATE NO ACTION and declare a link.";
	else if (!pvext_is_linked(fk, id, false))
		hint = "Declare a link with the columns of the foreign key, or make it ON UPDATE CASCADE.";
	else if (pvext_owner(fk->relid) != pvext_owner(relid))
		hint = "Give both tables the same owner, or make the foreign key ON UPDATE CASCADE.";
	if (hint)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("column \"%s\" of table %s cannot be replaced", column,
						pvext_relation_name(relid)),
				 errdetail("Foreign key \"%s\" of table %s refers to it and would not follow.",
						   fk->name, pvext_relation_name(fk->relid)),
				 errhint("%s", hint)));
}

/* Linked tables that no foreign key holds in step need the same owner. */
static void
check_links(Oid relid, int32 id, const char *column, List *foreign_keys)
{
	PvextArgs	args = {0};
	uint64		n;
	SPITupleTable *rows;

	pvext_arg_int4(&args, id);
	pvext_arg_text(&args, column);
	n = pvext_own("SELECT r.relation::oid, l.name, l.columns, l.parent_columns FROM pv.declared_link l"
				  " JOIN pv.relation r ON r.id = l.relation_id"
				  " WHERE l.parent_id = $1 AND $2::name = ANY (l.parent_columns) AND l.shared IS NULL"
				  " AND r.relation IS NOT NULL AND l.expression IS NULL", &args);
	rows = SPI_tuptable;
	for (uint64 i = 0; i < n; i++)
	{
		Oid			child;
		bool		cascades = false;
		ListCell   *lc;

		SPI_tuptable = rows;
		child = (Oid) pvext_int(i, 1);
		foreach(lc, foreign_keys)
		{
			PvextForeignKey *fk = lfirst(lc);

			if (fk->on_update == FKCONSTR_ACTION_CASCADE &&
				pvext_is_key_of(fk, child, pvext_names(i, 3), pvext_names(i, 4)))
				cascades = true;
		}

		/* Both are replaced by one statement, which runs as one role. */
		if (!cascades && pvext_owner(child) != pvext_owner(relid))
			ereport(ERROR,
					(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
					 errmsg("column \"%s\" of table %s cannot be replaced", column,
							pvext_relation_name(relid)),
					 errdetail("Link \"%s\" of table %s leads to it, and the tables have different owners.",
							   pvext_value(i, 2), pvext_relation_name(child)),
					 errhint("Give both tables the same owner, or make the link a foreign key that is ON UPDATE CASCADE.")));
	}
}

/*
 * Do others hold the column's values, or does it name a subject?  Raises where they could
 * not follow when it is replaced.  Between pvext_enter() and pvext_leave().
 */
bool
pvext_column_leads(Oid relid, int32 id, const char *column)
{
	PvextArgs	args = {0};
	List	   *foreign_keys = pvext_foreign_keys_to(relid);
	bool		leads;
	ListCell   *lc;

	pvext_arg_int4(&args, id);
	pvext_arg_text(&args, column);
	leads = pvext_own("SELECT FROM pv.declared_link"
					  " WHERE parent_id = $1 AND $2::name = ANY (parent_columns) AND shared IS NULL"
					  " UNION ALL SELECT FROM pv.declared_subject"
					  " WHERE relation_id = $1 AND $2::name = ANY (key)", &args) > 0;
	foreach(lc, foreign_keys)
	{
		PvextForeignKey *fk = lfirst(lc);

		if (!pvext_has_name(fk->parent_columns, column))
			continue;
		leads = true;
		check_foreign_key(relid, id, column, fk);
	}
	if (leads)
		check_links(relid, id, column, foreign_keys);
	return leads;
}

/*
 * Does the column follow another one, being what a link of its table goes by?  Then its
 * strategy is that of the parent's column, which must be personal.  Between pvext_enter()
 * and pvext_leave().
 */
bool
pvext_column_follows(int32 id, const char *column, const char **strategy,
					 char **argument)
{
	PvextArgs	args = {0};

	pvext_arg_int4(&args, id);
	pvext_arg_text(&args, column);
	if (pvext_own("SELECT l.name, r.relation::oid, k.parent_column, p.strategy, p.argument"
				  " FROM pv.declared_link l JOIN pv.relation r ON r.id = l.parent_id"
				  " CROSS JOIN LATERAL unnest(l.columns, l.parent_columns) AS k (own_column, parent_column)"
				  " LEFT JOIN pv.declared_personal p ON p.relation_id = l.parent_id"
				  "  AND p.column_name = k.parent_column"
				  " WHERE l.relation_id = $1 AND k.own_column = $2::name AND l.expression IS NULL AND l.shared IS NULL"
				  " ORDER BY p.strategy IS NOT NULL DESC, l.name LIMIT 1", &args) == 0)
		return false;
	*strategy = pvext_value(0, 4);
	*argument = pvext_value(0, 5);
	if (*strategy == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("column \"%s\" is what link \"%s\" goes by", column, pvext_value(0, 1)),
				 errhint("Declare column \"%s\" of table %s personal if it identifies: linked columns follow it.",
						 pvext_value(0, 3),
						 pvext_int(0, 2) ? pvext_relation_name((Oid) pvext_int(0, 2)) : "that was dropped")));
	return true;
}

/*
 * Give the columns that follow, at any depth, the strategy that now is theirs.  Between
 * pvext_enter() and pvext_leave().
 */
void
pvext_update_followers(int32 id, const char *column, const char *strategy,
					   const char *argument)
{
	PvextArgs	args = {0};

	pvext_arg_int4(&args, id);
	pvext_arg_name(&args, column);
	pvext_arg_text(&args, strategy);
	pvext_arg_text(&args, argument);
	(void) pvext_own("WITH RECURSIVE follower (relation_id, column_name) AS ("
					 " SELECT $1, $2 UNION"
					 " SELECT l.relation_id, k.own_column FROM follower f"
					 " JOIN pv.declared_link l ON l.parent_id = f.relation_id AND l.expression IS NULL AND l.shared IS NULL"
					 " CROSS JOIN LATERAL unnest(l.columns, l.parent_columns) AS k (own_column, parent_column)"
					 " WHERE k.parent_column = f.column_name)"
					 " UPDATE pv.declared_personal p SET strategy = $3, argument = $4,"
					 " erase_with = CASE p.erase_with WHEN 'auto' THEN 'auto' ELSE $3 END"
					 " FROM follower f WHERE p.relation_id = f.relation_id"
					 " AND p.column_name = f.column_name AND (p.relation_id, p.column_name) <> ($1, $2)"
					 " AND (p.strategy, p.argument) IS DISTINCT FROM ($3, $4)", &args);
}

/*
 * Raise where another declared column follows the one to be undeclared.  Between
 * pvext_enter() and pvext_leave().
 */
void
pvext_refuse_followed(Oid relid, int32 id, const char *column)
{
	PvextArgs	args = {0};

	pvext_arg_int4(&args, id);
	pvext_arg_text(&args, column);
	if (pvext_own("SELECT p.column_name, coalesce(r.relation::text, r.name::text)"
				  " FROM pv.declared_link l,"
				  " LATERAL unnest(l.columns, l.parent_columns) AS k (own_column, parent_column),"
				  " pv.declared_personal p, pv.relation r"
				  " WHERE l.parent_id = $1 AND k.parent_column = $2::name AND l.relation_id <> $1 AND l.expression IS NULL AND l.shared IS NULL"
				  " AND p.relation_id = l.relation_id AND p.column_name = k.own_column"
				  " AND r.id = l.relation_id LIMIT 1", &args) > 0)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_IN_USE),
				 errmsg("column \"%s\" of table %s is followed by column \"%s\" of table %s",
						column, pvext_relation_name(relid), pvext_value(0, 1), pvext_value(0, 2)),
				 errhint("Undeclare that one first.")));
}
