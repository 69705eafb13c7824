/*
 * propose_retention.c
 *		Kept how long: rules to choose from, by purpose.
 *
 * Only a person knows what the data is for and which law says how long it is kept: all of
 * it is comments, with the legal basis that names of tables suggest, and the date or time
 * that would be the clock.
 */
#include "postgres.h"
#include "base/message.h"

#include "base/catalog.h"
#include "base/print.h"
#include "base/relation.h"
#include "base/spi.h"
#include "detect/propose_retention.h"
#include "detect/table_guess.h"

/* Has the table a rule already? */
static bool
has_rule(Oid relid)
{
	PvextArgs	args = {0};

	pvext_arg_int4(&args, pvext_relation_id(relid));
	return pvext_own("SELECT FROM pv.declared_retention WHERE relation_id = $1", &args) > 0;
}

/* The purpose, unless it is declared. */
static void
propose_declaration(PvextMapProposal *map, const PvextPurposeGuess *purpose)
{
	PvextArgs	args = {0};

	pvext_arg_text(&args, purpose->name);
	if (pvext_own("SELECT FROM pv.purpose WHERE name = $1", &args) > 0)
		return;
	pvext_propose_question(&map->text,
						   psprintf("SELECT pv.declare_purpose(%s, %s, %s);", pvext_print_literal(purpose->name),
									pvext_print_literal(purpose->legal_basis),
									pvext_print_literal(purpose->description)), NULL);
}

/* A rule for one table, by its clock. */
static void
propose_rule(PvextMapProposal *map, Oid relid, const char *clock, const PvextPurposeGuess *purpose)
{
	pvext_propose_question(&map->text,
						   psprintf("SELECT pv.declare_retention(%s, %s, %s, after => %s, basis => '...');",
									pvext_print_relation(relid), pvext_print_literal(purpose->name),
									pvext_print_literal(purpose->keep),
									pvext_print_literal(psprintf(purpose->clock, clock))), NULL);
}

/* Are the rows persons, or addresses of persons, which are kept as long as these are customers, or employed? */
static bool
are_persons(PvextMapProposal *map, int number, Oid relid)
{
	return relid == map->outlook.subject || (number >= PVEXT_PURPOSES_OF_PERSONS && pvext_is_of_persons(relid));
}

/*
 * The purpose, and rules for those tables of the map that it may be of; *timeless: those that have no clock, *lasting:
 * those of persons of which no column says that they have left.
 */
static void
propose_purpose(PvextMapProposal *map, int number, List **timeless, List **lasting)
{
	const PvextPurposeGuess *purpose = &pvext_purposes[number];
	bool		first = true;
	ListCell   *lc;

	foreach(lc, map->tables)
	{
		bool		persons = are_persons(map, number, lfirst_oid(lc));
		char	   *clock;

		if (pvext_guess_purpose(lfirst_oid(lc)) != number || has_rule(lfirst_oid(lc)))
			continue;
		clock = pvext_guess_clock(lfirst_oid(lc), persons);
		if (clock == NULL)
		{
			if (persons && pvext_guess_clock(lfirst_oid(lc), false))
				*lasting = lappend_oid(*lasting, lfirst_oid(lc));
			else
				*timeless = lappend_oid(*timeless, lfirst_oid(lc));
			continue;
		}
		if (first)
			propose_declaration(map, purpose);
		first = false;
		propose_rule(map, lfirst_oid(lc), clock, purpose);
	}
}

/* A list of tables, under a heading. */
static void
propose_list(PvextMapProposal *map, const char *heading, List *relids)
{
	if (relids == NIL)
		return;
	pvext_propose_comment(&map->text, heading);
	pvext_propose_names(&map->text, relids);
}

/* Kept how long: by purpose, for each table. */
void
pvext_propose_retention(PvextMapProposal *map)
{
	List	   *timeless = NIL;
	List	   *lasting = NIL;

	for (int i = 0; i < pvext_n_purposes; i++)
		propose_purpose(map, i, &timeless, &lasting);
	propose_list(map, "These are kept as long as their persons: what says when that ends (after, or over a table that it hangs on)?", lasting);
	propose_list(map, "These have no date or time of their own to be kept by:", timeless);
}
