/*
 * guc.h
 *		The settings.
 */
#ifndef PVEXT_GUC_H
#define PVEXT_GUC_H

/* What is done about values that an erasure has left where the map does not know them. */
typedef enum PvextVerify
{
	PVEXT_VERIFY_OFF,
	PVEXT_VERIFY_WARNING,
	PVEXT_VERIFY_ERROR
} PvextVerify;

extern char *pvext_secret_file;
extern bool pvext_strict_ddl;
extern int	pvext_lock_timeout;
extern int	pvext_erasure_limit;
extern int	pvext_erasure_delay;
extern int	pvext_erasure_approvals;
extern int	pvext_unblock_delay;
extern int	pvext_verify_everywhere;
extern int	pvext_consent_token_lifetime;
extern int	pvext_consent_keep;
extern int	pvext_agreement_keep;
extern int	pvext_audit_keep;
extern char *pvext_actor;
extern char *pvext_read_purpose;
extern bool pvext_transaction_claims;
extern bool pvext_audit_reads;
extern int	pvext_audit_read_keys;
extern int	pvext_read_queue_size;
extern bool pvext_enabled;
extern int	pvext_naptime;
extern int	pvext_max_workers;
extern char *pvext_worker_role;
extern int	pvext_purge_batch_size;
extern int	pvext_purge_delay;
extern int	pvext_purge_limit;
extern int	pvext_max_replication_lag;
extern int	pvext_request_deadline;
extern int	pvext_request_keep;
extern char *pvext_authority;
extern int	pvext_audit_rotate;
extern int	pvext_step_timeout;
extern bool pvext_scrub;
extern bool pvext_scrub_wal;
extern int	pvext_scrub_interval;

extern void pvext_define_gucs(void);

#endif							/* PVEXT_GUC_H */
