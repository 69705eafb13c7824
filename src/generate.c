/*
 * generate.c
 *		A data map proposed from the catalog, as SQL to edit.
 *
 * The text declares the subject, the links that foreign keys suggest, and
 * every column that is not classified: as personal where its name and type
 * look like it, else as not personal.  It runs as it stands, but a person has
 * to read it: names of columns are hints, not knowledge.
 */
#include "postgres.h"
#include "message.h"

#include <ctype.h>

#include "fmgr.h"
#include "compat.h"
#include "candidate.h"
#include "catalog.h"
#include "catalog/pg_type.h"
#include "check.h"
#include "spi.h"
#include "strategy.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"

PG_FUNCTION_INFO_V1(pvext_generate_map);

/*
 * What the name of a column says.  Words are English and Norwegian; each is
 * one of the name's words ("ip" in client_ip, not in zip), or with a star a
 * part of it ("*mail" in useremail).  Types are categories of pg_type, J being
 * json.  The first rule that fits counts.
 */
static const struct
{
	const char *words;
	const char *types;
	const char *category;
	const char *options;		/* further arguments */
}			rules[] =
{
	{"*passw *passord hash salt token secret pin otp apikey nokkel", "SU", "credential", ""},
	{"*mail epost", "S", "identifying", ""},
	{"*phone *mobile *telefon tel tlf mobil mobilnr fax telefax cell msisdn", "SN", "identifying", ""},
	{"ssn national nin *personnummer *personnr *fodselsn *foedselsn fnr passport pass *passnummer tin cpr",
	"SN", "identifying", ""},
	{"birth *birthd dob born fodt foedt *fodselsd *foedselsd bursdag", "DSN", "birth", ""},
	{"iban bic swift account konto *kontonummer *kontonr card *creditcard pan kortnr *kortnummer",
	"SN", "financial", ""},
	{"ip *ipaddr *ipadress useragent agent device mac cookie session fingerprint", "ISU", "technical", ""},
	{"lat lon lng latitude longitude *breddegrad *lengdegrad location gps geom", "SNGU", "location", ""},
	{"*address *adresse addr street gate gateadresse vei house city *poststed town kommune region county fylke",
	"S", "address", ""},
	{"postal postcode zip zipcode *postnummer postnr", "SN", "address", ""},
	{"photo picture avatar portrait image bilde foto signature signatur", "SU", "picture", ""},
	{"note notes comment comments remark remarks description message body text merknad merknader notat notater kommentar beskrivelse melding fritekst",
	"S", "free text", ", erase_with => 'redact'"},
	{"*firstname *lastname *surname *fullname *username *fornavn *etternavn *mellomnavn *brukernavn"
		" first last given sur middle maiden name names navn nickname alias contact kontaktperson user login bruker nick handle",
	"S", "identifying", ""},
	{"gender sex kjonn kjoenn nationality nasjonalitet religion health helse diagnosis diagnose union",
	"S", "special", ""}
};

/* Is the word among the name's words, or for a starred one a part of it? */
static bool
word_fits(const char *name, const char *word, int length)
{
	for (const char *at = name; *at; at++)
	{
		if (word[0] == '*' && strncmp(at, word + 1, length - 1) == 0)
			return true;
		if (strncmp(at, word, length) == 0 &&
			(at == name || !isalpha((unsigned char) at[-1])) &&
			!isalpha((unsigned char) at[length]))
			return true;
	}
	return false;
}

/* Lower case, with "_" where a name in camelCase begins a word. */
static char *
split_words(const char *name)
{
	StringInfoData words;

	initStringInfo(&words);
	for (const char *c = name; *c; c++)
	{
		if (c > name && isupper((unsigned char) c[0]) && islower((unsigned char) c[-1]))
			appendStringInfoChar(&words, '_');
		appendStringInfoChar(&words, pg_tolower((unsigned char) *c));
	}
	return words.data;
}

/* The category of a type, J for json and jsonb. */
static char
type_letter(Oid type)
{
	char		letter;
	bool		preferred;

	type = getBaseType(type);
	if (type == JSONOID || type == JSONBOID)
		return 'J';
	get_type_category_preferred(type, &letter, &preferred);
	return letter;
}

/* The number of the rule that fits a column, -1 where none does. */
static int
find_rule(const char *name, Oid type)
{
	char	   *words = split_words(name);

	for (int i = 0; i < lengthof(rules); i++)
	{
		const char *word = rules[i].words;

		if (strchr(rules[i].types, type_letter(type)) == NULL)
			continue;
		while (*word)
		{
			int			length = strcspn(word, " ");

			if (word_fits(words, word, length))
				return i;
			word += length + strspn(word + length, " ");
		}
	}
	return -1;
}

/* A list of names as a quoted literal: '{a,b}' */
static char *
names_literal(List *names)
{
	PvextArgs	args = {0};

	pvext_arg_names(&args, names, false);
	return quote_literal_cstr(OidOutputFunctionCall(F_ARRAY_OUT, args.values[0]));
}

static char *
relation_literal(Oid relid)
{
	return quote_literal_cstr(pvext_relation_name(relid));
}

/* The declaration of the subject, unless it is declared. */
static void
append_subject(StringInfo sql, Oid subject)
{
	PvextArgs	args = {0};

	pvext_arg_int4(&args, pvext_relation_id(subject));
	if (pvext_own("SELECT FROM pv.declared_subject WHERE relation_id = $1", &args) > 0)
		return;
	appendStringInfoString(sql, "\n-- The subject: are all rows persons? If not, pass a condition.\n");
	if (pvext_primary_key(subject) == NIL)
		appendStringInfo(sql, "-- It has no primary key: name the columns of a unique key.\n"
						 "-- SELECT pv.declare_subject(%s, '{...}');\n",
						 relation_literal(subject));
	else
		appendStringInfo(sql, "SELECT pv.declare_subject(%s);\n", relation_literal(subject));
}

/* The declarations of links that are missing. */
static void
append_links(StringInfo sql, List *candidates)
{
	bool		first = true;
	ListCell   *lc;

	foreach(lc, candidates)
	{
		PvextCandidate *candidate = lfirst(lc);

		if (candidate->declared)
			continue;
		if (first)
			appendStringInfoString(sql, "\n-- Links: take out those whose rows do not belong to the parent's person.\n");
		first = false;
		appendStringInfo(sql, "SELECT pv.declare_link(%s, %s, %s, %s",
						 relation_literal(candidate->relid),
						 names_literal(candidate->columns),
						 relation_literal(candidate->parent),
						 names_literal(candidate->parent_columns));
		if (!candidate->default_name)
			appendStringInfo(sql, ", name => %s", quote_literal_cstr(candidate->name));
		appendStringInfo(sql, ");%s\n", candidate->indexed ? "" : "  -- no index");
	}
}

/* What makes a line a comment. */
static const char *const comment_mark = "-- ";

/* A name within a comment, which a line break in it would end. */
static char *
comment_text(const char *text)
{
	char	   *copy = pstrdup(text);

	for (char *p = copy; *p; p++)
		if (*p == '\n' || *p == '\r')
			*p = ' ';
	return copy;
}

/* A column and the strategy proposed for it; for pvext_try(). */
typedef struct Proposal
{
	Oid			relid;
	const char *column;
	const char *erase_with;
} Proposal;

static void
try_proposal(void *arg)
{
	Proposal   *proposal = arg;
	char	   *argument;

	pvext_check_children(proposal->relid);
	(void) pvext_resolve_strategy(proposal->relid, proposal->column, proposal->erase_with,
								  NULL, NULL, false, &argument);
}

/* Why declare_personal() would refuse a proposal, or NULL. */
static char *
refusal(Oid relid, const char *column, const char *options)
{
	Proposal	proposal = {relid, column, strstr(options, "redact") ? "redact" : "auto"};
	ErrorData  *error = pvext_try(try_proposal, &proposal);

	return error ? error->message : NULL;
}

/*
 * The line for one column.  Where rows belong to several, and where a name
 * tells nothing of what the column holds, it is a comment: check_map() goes on
 * to ask.
 */
static void
append_column(StringInfo sql, Oid relid, const char *name, bool several)
{
	bool		needs_link = several;
	bool		unknown;
	Oid			type;
	int			rule;

	(void) pvext_column(relid, name, &type, NULL);
	rule = find_rule(name, type);
	unknown = type_letter(type) == 'J' || getBaseType(type) == TEXTOID ||
		getBaseType(type) == VARCHAROID || getBaseType(type) == BPCHAROID;
	if (rule >= 0)
	{
		char	   *why = refusal(relid, name, rules[rule].options);

		if (why)
			appendStringInfo(sql, "-- %s:\n", comment_text(why));
		several = several || why != NULL;
		appendStringInfo(sql, "%sSELECT pv.declare_personal(%s, %s, %s%s%s);\n",
						 several ? comment_mark : "",
						 several ? comment_text(relation_literal(relid)) : relation_literal(relid),
						 several ? comment_text(names_literal(list_make1((char *) name)))
						 : names_literal(list_make1((char *) name)),
						 quote_literal_cstr(rules[rule].category), rules[rule].options,
						 needs_link ? ", link => '...'" : "");
	}
	else
		appendStringInfo(sql, "%sSELECT pv.declare_not_personal(%s, %s);%s\n",
						 unknown ? comment_mark : "",
						 unknown ? comment_text(relation_literal(relid)) : relation_literal(relid),
						 unknown ? comment_text(names_literal(list_make1((char *) name)))
						 : names_literal(list_make1((char *) name)),
						 unknown ? "  -- look at what is in it" : "");
}

/* The names of the links of a table, declared and proposed. */
static List *
link_names(Oid relid, List *candidates)
{
	PvextArgs	args = {0};
	List	   *names = NIL;
	ListCell   *lc;

	pvext_arg_int4(&args, pvext_relation_id(relid));
	(void) pvext_own("SELECT name FROM pv.declared_link WHERE relation_id = $1 ORDER BY name",
					 &args);
	for (uint64 i = 0; i < SPI_processed; i++)
		names = lappend(names, pvext_value(i, 1));
	foreach(lc, candidates)
	{
		PvextCandidate *candidate = lfirst(lc);

		if (candidate->relid == relid && !candidate->declared)
			names = lappend(names, candidate->name);
	}
	return names;
}

/*
 * The lines for a table's unclassified columns.  Columns of proposed links are
 * left out, as those of declared ones are; so is what the links lead to.
 */
static void
append_table(StringInfo sql, Oid relid, List *candidates, bool is_subject)
{
	List	   *structural = NIL;
	List	   *links = link_names(relid, candidates);
	bool		several = !is_subject && list_length(links) > 1;
	bool		first = true;
	ListCell   *lc;

	foreach(lc, candidates)
	{
		PvextCandidate *candidate = lfirst(lc);

		if (candidate->relid == relid)
			structural = list_concat(structural, candidate->columns);
	}
	foreach(lc, pvext_unclassified_columns(relid))
	{
		if (pvext_has_name(structural, lfirst(lc)))
			continue;
		if (first)
			appendStringInfo(sql, "\n-- %s\n", comment_text(pvext_relation_name(relid)));
		if (first && several)
			appendStringInfo(sql, "-- A row belongs to several: say whom each column is about, %s or '*' for any.\n",
							 comment_text(pvext_join_names(links, ", ", true)));
		first = false;
		append_column(sql, relid, lfirst(lc), several);
	}
}

/* pv.generate_map(subject) */
Datum
pvext_generate_map(PG_FUNCTION_ARGS)
{
	Oid			subject = PG_GETARG_OID(0);
	PvextScope	scope;
	StringInfoData sql;
	List	   *candidates;
	List	   *done = list_make1_oid(subject);
	ListCell   *lc;
	text	   *result;

	initStringInfo(&sql);
	pvext_enter(&scope);
	pvext_check_table(subject);
	candidates = pvext_candidates(subject, 0, NIL);
	appendStringInfo(&sql, "-- A proposal for the data map of %s, made from the names of its columns.\n"
					 "-- Read every line: what is personal, what for (purposes), and how it is erased\n"
					 "-- (erase_with) are yours to say.\n", comment_text(pvext_relation_name(subject)));
	append_subject(&sql, subject);
	append_links(&sql, candidates);
	append_table(&sql, subject, candidates, true);
	foreach(lc, candidates)
	{
		PvextCandidate *candidate = lfirst(lc);

		if (list_member_oid(done, candidate->relid))
			continue;
		done = lappend_oid(done, candidate->relid);
		append_table(&sql, candidate->relid, candidates, false);
	}
	pvext_leave(&scope);
	result = cstring_to_text(sql.data);
	PG_RETURN_TEXT_P(result);
}
