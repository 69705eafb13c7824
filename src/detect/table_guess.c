/*
 * table_guess.c
 *		What a table is for, by its name and its columns.
 *
 * Guesses for who reads a proposal: what its rows are kept for and how long, the column
 * that says since when, and whether they are worth nothing without their person.
 */
#include "postgres.h"
#include "base/message.h"

#include <ctype.h>

#include "base/catalog.h"
#include "base/result.h"
#include "base/spi.h"
#include "catalog/pg_type.h"
#include "detect/name_guess.h"
#include "detect/table_guess.h"
#include "lib/stringinfo.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

/* The first that fits the table's name counts; the last fits all. */
const PvextPurposeGuess pvext_purposes[] =
{
	{"session sessions token tokens login logins otp *access_log *accesslog audit audits *audit_log attempt attempts device devices *password_reset",
		"security", "legitimate_interests", "to keep accounts safe", "6 months", "%s"},
	{"invoice invoices payment payments *ledger journal *transaction bill bills billing receipt receipts refund refunds fee fees order orders"
		" *credit_note voucher vouchers tax taxes *faktura bilag betaling regnskap rechnung rechnungen buchung facture factures paiement gl ar ap acc_trans",
		"bookkeeping", "legal_obligation", "to document sales", "5 years", "pv.accounting_year_end(%s)"},
	{"newsletter newsletters subscriber subscribers marketing campaign campaigns lead leads *mailing *nyhetsbrev",
		"marketing", "consent", "to write to those who want it", "1 year", "%s"},
	{"employee employees salary salaries payroll wage wages staff ansatt ansatte mitarbeiter personal timesheet timesheets timecard",
		"employment", "contract", "to employ those who work here", "5 years", "%s"},
	{"", "service", "contract", "to deliver what was agreed", "3 years", "%s"}
};
const int	pvext_n_purposes = lengthof(pvext_purposes);

/* The number of the purpose that the table's rows may serve. */
int
pvext_guess_purpose(Oid relid)
{
	char	   *name = get_rel_name(relid);
	int			i = 0;

	while (i < pvext_n_purposes - 1 && !pvext_name_says(name, pvext_purposes[i].words))
		i++;
	return i;
}

/* What ends or happens counts for more than when the row was made, and that more than when it was changed. */
static const char *const clocks[] = {
	"ended ends end terminated closed cancelled canceled completed finished *utlop expired expires expiry *slutt left",
	"*issue *issued *invoice_d *invoiced *due *paid *payment transdate *posted *order_d *ordered *sent *occurred happened *booked",
	"*created *inserted *registered crdate *opprettet erstellt date datum dato time timestamp",
	"*updated *modified *last *seen",
	"*"
};

/* Of persons only that they have left, or when they were last there, counts: since when they are there is no end. */
static const char leaving[] =
"ended terminated closed cancelled canceled left deactivated *slutt sluttet *last_log *last_seen *last_acti *last_visit *last_sign *lastlog *lastseen *last_used";

/* The first date or time whose name says one of the words, quoted, or NULL. */
static char *
find_time(Oid relid, const char *words)
{
	ListCell   *lc;

	foreach(lc, pvext_columns(relid))
	{
		Oid			type;

		(void) pvext_column(relid, lfirst(lc), &type, NULL);
		type = getBaseType(type);
		if ((type == DATEOID || type == TIMESTAMPOID || type == TIMESTAMPTZOID) &&
			pvext_name_says(lfirst(lc), words) && !pvext_name_says(lfirst(lc), "*birth dob born"))
			return pstrdup(quote_identifier(lfirst(lc)));
	}
	return NULL;
}

/*
 * The date or time by which the rows may be kept, quoted, or NULL; of persons' own rows, one by which
 * they have left.
 */
char *
pvext_guess_clock(Oid relid, bool persons)
{
	char	   *found = persons ? find_time(relid, leaving) : NULL;

	for (int i = 0; i < lengthof(clocks) && found == NULL && !persons; i++)
		found = find_time(relid, clocks[i]);
	return found;
}

/* Words for persons, and for what is written down of one of them alone. */
static const char *const persons =
"user users person persons people member members participant participants customer customers client clients contact contacts employee employees"
" staff author authors subscriber subscribers guest guests patient patients student students teacher teachers candidate candidates applicant applicants"
" passenger passengers donor donors volunteer volunteers tenant_user player players profile profiles userprofile identity identities"
" address addresses recipient recipients attendee attendees beneficiary beneficiaries family child children parent parents kin"
" bruker brukere kunde kunder medlem medlemmer ansatt ansatte elev elever pasient adresse adresser bruger brugere medarbejder"
" benutzer kunden mitglied mitglieder mitarbeiter adressen anschrift klant klanten gebruiker gebruikers lid leden adres adressen"
" utilisateur utilisateurs client clients personne personnes usuario usuarios cliente clientes persona personas direccion anvandare";

/* What the last word of a table's name, or all of it, may be where its rows are of persons: a word, or a subject's name. */
static bool
ends_in_person(const char *plain)
{
	char	   *bare = pstrdup(plain);
	size_t		length = strlen(bare);

	while (length > 0 && (bare[length - 1] == '_' || isdigit((unsigned char) bare[length - 1])))
		bare[--length] = '\0';
	return pvext_ends_in(bare, persons);
}

/*
 * Are the table's rows persons, or what is written down of each of them, such as an address?
 * A name in such a table is a person's.
 */
bool
pvext_is_of_persons(Oid relid)
{
	char	   *plain = pvext_plain_name(get_rel_name(relid));
	PvextArgs	args = {0};

	pvext_arg_oid(&args, OIDOID, relid);
	return ends_in_person(plain) || pvext_looks_like_persons(relid) ||
		(pvext_any_fits(plain, persons) && pvext_any_fits(plain, "name names navn namn alias aliases")) ||
		pvext_own("SELECT FROM pv.declared_subject AS s JOIN pv.relation AS r ON r.id = s.relation_id"
				  " WHERE r.relation = $1", &args) > 0;
}

/* Is it a chart of accounts, whose numbers are nobody's? */
bool
pvext_is_chart(Oid relid)
{
	return pvext_name_says(get_rel_name(relid), "chart coa ledger gl kontoplan kontoplaner kontenplan *chart_of account_class account_type"
						   " =account =accounts =konto =konten") && !pvext_looks_like_persons(relid);
}

/* Is anything in the table besides keys, times, numbers, switches and codes? */
static bool
has_content(Oid relid)
{
	List	   *referring = pvext_referring_columns(relid);
	ListCell   *lc;

	foreach(lc, pvext_columns(relid))
	{
		char	   *name = lfirst(lc);
		Oid			type;

		(void) pvext_column(relid, name, &type, NULL);
		if (pvext_name_says(name, "*amount *price *plan *total *billing"))
			return true;
		if (!pvext_has_name(referring, name) && !strchr("NUDTBE", pvext_type_letter(type)) && !pvext_says_code(name))
			return true;
	}
	return false;
}

/*
 * Is what the table holds of use only while its person is there?  Secrets and sessions are;
 * and that somebody has voted, follows or is a friend, where the row says no more.
 */
bool
pvext_is_passing(Oid relid)
{
	char	   *name = get_rel_name(relid);

	if (pvext_name_says(name, "session sessions token tokens otp otps *push_sub *pushsub *password_reset *remember nonce nonces"
						" *api_key *apikey *oauth_access *access_grant *refresh_tok *login_tok *device_tok"))
		return true;
	return pvext_name_says(name, "subscription subscriptions subscriber subscribers friend friends friendship friendships mute mutes muted ignored"
						   " *user_block vote votes favorite favorites favourite favourites faves bookmark bookmarks watch watches"
						   " watcher watchers follow follows follower followers *dismissal like likes visit visits *impression") &&
		!has_content(relid);
}

/* The columns of the table's foreign keys to other tables. */
List *
pvext_referring_columns(Oid relid)
{
	PvextArgs	args = {0};
	List	   *names = NIL;

	pvext_arg_oid(&args, OIDOID, relid);
	(void) pvext_own("SELECT DISTINCT a.attname FROM pg_constraint AS k"
					 " JOIN pg_attribute AS a ON a.attrelid = k.conrelid AND a.attnum = ANY (k.conkey)"
					 " WHERE k.contype = 'f' AND k.conrelid = $1", &args);
	for (uint64 i = 0; i < SPI_processed; i++)
		names = lappend(names, pvext_value(i, 1));
	return names;
}

/* Does a row only say that two others go together, and since when? */
bool
pvext_is_junction(Oid relid)
{
	List	   *referring = pvext_referring_columns(relid);
	List	   *key = pvext_primary_key(relid);
	int			n = 0;
	ListCell   *lc;

	foreach(lc, pvext_columns(relid))
	{
		char	   *name = lfirst(lc);
		Oid			type;

		(void) pvext_column(relid, name, &type, NULL);
		if (pvext_has_name(referring, name) ||
			(strchr("NU", pvext_type_letter(type)) && list_length(key) != 1 && pvext_name_says(name, "id")))
			n++;
		else if (!(list_length(key) == 1 && pvext_has_name(key, name)) && pvext_type_letter(type) != 'D')
		{
			if (strchr("NU", pvext_type_letter(type)) && !pvext_has_name(key, name) &&
				pvext_name_says(name, "id") && strcmp(name, "id") != 0)
				n++;
			else
				return false;
		}
	}
	return n == 2;
}

/* How many rows the table has by its last ANALYZE, in words. */
char *
pvext_row_estimate(Oid relid)
{
	PvextArgs	args = {0};

	pvext_arg_oid(&args, OIDOID, relid);
	(void) pvext_own("SELECT CAST(reltuples AS bigint) FROM pg_class WHERE oid = $1", &args);
	if (SPI_processed == 0 || pvext_int(0, 1) < 0)
		return "rows not counted yet";
	return pvext_int(0, 1) == 1 ? "about 1 row" : psprintf("about " INT64_FORMAT " rows", pvext_int(0, 1));
}
