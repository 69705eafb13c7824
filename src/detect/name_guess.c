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
#include "detect/name_guess.h"
#include "lib/stringinfo.h"
#include "utils/lsyscache.h"

/*
 * What the name of a column says.  Words are English, Norwegian, German and French; each is
 * one of the name's words ("ip" in client_ip, not in zip), or with a star a
 * part of it ("*mail" in useremail).  Types are categories of pg_type, of an array's
 * elements; J is json.  The first rule that fits counts.  A table with a name and something that
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
	{"*passw *passord *passwort *motdepasse *crypted *encrypted hash salt *token *secret pin otp *apikey *api_key *auth_key"
		" *private_key *public_key *ssh_key nokkel schluessel", "SU", "credential", NULL},
	{"*file_name *filename *service_name *class_name *table_name *host_name *hostname *domain_name", "S", "technical", NULL},
	{"*mail epost courriel", "S", "identifying", NULL, WHO},
	{"*phone *mobile *telefon *telephone tel tlf mobil mobilnr handy fax telefax cell msisdn", "SN", "identifying", NULL, WHO},
	{"ssn national nin *personnummer *personnr *fodselsn *foedselsn fnr *passport pass *passnummer tin cpr nif nie dni cpf curp"
		" *social_security *national_id *personal_id *tax_id *taxid *tax_identification *steuernummer *license_number *licence_number",
	"SN", "identifying", NULL, WHO},
	{"birth *birthd *birth_d dob born fodt foedt *fodselsd *foedselsd bursdag *geburt *naissance *anniversaire age alder", "DSN", "birth", NULL, WHO},
	{"iban bic swift *bank_account *bankaccount *account_no *account_num *accountno *accountnum *kontonummer *kontonr card *creditcard *credit_card"
		" *card_number pan kortnr *kortnummer *last4 *last_four *routing_number *sort_code clabe vat salary wage income lonn gehalt",
	"SN", "financial", NULL},
	{"ip ipaddr ipaddress ipadresse *remote_addr useragent agent device udid imei mac cookie session *fingerprint referer", "ISU", "technical", NULL},
	{"lat lon lng latitude longitude *breddegrad *lengdegrad *breitengrad *laengengrad location gps geom geo lonlat coordinates *geolocation", "SNGU", "location", NULL},
	{"*address *adresse addr street strasse rue gate gateadresse vei house hausnummer city ort ville *poststed town kommune region province county fylke",
	"S", "address", NULL},
	{"postal postcode zip zipcode plz *postnummer postnr", "SN", "address", NULL},
	{"*photo *picture *avatar *portrait *image bilde bild foto signature signatur gravatar", "SU", "picture", NULL},
	{"note notes comment comments remark remarks description message body text merknad merknader notat notater kommentar beskrivelse melding fritekst"
		" bio biography about reason feedback review opinion answer reply response content contents title subject caption memo annotation instruction instructions"
		" beschreibung bemerkung bemerkungen anmerkung notiz nachricht remarque remarques commentaire",
	"S", "free text", "redact"},
	{"*firstname *lastname *surname *fullname *username *fornavn *etternavn *mellomnavn *brukernavn"
		" first last given sur middle maiden name names navn nickname alias contact kontaktperson user login bruker nick handle"
		" vorname nachname *benutzername prenom nom recipient addressee mottaker avsender author owner uploader",
	"S", "identifying", NULL, NAME},
	{"gender sex kjonn kjoenn geschlecht sexe nationality nasjonalitet religion health helse diagnosis diagnose union ethnicity disability",
	"S", "special", NULL}
};

/* A name that ends so is of a code, whatever it begins with; of numbers, too, a key or a count. */
static const char codes[] =
"type kind status state format version mode level priority currency locale timezone zone language lang class category"
" algorithm checksum digest unit color colour encoding frequency visibility scope role country method direction etag environment";
static const char numbers[] =
"id ids count counter size total position rank order index";

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

/* The category of a type, of an array's elements; J for json and jsonb. */
char
pvext_type_letter(Oid type)
{
	char		letter;
	bool		preferred;

	type = getBaseType(type);
	if (OidIsValid(get_element_type(type)))
		type = getBaseType(get_element_type(type));
	if (type == JSONOID || type == JSONBOID)
		return 'J';
	get_type_category_preferred(type, &letter, &preferred);
	return letter;
}

/* Does any of the words fit the name, which split_words() has split? */
static bool
any_fits(const char *name, const char *words)
{
	const char *word = words;

	while (*word)
	{
		int			length = strcspn(word, " ");

		if (word_fits(name, word, length))
			return true;
		word += length + strspn(word + length, " ");
	}
	return false;
}

/* Does the name end in one of the words? */
static bool
ends_in(const char *name, const char *words)
{
	const char *last = strrchr(name, '_');

	return any_fits(last ? last + 1 : name, words);
}

/* The number of the rule that fits a column, -1 where none does. */
static int
find_rule(const char *name, Oid type)
{
	char	   *words = split_words(name);
	char		letter = pvext_type_letter(type);

	if (ends_in(words, codes) || (strchr("NU", letter) && ends_in(words, numbers)))
		return -1;
	for (int i = 0; i < lengthof(rules); i++)
		if (strchr(rules[i].types, letter) != NULL && any_fits(words, rules[i].words))
			return i;
	return -1;
}

/* Does the name of a text say that it is personal? */
bool
pvext_says_personal(const char *name)
{
	return find_rule(name, TEXTOID) >= 0;
}

/* Does the name say that the column holds one of a few codes? */
bool
pvext_says_code(const char *column)
{
	return ends_in(split_words(column), codes);
}

/* Is any of the words one of the name's?  See the words above. */
bool
pvext_name_says(const char *name, const char *words)
{
	return any_fits(split_words(name), words);
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
	guess->is_name = rules[rule].tells == NAME;
	guess->erase_with = rules[rule].erase_with;
	return true;
}

/* Words for where somebody lives, rather than for a part of the world. */
static const char *const home = "address adresse addr street gate gateadresse vei house postal postcode zip zipcode";

/* Does a column's name say that each row has something of a person's, rather than a name or a kind? */
bool
pvext_is_personal_name(const char *name, Oid type)
{
	int			rule = find_rule(name, type);

	if (rule < 0)
		return false;
	if (rules[rule].tells == WHO || strcmp(rules[rule].category, "credential") == 0 || strcmp(rules[rule].category, "birth") == 0 ||
		strcmp(rules[rule].category, "financial") == 0 || strcmp(rules[rule].category, "special") == 0)
		return true;
	return strcmp(rules[rule].category, "address") == 0 && any_fits(split_words(name), home);
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
" *editor *creator *updater *updator *committer *resolver *deleter *modifier *reviewer *moderator *supervisor boss chief leader"
" *assign *responsible *handler *operator *admin clerk cashier teller *consultant *advisor"
" *adviser *coordinator *inspector *auditor *verifier *checker *signer *issuer officer *worker"
" *technician *mechanic driver courier coach trainer *planner *publisher *processor *recorder"
" revoker granter *grantor closer resolver deleter remover canceller doctor nurse physician practitioner teacher lawyer attorney"
" mentor tutor *translator *contractor *inviter *referrer *sponsor"
" *selger *leder sjef *behandler *ansvarlig *godkjenn *redaktor *redakt\303\270r *attest"
" *anviser *konsulent *radgiver *r\303\245dgiver *medarbeider *forvalter *megler *oppretter *registrert";

/* Does a link's name, or with no parent a column's, say that it is of somebody who acted? */
bool
pvext_says_acted(List *columns, Oid parent)
{
	char	   *words = split_words(pvext_join_names(columns, "_", false));
	char	   *of_parent = split_words(OidIsValid(parent) ? get_rel_name(parent) : "");
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

/* Does a link's name say that the parent made the row? */
bool
pvext_says_made(List *columns)
{
	return pvext_name_says(pvext_join_names(columns, "_", false),
						   "*creat *author *upload *insert *submit *added *posted *opprett *started *opened");
}
