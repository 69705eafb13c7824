/*
 * seal_chain.h
 *		Whether the seals of the audit log are a chain, as they were made.
 */
#ifndef PVEXT_SEAL_CHAIN_H
#define PVEXT_SEAL_CHAIN_H

#include "seal/verification.h"

extern void pvext_read_head(PvextVerification *v, const char *text);
extern void pvext_check_seals(PvextVerification *v);
extern bool pvext_is_dropped(PvextVerification *v, int64 chunk);
extern bool pvext_has_been_sealed(PvextVerification *v, int64 incarnation, uint64 xid);

#endif							/* PVEXT_SEAL_CHAIN_H */
