/*
 * guc.c
 *		The settings.
 *
 * What guards the data against its users is SUSET: a superuser's, or that of
 * whom GRANT SET ON PARAMETER allows.
 */
#include "postgres.h"
#include "base/message.h"

#include <limits.h>

#include "base/guc.h"
#include "miscadmin.h"
#include "utils/guc.h"

char	   *pvext_secret_file = NULL;
bool		pvext_strict_ddl = false;
int			pvext_lock_timeout = 0;
int			pvext_erasure_limit = 100;
int			pvext_erasure_delay = 0;
int			pvext_erasure_approvals = 0;
int			pvext_unblock_delay = 0;
int			pvext_verify_everywhere = PVEXT_VERIFY_OFF;
int			pvext_consent_token_lifetime = 2592000;
int			pvext_consent_keep = 0;
int			pvext_agreement_keep = 0;
int			pvext_audit_keep = 0;
char	   *pvext_actor = NULL;
char	   *pvext_read_purpose = NULL;
bool		pvext_transaction_claims = false;
bool		pvext_audit_reads = true;
int			pvext_audit_read_keys = 20;
int			pvext_read_queue_size = 8192;
bool		pvext_enabled = true;
int			pvext_naptime = 60;
int			pvext_max_workers = 1;
char	   *pvext_worker_role = NULL;
int			pvext_purge_batch_size = 250;
int			pvext_purge_delay = 10;
int			pvext_purge_limit = 100000;
int			pvext_max_replication_lag = 0;
int			pvext_request_deadline = -1;
int			pvext_request_keep = 94608000;
char	   *pvext_authority = NULL;
int			pvext_audit_rotate = 2592000;
int			pvext_step_timeout = 60000;
bool		pvext_scrub = false;
bool		pvext_scrub_wal = false;
int			pvext_scrub_interval = 86400;

static const struct config_enum_entry verify_options[] = {
	{"off", PVEXT_VERIFY_OFF, false},
	{"warning", PVEXT_VERIFY_WARNING, false},
	{"error", PVEXT_VERIFY_ERROR, false},
	{"on", PVEXT_VERIFY_ERROR, true},
	{NULL, 0, false}
};

/* The settings of read audit. */
static void
define_read_gucs(void)
{
	DefineCustomStringVariable("pvext.purpose",
							   "What the application reads personal data for, as it claims; the audit log records it.",
							   NULL, &pvext_read_purpose, "", PGC_USERSET, 0, NULL, NULL, NULL);
	DefineCustomBoolVariable("pvext.audit_reads",
							 "Records who reads personal columns of audited tables.",
							 NULL, &pvext_audit_reads, true, PGC_SUSET, 0, NULL, NULL, NULL);
	DefineCustomIntVariable("pvext.audit_read_keys",
							"How many subjects of those that a statement reads about are named in the audit log.",
							NULL, &pvext_audit_read_keys, 20, 0, 1000, PGC_SUSET, 0,
							NULL, NULL, NULL);

	/*
	 * Later the server would end the session for it; and the memory is had at start
	 * alone.
	 */
	if (process_shared_preload_libraries_in_progress)
		DefineCustomIntVariable("pvext.read_queue_size",
								"How many reads can wait in shared memory to be recorded, at a kilobyte each.",
								"What does not fit goes to the server's log.",
								&pvext_read_queue_size, 8192, 16, 1048576, PGC_POSTMASTER, 0,
								NULL, NULL, NULL);
}

/* The settings of the duties, and of the worker that does them. */
static void
define_worker_gucs(void)
{
	DefineCustomBoolVariable("pvext.enabled",
							 "Lets the background worker do its duties in the database.",
							 NULL, &pvext_enabled, true, PGC_SUSET, 0, NULL, NULL, NULL);
	DefineCustomIntVariable("pvext.naptime",
							"Time between two rounds of the duties in a database.",
							NULL, &pvext_naptime, 60, 1, INT_MAX / 1000, PGC_SUSET,
							GUC_UNIT_S, NULL, NULL, NULL);
	DefineCustomIntVariable("pvext.max_workers",
							"Databases in which duties are done at the same time; 0: none are done in the background.",
							NULL, &pvext_max_workers, 1, 0, 100, PGC_SIGHUP, 0, NULL, NULL, NULL);
	DefineCustomStringVariable("pvext.worker_role",
							   "The role in whose name the background worker does its duties; empty: the one that the server was made with.",
							   NULL, &pvext_worker_role, "", PGC_SUSET, 0, NULL, NULL, NULL);
	DefineCustomIntVariable("pvext.purge_batch_size",
							"Rows that are purged in a transaction.",
							NULL, &pvext_purge_batch_size, 250, 1, 100000, PGC_SUSET, 0,
							NULL, NULL, NULL);
	DefineCustomIntVariable("pvext.purge_delay",
							"Pause between two transactions of a purge.",
							NULL, &pvext_purge_delay, 10, 0, INT_MAX, PGC_SUSET,
							GUC_UNIT_MS, NULL, NULL, NULL);
	DefineCustomIntVariable("pvext.purge_limit",
							"Rows that a retention rule may purge within 24 hours, besides those expected when it was activated; 0 for no limit.",
							NULL, &pvext_purge_limit, 100000, 0, INT_MAX, PGC_SUSET, 0,
							NULL, NULL, NULL);
	DefineCustomIntVariable("pvext.max_replication_lag",
							"A purge waits while a standby has this much WAL still to replay; 0 for never.",
							NULL, &pvext_max_replication_lag, 0, 0, INT_MAX, PGC_SUSET,
							GUC_UNIT_KB, NULL, NULL, NULL);
	DefineCustomIntVariable("pvext.request_deadline",
							"Requests for erasure that are older are late, also before they are due; -1: they are late when they are due.",
							"The GDPR, article 12(3), gives one month.",
							&pvext_request_deadline, -1, -1, INT_MAX, PGC_SUSET,
							GUC_UNIT_S, NULL, NULL, NULL);
	DefineCustomIntVariable("pvext.step_timeout",
							"How long a step of a duty may take, in which expressions and triggers of tables' owners run; 0 for ever.",
							"What takes longer is undone, and tried again later.",
							&pvext_step_timeout, 60000, 0, INT_MAX / 2, PGC_SUSET,
							GUC_UNIT_MS, NULL, NULL, NULL);
	DefineCustomBoolVariable("pvext.scrub",
							 "Lets the background worker scrub erased values from the database's files.",
							 NULL, &pvext_scrub, false, PGC_SUSET, 0, NULL, NULL, NULL);
	DefineCustomBoolVariable("pvext.scrub_wal",
							 "Lets it overwrite WAL, too.",
							 NULL, &pvext_scrub_wal, false, PGC_SUSET, 0, NULL, NULL, NULL);
	DefineCustomIntVariable("pvext.scrub_interval",
							"Time between two scrubs; each is for all erasures since the last.",
							NULL, &pvext_scrub_interval, 86400, 0, INT_MAX, PGC_SUSET,
							GUC_UNIT_S, NULL, NULL, NULL);
	DefineCustomIntVariable("pvext.audit_rotate",
							"How long the audit log's newest partition is written to before the worker goes on to the next; 0 for ever.",
							NULL, &pvext_audit_rotate, 2592000, 0, INT_MAX, PGC_SUSET,
							GUC_UNIT_S, NULL, NULL, NULL);
}

/*
 * Define all settings; from _PG_init().  Those that are SUSET and were set before (a
 * placeholder, by ALTER ROLE, say) are checked for the right to do so as they are
 * defined.  After that nobody can make up others that begin with "pvext.".
 */
void
pvext_define_gucs(void)
{
	DefineCustomStringVariable("pvext.secret_file",
							   "File that holds the secret of all keyed digests.",
							   "Without it the secret is kept in the database, and so in every dump.",
							   &pvext_secret_file, "", PGC_SIGHUP,
							   GUC_SUPERUSER_ONLY, NULL, NULL, NULL);
	DefineCustomBoolVariable("pvext.strict_ddl",
							 "Refuses DDL that breaks a declaration or adds an unclassified column to a mapped table.",
							 NULL, &pvext_strict_ddl, false, PGC_SUSET, 0, NULL, NULL, NULL);
	DefineCustomIntVariable("pvext.lock_timeout",
							"How long an erasure or a hold waits for a lock; 0 for as long as lock_timeout says.",
							NULL, &pvext_lock_timeout, 0, 0, INT_MAX, PGC_USERSET,
							GUC_UNIT_MS, NULL, NULL, NULL);
	DefineCustomIntVariable("pvext.erasure_limit",
							"Subjects that may be erased within 24 hours, all calls together; 0 for no limit.",
							NULL, &pvext_erasure_limit, 100, 0, INT_MAX, PGC_SUSET, 0,
							NULL, NULL, NULL);
	DefineCustomIntVariable("pvext.erasure_delay",
							"How long a request waits, and can be cancelled, before anything is erased.",
							NULL, &pvext_erasure_delay, 0, 0, INT_MAX, PGC_SUSET,
							GUC_UNIT_S, NULL, NULL, NULL);
	DefineCustomIntVariable("pvext.erasure_approvals",
							"Approvals by another login that a request needs.",
							NULL, &pvext_erasure_approvals, 0, 0, 1, PGC_SUSET, 0,
							NULL, NULL, NULL);
	DefineCustomIntVariable("pvext.unblock_delay",
							"How long a blocked request's blockers must have been clear before it is carried out.",
							NULL, &pvext_unblock_delay, 0, 0, INT_MAX, PGC_SUSET,
							GUC_UNIT_S, NULL, NULL, NULL);
	DefineCustomEnumVariable("pvext.verify_everywhere",
							 "Lets each erasure look in all tables of the database for what identified the person, and warn or fail where the data map does not know it.",
							 "It reads every table. A worker's erasures do so, too.",
							 &pvext_verify_everywhere, PVEXT_VERIFY_OFF, verify_options, PGC_SUSET, 0,
							 NULL, NULL, NULL);
	DefineCustomIntVariable("pvext.consent_token_lifetime",
							"How long a token to confirm or withdraw a consent can be used.",
							NULL, &pvext_consent_token_lifetime, 2592000, 1, INT_MAX,
							PGC_SUSET, GUC_UNIT_S, NULL, NULL, NULL);
	DefineCustomIntVariable("pvext.consent_keep",
							"How long the proof of a consent is kept after it has ended, also against an erasure.",
							NULL, &pvext_consent_keep, 0, 0, INT_MAX, PGC_SUSET,
							GUC_UNIT_S, NULL, NULL, NULL);
	DefineCustomIntVariable("pvext.request_keep",
							"How long it is kept, after the answer to a request, who the person said to be, and what proved it.",
							NULL, &pvext_request_keep, 94608000, 0, INT_MAX, PGC_SUSET,
							GUC_UNIT_S, NULL, NULL, NULL);
	DefineCustomStringVariable("pvext.authority",
							   "The supervisory authority that receipts of requests name.",
							   NULL, &pvext_authority, "Datatilsynet", PGC_SUSET, 0, NULL, NULL, NULL);
	DefineCustomIntVariable("pvext.agreement_keep",
							"How long the proof of an agreement is kept after it has ended, also against an erasure.",
							NULL, &pvext_agreement_keep, 0, 0, INT_MAX, PGC_SUSET,
							GUC_UNIT_S, NULL, NULL, NULL);
	DefineCustomIntVariable("pvext.audit_keep",
							"How long a partition of the audit log is kept after it has ended; 0 for ever.",
							NULL, &pvext_audit_keep, 0, 0, INT_MAX, PGC_SUSET,
							GUC_UNIT_S, NULL, NULL, NULL);
	DefineCustomStringVariable("pvext.actor",
							   "On whose behalf the application acts, as it claims; the audit log records it.",
							   NULL, &pvext_actor, "", PGC_USERSET, 0, NULL, NULL, NULL);
	DefineCustomBoolVariable("pvext.transaction_claims",
							 "Takes pvext.actor and pvext.purpose only where they were set by SET LOCAL.",
							 "A connection that a pooler gives to the next client keeps what was set for the session.",
							 &pvext_transaction_claims, false, PGC_SUSET, 0, NULL, NULL, NULL);
	define_read_gucs();
	define_worker_gucs();
	MarkGUCPrefixReserved("pvext");
}
