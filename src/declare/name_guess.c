/*
 * name_guess.c
 *		What names of columns, links and tables say, in English and Norwegian.
 *
 * They are hints for who reads a proposal, not knowledge: pvext does nothing by them.
 */
#include "postgres.h"
#include "base/message.h"

#include <ctype.h>

#include "base/catalog.h"
#include "catalog/pg_type.h"
#include "declare/name_guess.h"
#include "lib/stringinfo.h"
#include "utils/lsyscache.h"

/*
 * What the name of a column says.  Words are English and Norwegian; each is
 * one of the name's words ("ip" in client_ip, not in zip), or with a star a
 * part of it ("*mail" in useremail).  Types are categories of pg_type, J being
 * json.  The first rule that fits counts.  A table with a name and something that
 * belongs to one person alone, such as an e-mail address, may be one of persons.
 */
enum
{
	NAME = 1, WHO = 2
};

static const struct
{
	const char *words;
	const char *types;
	const char *category;
	const char *erase_with;		/* or NULL */
	int			tells;			/* of the persons that the rows are about */
}			rules[] =
{
	{"*passw *passord hash salt token secret pin otp apikey nokkel", "SU", "credential", NULL, WHO},
	{"*mail epost", "S", "identifying", NULL, WHO},
	{"*phone *mobile *telefon tel tlf mobil mobilnr fax telefax cell msisdn", "SN", "identifying", NULL, WHO},
	{"ssn national nin *personnummer *personnr *fodselsn *foedselsn fnr passport pass *passnummer tin cpr",
	"SN", "identifying", NULL, WHO},
	{"birth *birthd dob born fodt foedt *fodselsd *foedselsd bursdag", "DSN", "birth", NULL, WHO},
	{"iban bic swift account konto *kontonummer *kontonr card *creditcard pan kortnr *kortnummer",
	"SN", "financial", NULL},
	{"ip *ipaddr *ipadress useragent agent device mac cookie session fingerprint", "ISU", "technical", NULL},
	{"lat lon lng latitude longitude *breddegrad *lengdegrad location gps geom", "SNGU", "location", NULL},
	{"*address *adresse addr street gate gateadresse vei house city *poststed town kommune region county fylke",
	"S", "address", NULL},
	{"postal postcode zip zipcode *postnummer postnr", "SN", "address", NULL},
	{"photo picture avatar portrait image bilde foto signature signatur", "SU", "picture", NULL},
	{"note notes comment comments remark remarks description message body text merknad merknader notat notater kommentar beskrivelse melding fritekst",
	"S", "free text", "redact"},
	{"*firstname *lastname *surname *fullname *username *fornavn *etternavn *mellomnavn *brukernavn"
		" first last given sur middle maiden name names navn nickname alias contact kontaktperson user login bruker nick handle",
	"S", "identifying", NULL, NAME},
	{"gender sex kjonn kjoenn nationality nasjonalitet religion health helse diagnosis diagnose union",
	"S", "special", NULL}
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

/* What is proposed for a column; false where its name says nothing. */
bool
pvext_guess_column(Oid relid, const char *column, PvextGuess *guess)
{
	Oid			type;
	int			rule;

	(void) pvext_column(relid, column, &type, NULL);
	rule = find_rule(column, type);
	if (rule < 0)
		return false;
	guess->category = rules[rule].category;
	guess->erase_with = rules[rule].erase_with;
	return true;
}

/* Is the column of a type that may hold anything, so that it has to be looked at? */
bool
pvext_may_hold_anything(Oid relid, const char *column)
{
	Oid			type;

	(void) pvext_column(relid, column, &type, NULL);
	return type_letter(type) == 'J' || getBaseType(type) == TEXTOID ||
		getBaseType(type) == VARCHAROID || getBaseType(type) == BPCHAROID;
}

/* Do the columns of a table look like those of persons, rather than of what they have or do? */
bool
pvext_looks_like_persons(Oid relid)
{
	int			tells = 0;
	ListCell   *lc;

	foreach(lc, pvext_columns(relid))
	{
		Oid			type;
		int			rule;

		(void) pvext_column(relid, lfirst(lc), &type, NULL);
		rule = find_rule(lfirst(lc), type);
		if (rule >= 0)
			tells |= rules[rule].tells;
	}
	return tells == (NAME | WHO);
}

/*
 * Words of a link to somebody who did something with the row, and whose it is not.  One
 * that the parent's own name has, too, says nothing.
 */
static const char acted[] =
"by av *edby *tenby *salesm *salesp *salesr seller rep reps *representative agent *manager *approve"
" *editor *creator *updater *modifier *reviewer *moderator *supervisor boss chief leader"
" *assign *responsible *handler *operator *admin clerk cashier teller *consultant *advisor"
" *adviser *coordinator *inspector *auditor *verifier *checker *signer *issuer officer *worker"
" *technician *mechanic driver courier coach trainer *planner *publisher *processor *recorder"
" mentor tutor *translator *contractor *inviter *referrer *sponsor"
" *selger *leder sjef *behandler *ansvarlig *godkjenn *redaktor *redakt\303\270r *attest"
" *anviser *konsulent *radgiver *r\303\245dgiver *medarbeider *forvalter *megler *oppretter *registrert";

/* Does a link's name say that the parent is who acted? */
bool
pvext_says_acted(List *columns, Oid parent)
{
	char	   *words = split_words(pvext_join_names(columns, "_", false));
	char	   *of_parent = split_words(get_rel_name(parent));
	const char *word = acted;

	while (*word)
	{
		int			length = strcspn(word, " ");

		if (word_fits(words, word, length) && !word_fits(of_parent, word, length))
			return true;
		word += length + strspn(word + length, " ");
	}
	return false;
}
