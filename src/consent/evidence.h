/*
 * evidence.h
 *		Evidence of consents and agreements, encrypted under a key per subject.
 */
#ifndef PVEXT_EVIDENCE_H
#define PVEXT_EVIDENCE_H

#include "nodes/pg_list.h"
#include "utils/jsonb.h"

extern bytea *pvext_encrypt_evidence(const char *ledger, const bytea *subject_digest,
									 Jsonb *evidence);
extern Jsonb *pvext_decrypt_evidence(const char *ledger, const bytea *subject_digest,
									 const bytea *encrypted);
extern void pvext_move_evidence_key(const bytea *former, const bytea *digest);
extern void pvext_destroy_evidence_keys(const char *ledger, List *subject_digests);

#endif							/* PVEXT_EVIDENCE_H */
