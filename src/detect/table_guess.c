/*
 * table_guess.c
 *		What a table is for, by its name and its columns.
 *
 * Guesses for who reads a proposal: what its rows are kept for and how long, the column
 * that says since when, and whether they are worth nothing without their person.
 */
#include "postgres.h"
#include "base/message.h"

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

/* The date or time by which the rows may be kept, quoted, or NULL. */
char *
pvext_guess_clock(Oid relid)
{
	List	   *columns = pvext_columns(relid);
	ListCell   *lc;

	for (int i = 0; i < lengthof(clocks); i++)
		foreach(lc, columns)
		{
			Oid			type;

			(void) pvext_column(relid, lfirst(lc), &type, NULL);
			type = getBaseType(type);
			if ((type == DATEOID || type == TIMESTAMPOID || type == TIMESTAMPTZOID) &&
				pvext_name_says(lfirst(lc), clocks[i]) && !pvext_name_says(lfirst(lc), "*birth dob born"))
				return pstrdup(quote_identifier(lfirst(lc)));
		}
	return NULL;
}

/* Is what the table holds of use only while its person is there? */
bool
pvext_is_passing(Oid relid)
{
	return pvext_name_says(get_rel_name(relid),
						   "session sessions token tokens otp otps *push_sub *pushsub *password_reset *remember nonce nonces"
						   " *api_key *apikey *oauth_access *access_grant *refresh_tok *login_tok *device_tok");
}

/* The columns of the table's foreign keys to other tables. */
static List *
referring_columns(Oid relid)
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
	List	   *referring = referring_columns(relid);
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
