/*
 * link_key.c
 *		What a link's row holds of its parent's key.
 *
 * Mostly these are columns, one for each of the parent's.  It may also be what an expression
 * makes of the row, for one of the parent's: the number in 'user:42', a path of a json document.
 * The expression is immutable, and as any that a declaration carries it is run as the owner
 * for whom it was declared.  link->columns are then those that it reads.
 *
 * Either may be an array, of whose elements each is a key: such a row belongs to several.
 */
#include "postgres.h"
#include "base/message.h"

#include "base/expression.h"
#include "base/type.h"
#include "map/link_key.h"
#include "utils/builtins.h"

/* Type and collation of what the row holds, which the expression's owner has to be asked for once. */
static void
held_type(PvextLink *link, int n, Oid *type, Oid *collation)
{
	if (link->value == NULL)
	{
		(void) pvext_column(link->table->relid, list_nth(link->columns, n), type, NULL);
		*collation = pvext_column_collation(link->table->relid, list_nth(link->columns, n));
		return;
	}
	if (!OidIsValid(link->value_type))
	{
		pvext_check_bound_owner(link->table, link->owner, psprintf("the expression of link \"%s\"", link->name));
		pvext_bound_type(link->table->relid, link->value, &link->value_type, &link->value_collation);
	}
	*type = link->value_type;
	*collation = link->value_collation;
}

/* How what a row holds is compared with the parent's column of that number, from 0. */
void
pvext_link_match(PvextLink *link, int n, PvextMatch *match)
{
	Oid			type;
	Oid			collation;

	held_type(link, n, &type, &collation);
	pvext_match_value(type, collation, link->parent->relid, list_nth(link->parent_columns, n),
					  link->ignore_case, match);
	if (match->array != link->elements || match->equals == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("link \"%s\" of table %s goes by what has another type now", link->name,
						link->table->sql_name),
				 errhint("Take the link back with pv.undeclare_link(), and declare it again.")));
}

/* SQL: what a row that is called so holds of the parent's column, as it is. */
char *
pvext_link_value(PvextLink *link, int n, const char *row)
{
	if (link->value == NULL)
		return psprintf("%s.%s", row, quote_identifier(list_nth(link->columns, n)));
	pvext_check_bound_owner(link->table, link->owner, psprintf("the expression of link \"%s\"", link->name));
	if (strcmp(row, PVEXT_ROW) == 0)
		return psprintf("(%s)", link->value);
	return psprintf("(%s)", pvext_bound_as(link->table->relid, link->value, row));
}

/* SQL: the same as it is compared. */
char *
pvext_link_held(PvextLink *link, int n, const char *row)
{
	PvextMatch	match;

	pvext_link_match(link, n, &match);
	return pvext_match_held(&match, pvext_link_value(link, n, row));
}

/* SQL: what row r holds as text or, of a link to elements, as an array of texts. */
char *
pvext_link_text(PvextLink *link, int n)
{
	return psprintf("CAST(%s AS text%s)", pvext_link_value(link, n, PVEXT_ROW), link->elements ? "[]" : "");
}

/* Does a foreign key hold the link's rows in step with their parents? */
bool
pvext_link_follows(PvextLink *link, PvextForeignKey *fk)
{
	return link->value == NULL &&
		pvext_is_key_of(fk, link->table->relid, link->columns, link->parent_columns);
}

/* How the link's rows are looked for.  In the current context. */
PvextSearch *
pvext_link_search(PvextLink *link)
{
	PvextSearch *search = palloc0(sizeof(PvextSearch));

	if (link->value)
		pvext_check_bound_owner(link->table, link->owner, psprintf("the expression of link \"%s\"", link->name));
	search->relid = link->table->relid;
	search->columns = link->columns;
	search->expression = link->value;
	search->ignore_case = link->ignore_case;
	search->parent = link->parent->relid;
	search->parent_columns = link->parent_columns;
	search->condition = link->condition;
	return search;
}

/* May a row of the table belong to several rows, of one parent or of several? */
bool
pvext_is_plural(PvextTable *table)
{
	return list_length(table->links) > 1 ||
		(table->links != NIL && ((PvextLink *) linitial(table->links))->elements);
}
