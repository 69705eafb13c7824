/*
 * link_answer.c
 *		What is likely to be said of the links that are proposed.
 *
 * Each candidate is sure, or a question: by its name it may say who acted; it is a guess; it
 * may be empty where others lead on; or whose the parent's rows are is a question itself.
 * Of a question the answer is guessed that most would give, which is then proposed first, and
 * what is proposed of columns goes by it: so the answers fit each other.  A row is rather
 * whose it names itself, its author's, than theirs whose rows it hangs on.
 *
 * generate_map() and check_map() propose by these answers, both the same.
 */
#include "postgres.h"
#include "base/message.h"

#include "base/catalog.h"
#include "base/spi.h"
#include "catalog/pg_type.h"
#include "detect/candidate_sql.h"
#include "detect/guessed_column.h"
#include "detect/link_answer.h"
#include "detect/name_guess.h"
#include "detect/person_above.h"
#include "miscadmin.h"
#include "utils/lsyscache.h"

/* A guess of this confidence, which rows have confirmed, is proposed, not asked. */
#define SURE ((float4) 0.9)

/* A column that so many tables have, and most, says nothing of one of them. */
#define MANY_TABLES 20

/* Is it a candidate of the table that has to be answered? */
static bool
is_of(PvextCandidate *candidate, Oid relid)
{
	return candidate->relid == relid && !candidate->declared;
}

/* Does it lead to a person at once? */
static bool
is_direct(PvextOutlook *outlook, PvextCandidate *candidate)
{
	return list_member_oid(outlook->subjects, candidate->parent) && candidate->shared == NULL;
}

/* Does it say by its name who did something with the row? */
static bool
acted(PvextCandidate *candidate)
{
	return candidate->shared == NULL && pvext_says_acted(candidate->columns, candidate->parent);
}

/* Is it a foreign key, or a guess as good as one?  A name alone is not, where no rows bear it out. */
static bool
is_firm(PvextCandidate *candidate)
{
	return strcmp(candidate->found_by, PVEXT_BY_KEY) == 0 ||
		(strcmp(candidate->found_by, PVEXT_BY_NAME) == 0 && candidate->seen && candidate->confidence >= SURE &&
		 candidate->condition == NULL);
}

/* May a row be without a value in one of the columns? */
static bool
is_nullable(PvextCandidate *candidate)
{
	PvextArgs	args = {0};

	pvext_arg_oid(&args, OIDOID, candidate->relid);
	pvext_arg_names(&args, candidate->columns, false);
	return pvext_own("SELECT FROM pg_attribute WHERE attrelid = $1 AND attname = ANY ($2) AND NOT attnotnull", &args) > 0;
}

/* Does the table keep what rows of another were, so that who changed these made its rows? */
static bool
keeps_versions(Oid relid)
{
	return pvext_name_says(get_rel_name(relid), "version versions revision revisions history histories edit edits change changes historikk");
}

/* Who made each of a table's rows, as far as that is declared or no question: its link's name, or NULL. */
static char *
known_author(PvextOutlook *outlook, PvextCandidate *candidate)
{
	ListCell   *lc;

	foreach(lc, outlook->links)
	{
		PvextOutlookLink *link = lfirst(lc);

		if (link->candidate == NULL && link->relid == candidate->relid && !link->shared &&
			list_member_oid(outlook->subjects, link->parent))
			return link->name;
	}
	foreach(lc, outlook->candidates)
	{
		PvextCandidate *other = lfirst(lc);

		if (other != candidate && is_of(other, candidate->relid) && is_direct(outlook, other) && is_firm(other) && !acted(other))
			return other->name;
	}
	return NULL;
}

/* The same, of those that are questions, too. */
static char *
likely_author(PvextOutlook *outlook, PvextCandidate *candidate)
{
	char	   *name = known_author(outlook, candidate);
	ListCell   *lc;

	foreach(lc, name ? NIL : outlook->candidates)
	{
		PvextCandidate *other = lfirst(lc);

		if (other != candidate && is_of(other, candidate->relid) && is_direct(outlook, other) && other->likely &&
			other->confidence >= PVEXT_FOLLOWED && other->condition == NULL)
			return other->name;
	}
	return name;
}

/*
 * Is there another candidate of the table, or a link, by which its rows would be somebody's,
 * and with firm one that is never empty?
 */
static bool
has_other(PvextOutlook *outlook, PvextCandidate *candidate, bool firm)
{
	ListCell   *lc;

	foreach(lc, outlook->links)
		if (((PvextOutlookLink *) lfirst(lc))->candidate == NULL && ((PvextOutlookLink *) lfirst(lc))->relid == candidate->relid)
			return true;
	foreach(lc, outlook->candidates)
	{
		PvextCandidate *other = lfirst(lc);

		if (other != candidate && is_of(other, candidate->relid) && !acted(other) && !other->shared &&
			(firm ? is_firm(other) && !is_nullable(other) : other->confidence >= PVEXT_FOLLOWED))
			return true;
	}
	return false;
}

/* How much a name that says who acted says that the row is his: who made it, who changed it, others. */
static int
rank_of_act(PvextCandidate *candidate)
{
	return pvext_says_made(candidate->columns) ? 0 :
		pvext_name_says(pvext_join_names(candidate->columns, "_", false), "*updat *edit *modif *chang *commit") ? 1 : 2;
}

/* Do most tables have such a column, which says of any row who made it, things' and settings' too? */
static bool
is_stamp(PvextOutlook *outlook, PvextCandidate *candidate)
{
	List	   *tables = NIL;
	int			same = 0;
	ListCell   *lc;

	foreach(lc, outlook->candidates)
	{
		PvextCandidate *other = lfirst(lc);

		tables = list_append_unique_oid(tables, other->relid);
		same += other->parent == candidate->parent && pvext_equal_names(other->columns, candidate->columns);
	}
	return same >= MANY_TABLES && same * 2 > list_length(tables);
}

/* Is whoever acted its author, there being nobody else who could be? */
static bool
acted_as_author(PvextOutlook *outlook, PvextCandidate *candidate)
{
	int			rank = rank_of_act(candidate);
	bool		before = true;
	ListCell   *lc;

	if (!is_direct(outlook, candidate) || candidate->confidence < PVEXT_FOLLOWED ||
		known_author(outlook, candidate) || pvext_looks_like_persons(candidate->relid) || is_stamp(outlook, candidate))
		return false;
	foreach(lc, outlook->candidates)
	{
		PvextCandidate *other = lfirst(lc);

		if (other == candidate)
			before = false;
		else if (is_of(other, candidate->relid) && is_direct(outlook, other) && other->confidence >= PVEXT_FOLLOWED &&
				 (acted(other) ? rank_of_act(other) < rank || (rank_of_act(other) == rank && before) : other->condition == NULL))
			return false;
	}
	return rank == 0 || (rank == 1 && keeps_versions(candidate->relid)) || !has_other(outlook, candidate, false);
}

/* Of who acted. */
static void
answer_acted(PvextOutlook *outlook, PvextCandidate *candidate)
{
	candidate->question = "who acted, or whose it is?";
	candidate->because = "who acted, not whose it is";
	candidate->likely = acted_as_author(outlook, candidate);
}

/* Words in the names of tables for what a person has, and of columns that such a table has. */
static const char had[] =
"address addresses adresse addr location locations account accounts bank contact contacts phone phones telephone email emails file files blob blobs"
" attachment attachments upload uploads document documents image images photo photos picture pictures avatar avatars media medium asset assets card"
" cards credential credentials person persons people profile profiles identity passport signature session sessions";
static const char had_columns[] =
"street strasse rue gate postal postcode zip zipcode postnummer plz iban *mail *phone telefon *address *adresse *bytes data ip ip_addr user_agent";

/*
 * Do the rows that others refer to look like what a person has one of, rather than like things that many deal
 * with?  What has an owner of its own is the owner's.
 */
static bool
is_had(PvextOutlook *outlook, PvextCandidate *candidate)
{
	ListCell   *lc;

	foreach(lc, outlook->links)
	{
		PvextOutlookLink *link = lfirst(lc);

		if (link->candidate == NULL && link->relid == candidate->relid && !link->shared)
			return false;
	}
	foreach(lc, outlook->candidates)
	{
		PvextCandidate *other = lfirst(lc);

		if (is_of(other, candidate->relid) && !pvext_is_referred(other) && is_firm(other) && !acted(other))
			return false;
	}
	if (candidate->whole || pvext_name_says(get_rel_name(candidate->relid), had))
		return true;
	foreach(lc, pvext_columns(candidate->relid))
		if (pvext_name_says(lfirst(lc), had_columns))
			return true;
	return false;
}

/*
 * Is there another way up from the table's rows, that goes by no condition?  What a row names as one of
 * several kinds of things is rather what it is about.
 */
static bool
has_plain(PvextOutlook *outlook, PvextCandidate *candidate)
{
	ListCell   *lc;

	foreach(lc, outlook->links)
	{
		PvextOutlookLink *link = lfirst(lc);

		if (link->candidate == NULL && link->relid == candidate->relid && !link->shared && !link->conditional)
			return true;
	}
	foreach(lc, outlook->candidates)
	{
		PvextCandidate *other = lfirst(lc);

		if (is_of(other, candidate->relid) && !acted(other) && !other->shared && !pvext_is_referred(other) &&
			other->condition == NULL && other->confidence >= PVEXT_FOLLOWED &&
			!pvext_same_names(other->columns, candidate->columns) && (!is_nullable(other) || is_nullable(candidate)))
			return true;
	}
	return false;
}

/* Words for systems that have numbers of their own for persons. */
static const char systems[] =
"facebook google twitter github gitlab linkedin apple instagram discord slack telegram whatsapp microsoft azure yahoo steam twitch spotify"
" strava vk weibo wechat oauth oauth2 openid oidc saml ldap sso auth0 okta keycloak firebase stripe paypal adyen braintree klarna shopify"
" salesforce hubspot zendesk intercom mailchimp external extern remote foreign legacy import imported provider thirdparty";

/* Is it by its name another system's number of somebody, in a table that says whose the row is? */
static bool
is_systems(PvextOutlook *outlook, PvextCandidate *candidate)
{
	char	   *name = pvext_join_names(candidate->columns, "_", false);
	ListCell   *lc;

	if (strcmp(candidate->found_by, PVEXT_BY_NAME) != 0 || !pvext_name_says(name, systems) ||
		pvext_name_says(get_rel_name(candidate->parent), systems))
		return false;
	foreach(lc, outlook->links)
	{
		PvextOutlookLink *link = lfirst(lc);

		if (link->candidate == NULL && link->relid == candidate->relid && link->parent == candidate->parent && !link->shared)
			return true;
	}
	foreach(lc, outlook->candidates)
	{
		PvextCandidate *other = lfirst(lc);

		if (is_of(other, candidate->relid) && other->parent == candidate->parent && !other->shared && !acted(other) &&
			other->condition == NULL && other->confidence > candidate->confidence)
			return true;
	}
	return false;
}

/* Of a guess, and of rows that persons' rows refer to. */
static void
answer_guess(PvextOutlook *outlook, PvextCandidate *candidate)
{
	candidate->because = "not whose it is";
	candidate->likely = candidate->confidence >= PVEXT_FOLLOWED;
	if (pvext_is_referred(candidate) && !is_had(outlook, candidate))
		candidate->likely = false;
	if (candidate->shared)
		candidate->question = psprintf("%s: shared with somebody who is not in the map?", candidate->reason);
	else
	{
		candidate->question = psprintf("a guess (%.2f): %s", candidate->confidence, candidate->reason);
		if (!is_direct(outlook, candidate) && !pvext_is_referred(candidate) &&
			(candidate->condition ? has_plain(outlook, candidate) : has_other(outlook, candidate, true)))
			candidate->likely = false;
		if (is_systems(outlook, candidate))
		{
			candidate->likely = false;
			candidate->because = "a number of another system's";
		}
	}
}

/* Of a foreign key, or what is as good, to rows that are somebody's: whose are the rows beneath that have an author? */
static void
answer_firm(PvextOutlook *outlook, PvextCandidate *candidate)
{
	char	   *author = is_direct(outlook, candidate) ? NULL : likely_author(outlook, candidate);

	candidate->likely = true;
	candidate->because = "not whose it is";
	if (author && (strcmp(candidate->found_by, PVEXT_BY_KEY) != 0 || !pvext_has_redacted(outlook, candidate->relid)) &&
		!pvext_is_below_persons(outlook, candidate->parent))
	{
		candidate->likely = false;
		candidate->because = psprintf("its rows go by \"%s\"", author);
		if (known_author(outlook, candidate) == NULL)
			candidate->question = psprintf("its rows go by \"%s\", if that is linked", author);
	}
	else if (author == NULL && !is_direct(outlook, candidate) && is_nullable(candidate) &&
			 has_other(outlook, candidate, true))
	{
		candidate->likely = false;
		candidate->question = "may be empty, where other columns say whose the row is: who acted, or whose it is?";
	}
}

/* Answer one by itself: those of whoever acted and guesses first, by which the others are judged. */
static void
answer(PvextOutlook *outlook, PvextCandidate *candidate, bool firm)
{
	if (candidate->declared || (is_firm(candidate) && !acted(candidate)) != firm)
		return;
	if (firm)
		answer_firm(outlook, candidate);
	else if (acted(candidate))
		answer_acted(outlook, candidate);
	else
		answer_guess(outlook, candidate);
}

/* The tables (OIDs) that links lead from, and with asked those that questions do if they are answered as is likely. */
static List *
linked_tables(PvextOutlook *outlook, bool asked)
{
	List	   *linked = list_copy(outlook->subjects);
	int			before;
	ListCell   *lc;

	if (outlook->undeclared)
		linked = asked ? linked : NIL;
	foreach(lc, outlook->links)
		if (((PvextOutlookLink *) lfirst(lc))->candidate == NULL)
			linked = list_append_unique_oid(linked, ((PvextOutlookLink *) lfirst(lc))->relid);
	do
	{
		before = list_length(linked);
		foreach(lc, outlook->candidates)
		{
			PvextCandidate *candidate = lfirst(lc);

			if (!candidate->declared && candidate->likely && (asked || candidate->question == NULL) &&
				list_member_oid(linked, candidate->parent))
				linked = list_append_unique_oid(linked, candidate->relid);
		}
	} while (list_length(linked) > before);
	return linked;
}

/* Are columns some of those of a longer key of the same parent? */
static bool
is_part_of(PvextCandidate *candidate, List *columns, Oid parent)
{
	ListCell   *lc;

	foreach(lc, candidate->columns)
		if (!pvext_has_name(columns, lfirst(lc)))
			return false;
	return candidate->parent == parent && list_length(columns) > list_length(candidate->columns);
}

/* Do the columns refer to something already, for all rows: by a link, or by a better candidate? */
static bool
is_taken(PvextOutlook *outlook, PvextCandidate *candidate)
{
	ListCell   *lc;

	if (candidate->shared || pvext_is_referred(candidate))
		return false;
	foreach(lc, outlook->links)
	{
		PvextOutlookLink *link = lfirst(lc);

		if (link->candidate == NULL && link->relid == candidate->relid && !link->shared && !link->conditional &&
			(pvext_same_names(link->columns, candidate->columns) || is_part_of(candidate, link->columns, link->parent)))
			return true;
	}
	foreach(lc, is_firm(candidate) || candidate->condition ? NIL : outlook->candidates)
	{
		PvextCandidate *other = lfirst(lc);

		if (is_of(other, candidate->relid) && is_firm(other) &&
			(pvext_same_names(other->columns, candidate->columns) || is_part_of(candidate, other->columns, other->parent)))
			return true;
	}
	return false;
}

/* Of several guesses at what the same columns refer to in all rows, the best alone is likely. */
static void
keep_best(PvextOutlook *outlook, PvextCandidate *candidate)
{
	bool		before = true;
	ListCell   *lc;

	foreach(lc, candidate->condition || candidate->shared || is_firm(candidate) ? NIL : outlook->candidates)
	{
		PvextCandidate *other = lfirst(lc);

		if (other == candidate)
			before = false;
		else if (is_of(other, candidate->relid) && other->likely && !other->condition && !other->shared &&
				 pvext_same_names(other->columns, candidate->columns) &&
				 (other->confidence > candidate->confidence || (other->confidence == candidate->confidence && before)))
			candidate->likely = false;
	}
}

/*
 * Are the columns that might be said to be no link one already, or are they proposed as one besides: by
 * a statement, or because other rows refer to these?  The questions of the same columns are one.
 */
static bool
is_linked_besides(PvextOutlook *outlook, PvextCandidate *candidate)
{
	bool		referred = pvext_is_referred(candidate);
	Oid			relid = referred ? candidate->parent : candidate->relid;
	List	   *columns = referred ? candidate->parent_columns : candidate->columns;
	ListCell   *lc;

	foreach(lc, outlook->links)
	{
		PvextOutlookLink *link = lfirst(lc);

		if (link->candidate == NULL && link->relid == relid && pvext_same_names(link->columns, columns))
			return true;
	}
	foreach(lc, outlook->candidates)
	{
		PvextCandidate *other = lfirst(lc);

		if (other != candidate && is_of(other, relid) && other->likely && !other->moot &&
			(other->question == NULL || referred || pvext_is_referred(other)) && pvext_same_names(other->columns, columns))
			return true;
	}
	return false;
}

/* Leave out what could only be said to be no link, where that cannot be said. */
static void
settle_linked(PvextOutlook *outlook)
{
	ListCell   *lc;

	foreach(lc, outlook->candidates)
	{
		PvextCandidate *candidate = lfirst(lc);

		if (candidate->declared || candidate->moot)
			continue;
		candidate->linked = is_linked_besides(outlook, candidate);
		candidate->moot = candidate->linked && !candidate->likely;
	}
}

/*
 * Decide each candidate that is not declared.  After the links that are declared have been
 * entered; in the current context.
 */
void
pvext_answer_candidates(PvextOutlook *outlook)
{
	List	   *linked;
	List	   *sure;
	ListCell   *lc;

	foreach(lc, outlook->candidates)
		answer(outlook, lfirst(lc), false);
	foreach(lc, outlook->candidates)
	{
		CHECK_FOR_INTERRUPTS();
		answer(outlook, lfirst(lc), true);
	}
	foreach(lc, outlook->candidates)
	{
		PvextCandidate *candidate = lfirst(lc);

		if (candidate->declared)
			continue;
		candidate->moot = is_taken(outlook, candidate);
		candidate->likely = candidate->likely && !candidate->moot;
		keep_best(outlook, candidate);
	}
	linked = linked_tables(outlook, true);
	sure = linked_tables(outlook, false);
	foreach(lc, outlook->candidates)
	{
		PvextCandidate *candidate = lfirst(lc);

		if (candidate->declared)
			continue;
		candidate->moot = candidate->moot || !list_member_oid(linked, candidate->parent);
		if (candidate->question == NULL && candidate->likely && !list_member_oid(sure, candidate->parent))
			candidate->question = psprintf("if %s is linked", pvext_relation_name(candidate->parent));
	}
	settle_linked(outlook);
}

/* Does the link lead from rows at once to whom they are of, and not to who did something with them? */
bool
pvext_is_author(PvextOutlook *outlook, PvextOutlookLink *link)
{
	return !link->asked && !link->shared && !link->conditional && list_member_oid(outlook->subjects, link->parent) &&
		(link->candidate == NULL || !acted(link->candidate));
}
