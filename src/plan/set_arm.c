/*
 * set_arm.c
 *		How rows belong to a set, by what rows of another hold: slots, and arms as SQL.
 *
 * A slot is a column of a set's rows as an array, which travels from the statement that has
 * found them to those that their children are found by (row_set.c).
 */
#include "postgres.h"
#include "base/message.h"

#include "base/type.h"
#include "catalog/pg_type.h"
#include "map/link_key.h"
#include "map/link_match.h"
#include "plan/set_arm.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

/* Raise where there are no arrays of a slot's type. */
static void
check_array_type(PvextSlot *slot)
{
	if (!OidIsValid(slot->param.type))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("could not find array type for data type %s",
						format_type_be(slot->element))));
}

/*
 * The slot of a set's column, added where it's new.  As text it is another one, in lower case
 * a third.  Before the set's statements are built, which read all of its slots.
 */
PvextSlot *
pvext_set_slot_as(PvextSet *set, const char *column, bool as_text, bool folded)
{
	PvextSlot  *slot;
	ListCell   *lc;
	Oid			type;

	foreach(lc, set->slots)
	{
		slot = lfirst(lc);
		if (strcmp(slot->column, column) == 0 && slot->as_text == as_text && slot->folded == folded)
			return slot;
	}
	(void) pvext_column(set->table->relid, column, &type, NULL);
	slot = palloc0(sizeof(PvextSlot));
	slot->column = pstrdup(column);
	slot->as_text = as_text;
	slot->folded = folded;
	slot->element = as_text ? TEXTOID : getBaseType(type);
	slot->param.type = get_array_type(slot->element);
	slot->param.isnull = true;
	check_array_type(slot);
	set->slots = lappend(set->slots, slot);
	return slot;
}

/* The slot of a set's column as it is or, with as_text, as its text. */
PvextSlot *
pvext_set_slot(PvextSet *set, const char *column, bool as_text)
{
	return pvext_set_slot_as(set, column, as_text, false);
}

/*
 * The slot of what rows of a set, a link's table's, hold of their parent's key, as text; of
 * elements, the text of the array: arrays of several lengths are not put into one.
 */
PvextSlot *
pvext_link_slot(PvextSet *set, PvextLink *link, int n)
{
	PvextSlot  *slot;

	if (link->value == NULL && !link->elements)
		return pvext_set_slot(set, list_nth(link->columns, n), true);
	slot = palloc0(sizeof(PvextSlot));
	slot->column = psprintf("*%s", link->name);
	slot->sql = link->elements ? psprintf("CAST(%s AS text)", pvext_link_text(link, n)) : pvext_link_text(link, n);
	slot->as_text = true;
	slot->element = TEXTOID;
	slot->param.type = TEXTARRAYOID;
	slot->param.isnull = true;
	set->slots = lappend(set->slots, slot);
	return slot;
}

/* SQL: what the slot has of row r. */
char *
pvext_slot_sql(PvextSlot *slot)
{
	if (slot->sql)
		return slot->sql;
	return psprintf(slot->folded ? "lower(CAST(r.%s AS %s))" : "CAST(r.%s AS %s)",
					quote_identifier(slot->column), pvext_type_name(slot->element, -1));
}

/*
 * SQL: row r holds the key of one of the parent's rows.  A key of several columns must be
 * one row's as a whole; that each of its columns is some row's is said as well, for an
 * index.
 */
void
pvext_append_arm(PvextSql *sql, PvextArm *arm)
{
	PvextLink  *link = arm->link;
	StringInfo	buf = &sql->text;
	StringInfoData pairs;
	StringInfoData params;
	int			i;

	initStringInfo(&pairs);
	initStringInfo(&params);
	if (link->condition)
		pvext_check_bound_owner(link->table, link->owner, "the condition of a link");
	for (i = 0; i < list_length(link->parent_columns); i++)
	{
		PvextSlot  *slot = list_nth(arm->slots, i);
		int			param = pvext_sql_param(sql, &slot->param);
		char	   *held = pvext_link_held(link, i, "r");
		PvextMatch	match;

		pvext_link_match(link, i, &match);
		appendStringInfo(buf, "%s%s", i > 0 ? " AND " : "",
						 pvext_match_any(&match, held, psprintf("$%d", param)));
		appendStringInfo(&params, "%s$%d", i > 0 ? ", " : "", param);
		appendStringInfo(&pairs, "%s%s %s k.k%d", i > 0 ? " AND " : "", held, match.equals, i + 1);
	}
	if (i > 1)
	{
		appendStringInfo(buf, " AND EXISTS (SELECT FROM unnest(%s) AS k(", params.data);
		for (int k = 1; k <= i; k++)
			appendStringInfo(buf, "%sk%d", k > 1 ? ", " : "", k);
		appendStringInfo(buf, ") WHERE %s)", pairs.data);
	}
	if (link->condition)
		appendStringInfo(buf, " AND (%s)", link->condition);
	pfree(pairs.data);
	pfree(params.data);
}

/* SQL: row r is the parent of one of the set's rows. */
void
pvext_append_arm_up(PvextSql *sql, PvextArm *arm)
{
	StringInfoData params;
	StringInfoData names;
	ListCell   *lc;
	int			n = 0;

	initStringInfo(&params);
	initStringInfo(&names);
	foreach(lc, arm->slots)
	{
		appendStringInfo(&params, "%s$%d", n > 0 ? ", " : "",
						 pvext_sql_param(sql, &((PvextSlot *) lfirst(lc))->param));
		appendStringInfo(&names, "%sk%d", n > 0 ? ", " : "", n + 1);
		n++;
	}
	if (arm->link->elements)
		appendStringInfo(&sql->text, "EXISTS (SELECT FROM unnest(%s) AS a(a), unnest(CAST(a.a AS text[])) AS k(k1) WHERE ",
						 params.data);
	else
		appendStringInfo(&sql->text, "EXISTS (SELECT FROM unnest(%s) AS k(%s) WHERE ", params.data, names.data);
	pvext_append_key_match(&sql->text, arm->link, false);
	appendStringInfoChar(&sql->text, ')');
}
