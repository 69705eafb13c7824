/*
 * name_guess.c
 *		What names of columns, links and tables say.
 *
 * Words are English, Norwegian, Danish, Swedish, German, Dutch, French, Spanish and others,
 * without accents (name_word.c).  They are hints for who reads a proposal, not knowledge:
 * pvext does nothing by them.
 */
#include "postgres.h"
#include "base/message.h"

#include "base/catalog.h"
#include "catalog/pg_type.h"
#include "detect/name_guess.h"
#include "utils/lsyscache.h"

/* What a rule tells of the table. */
enum
{
	NAME = 1,					/* it has names, which things have, too */
	WHO = 2,					/* its rows are about persons: they have what belongs to one alone */
	OWN = 4						/* its names are those of persons */
};

/*
 * What the name of a column says.  Types are categories of pg_type, of an array's elements;
 * J is json.  The first rule that fits counts; but what ends in a word for a code, or for
 * what is counted, is none of these, however it begins.
 */
static const struct
{
	const char *words;
	const char *types;
	const char *category;
	const char *erase_with;		/* or NULL */
	int			tells;
}			rules[] =
{
	{"*mail_code *mailcode postal postcode zip *zipcode *zip_code plz *postnummer postnr *post_code *postleitzahl *code_postal *codigo_postal cep"
		" *kod_pocztowy *postinumero", "SN", "address", NULL},
	{"*file_name *filename dateiname filnavn", "S", "other", NULL},
	{"*domain_name *host_name hostname", "S", "technical", NULL},
	{"*mail epost e_post courriel correo *correo_electronico *sahkoposti", "S", "identifying", NULL, WHO},
	{"*phone mobile *mobile_phone mobile_number mobile_no mobileno *telefon *telephone tel telno telnr tlf tlfnr mobil *mobilnr *mobilnummer handy *handynr fax telefax cell msisdn mob mobno =ph_no"
		" *telefoon *telefono *telefone *puhelin *movil *celular *cellulare portable gsm whatsapp", "SN", "identifying", NULL, WHO},
	{"ssn national nin *personnummer *personnr *fodselsn *foedselsn fnr *passport pass *passnummer passnr *pasaporte tin cpr nif nie dni nino sin"
		" *cpf curp bsn nir pesel *social_security *securite_sociale national_id national_identity national_insurance personal_id *tax_id *taxid *tax_identification *steuernummer"
		" *steuer_id *license_number *license_no *licence_number *licence_no *driver_licen *drivers_licen *driving_licen *codice_fiscale *henkilotunnus *hetu *sozialversicherung"
		" svnr ahv *ausweis *vat_number *vat_id *vatid *vat_no rodne_cislo egn",
	"SN", "identifying", NULL, WHO},
	{"birth *birthd *birth_d *birthday bday dob yob born fodt foedt *fodselsd *foedselsd *fodelsed *birthplace *birth_place bursdag *geburt geb *geboorte"
		" naissance *nacimiento *nascita *nascimento *urodzenia *syntyma *anniversaire =age =alder", "DSN", "birth", NULL, WHO},
	{"iban bic swift *bank_account *bankaccount *account_no *account_num *accountno *accountnum *kontonummer *kontonr *konto_nr *bankkonto"
		" *rekeningnummer *numero_cuenta *numero_compte acc_number *bank_acc =card *creditcard *credit_card *card_number"
		" *card_no *cardno pan kortnr *kortnummer *last4 *last_four"
		" *routing_number *sort_code clabe vat salary wage wages income lonn loenn loon gehalt salaire salario",
	"SN", "financial", NULL},
	{"ip ipaddr ipaddress ipadresse ip_addr ip_address *remote_addr *remote_ip *user_host *useragent *user_agent =agent device udid imei mac cookie"
		" session *fingerprint referer referrer", "ISU", "technical", NULL},
	{"lat lon lng latitude longitude *latitude *longitude swlat swlng nelat nelng *breddegrad *lengdegrad *breitengrad *laengengrad *langengrad"
		" *lonlat *latlon *latlng coordinates *geolocation *geohash quadkey", "SNGU", "location", NULL},
	{"location gps geom geo", "SGU", "location", NULL},
	{"*address *adresse *adress *adres addr address1 street streetname strasse *strasse rue calle gata gate gade *gateadresse *gatuadress vei veg vej"
		" straat ulica katu rua *anschrift *direccion *domicilio *indirizzo *endereco *osoite house hausnummer *huisnummer *husnummer husnr"
		" line_one line_two line_three city ort ville ciudad citta cidade stad miasto kaupunki *woonplaats plaats *poststed town kommune region"
		" province provincia county fylke municipality suburb", "S", "address", NULL},
	{"*photo *picture *avatar *portrait *image bilde bild foto gravatar selfie", "SU", "picture", NULL},
	{"note notes comment comments remark remarks description message body text merknader merknad notat notater kommentar beskrivelse melding fritekst"
		" bio biography about reason feedback review opinion answer reply response content contents title subject caption memo annotation instruction instructions"
		" beschreibung bemerkung bemerkungen anmerkung notiz nachricht remarque remarques commentaire commentaires comentario comentarios observaciones"
		" descripcion opmerking opmerkingen bericht anteckning anteckningar bemaerkning bemaerkninger besked",
	"S", "free text", "redact"},
	{"*firstname *first_name *lastname *last_name *surname *fullname *full_name *username *user_name *middlename *middle_name *maiden *givenname *given_name"
		" *familyname *family_name *realname *real_name *nickname *screen_name *legal_name *fornavn *etternavn *efternavn *mellomnavn *brukernavn *brugernavn"
		" *fornamn *efternamn *anvandarnamn *vorname *nachname *familienname *benutzername *voornaam *achternaam *tussenvoegsel *gebruikersnaam"
		" *prenom *nom_de_famille *nom_utilisateur *apellido *nombre_usuario *cognome *sobrenome *imie *nazwisko *etunimi *sukunimi"
		" =fname =lname =mname =sname =uname cust_fname cust_lname emp_fname emp_lname =first =last =given =sur =middle nick login pseudo handle *kontaktperson ansprechpartner"
		" *contact_name *contact_person *customer_name *client_name *member_name *person_name *employee_name *patient_name *student_name *guest_name"
		" *passenger_name *recipient_name *receiver_name *sender_name ship_name shipping_name bill_name billing_name delivery_name ship_to_name"
		" bill_to_name payer_name payee_name pay_to_name holder_name *cardholder card_holder *account_holder *beneficiary *signatory"
		" *author_name *owner_name *creator_name contact recipient addressee mottaker avsender",
	"S", "identifying", NULL, NAME | OWN},
	{"name names navn namn naam nom nombre nome nimi alias given middle first last user bruker author owner uploader", "S", "identifying", NULL, NAME},
	{"gender sex kjonn kjoenn kon koen geschlecht geslacht sexe sexo sesso plec sukupuoli *nationality *nasjonalit *nationalit *nacionalidad"
		" *staatsang *citizenship religion *religious konfession health helse *diagnos union ethnicity *disability *handicap *marital *sivilstand"
		" *familienstand *krankenkasse *allerg *blood_type *blood_group pronouns *political",
	"S", "special", NULL}
};

/* What ends so, with something before it, is a text, whatever it is about. */
static const char texts[] = "note notes comment comments remark remarks description message body text subject";

/* Secrets, of any type that holds them; and those that numbers may be. */
static const char secrets[] =
"*passw *passwd pwd psw pwhash *pass_crypt *passcrypt *pass_hash *passhash *pass_salt *user_pass *userpass *passphrase *passord *passwort *kennwort"
" *motdepasse *mot_de_passe mdp *contrasena *wachtwoord *losenord *adgangskode *haslo *salasana =pass smtp_pass db_pass =senha *crypted *encrypted salt *bcrypt *argon2 *pbkdf"
" *token secret secrets *clientsecret *appsecret *secretkey pin otp *totp *apikey *api_key *auth_key *authkey *access_key *activation_key *private_key *public_key *ssh_key nonce nokkel schluessel"
" *session_id *sessionid *session_key *sess_id sid *credential *security_answer";
static const char codes_of_secrets[] =
"*backup_code *backupcode *recovery_code *recoverycode *reset_code *verification_code *verify_code *activation_code *confirmation_code *confirm_code"
" *security_code *otp_code *login_code *access_code *scratch_code passcode passcodes pincode =cvv =cvc =cvv2 card_cvv card_cvc";

/* What ends so is about a secret, and none. */
static const char about_secrets[] =
"type kind format status state version algorithm method count counter enabled required expires expiry expiration at on date time length policy provider"
" valid strength attempts hint iterations cost size updated created changed";

/* A name that ends so is of a code, whatever it begins with; of numbers, too, a key or a count. */
static const char codes[] =
"type kind status state format version mode level priority currency locale timezone zone language lang class category"
" algorithm checksum digest unit color colour encoding frequency visibility scope role country method direction etag environment"
" size width height length";
static const char numbers[] =
"id ids count counter size total position rank order index rate percent percentage";

/* Names of parts of a program. */
static const char parts[] =
"*table_name tablename *class_name classname *service_name *model_name *job_name *form_name formname *queue_name *field_name *column_name *index_name"
" *event_name *action_name *template_name *file_ext file_extension mime *mime_type *content_type *email_domain *mail_domain mailing_list *mailer"
" phone_code phone_prefix phonecode dial_code country_code";

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

/* Does a plain name, of a column of such a type, say that it holds a secret? */
static bool
is_secret(const char *plain, char letter)
{
	if (pvext_ends_in(plain, about_secrets))
		return false;
	return (strchr("SU", letter) && pvext_any_fits(plain, secrets)) ||
		(strchr("SUN", letter) && pvext_any_fits(plain, codes_of_secrets));
}

/* Is it a text, by what its name ends in? */
static bool
is_text(const char *plain, char letter)
{
	return letter == 'S' && strchr(plain, '_') && pvext_ends_in(plain, texts);
}

/* The number of the rule that fits a column, -1 where none does. */
static int
find_rule(const char *name, Oid type)
{
	char	   *plain = pvext_plain_name(name);
	char		letter = pvext_type_letter(type);
	bool		text = is_text(plain, letter);

	if (pvext_ends_in(plain, codes) || pvext_any_fits(plain, parts) ||
		(strchr("NU", letter) && pvext_ends_in(plain, numbers)))
		return -1;
	for (int i = 0; i < lengthof(rules); i++)
		if (strchr(rules[i].types, letter) != NULL &&
			(text ? rules[i].erase_with != NULL : pvext_any_fits(plain, rules[i].words)))
			return i;
	return -1;
}

/* Does the name of a text say that it is personal? */
bool
pvext_says_personal(const char *name)
{
	return is_secret(pvext_plain_name(name), 'S') || find_rule(name, TEXTOID) >= 0;
}

/* Does the name say that the column holds a secret, if it is a text? */
bool
pvext_says_secret(const char *column)
{
	return is_secret(pvext_plain_name(column), 'S');
}

/* Does the name say that the column holds one of a few codes? */
bool
pvext_says_code(const char *column)
{
	char	   *plain = pvext_plain_name(column);

	return (pvext_ends_in(plain, codes) || pvext_any_fits(plain, parts)) && !is_secret(plain, 'S');
}

/* What is proposed for a column; false where its name says nothing. */
bool
pvext_guess_column(Oid relid, const char *column, PvextGuess *guess)
{
	Oid			type;
	int			rule;

	memset(guess, 0, sizeof(*guess));
	(void) pvext_column(relid, column, &type, NULL);
	if (is_secret(pvext_plain_name(column), pvext_type_letter(type)))
	{
		guess->category = "credential";
		return true;
	}
	rule = find_rule(column, type);
	if (rule < 0)
		return false;
	guess->category = rules[rule].category;
	guess->is_name = (rules[rule].tells & NAME) != 0;
	guess->of_person = (rules[rule].tells & OWN) != 0;
	guess->erase_with = rules[rule].erase_with;
	return true;
}

/* Words for where somebody lives, rather than for a part of the world. */
static const char *const home =
"*address *adresse *adress *adres addr street strasse *strasse rue calle gata gate gade gateadresse vei veg vej straat ulica house line_one *anschrift"
" *direccion *mail_code *mailcode postal *postcode *post_code zip *zipcode *zip_code plz *postnummer postnr *postleitzahl *code_postal *codigo_postal";

/* Does a column's name say that each row has something of a person's, rather than a name or a kind? */
bool
pvext_is_personal_name(const char *name, Oid type)
{
	char	   *plain = pvext_plain_name(name);
	int			rule = find_rule(name, type);

	if (is_secret(plain, pvext_type_letter(type)))
		return true;
	if (rule < 0)
		return false;
	if (rules[rule].tells == WHO || strcmp(rules[rule].category, "birth") == 0 ||
		strcmp(rules[rule].category, "financial") == 0 || strcmp(rules[rule].category, "special") == 0)
		return true;
	return strcmp(rules[rule].category, "address") == 0 && pvext_any_fits(plain, home);
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
	return (tells & (NAME | WHO)) == (NAME | WHO);
}

/*
 * Words of a link to somebody who did something with the row, and whose it is not.  One
 * that the parent's own name has, too, says nothing.
 */
static const char acted[] =
"by av acting banner create write *edby *tenby *salesm *salesp *salesr seller rep reps *representative agent *manager *approve"
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
	char	   *words = pvext_plain_name(pvext_join_names(columns, "_", false));
	char	   *of_parent = pvext_plain_name(OidIsValid(parent) ? get_rel_name(parent) : "");
	const char *word = acted;

	while (*word)
	{
		int			length = strcspn(word, " ");

		if (pvext_word_fits(words, word, length) && !pvext_word_fits(of_parent, word, length))
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
