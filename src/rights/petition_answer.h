/*
 * petition_answer.h
 *		From an open request to its answer.
 */
#ifndef PVEXT_PETITION_ANSWER_H
#define PVEXT_PETITION_ANSWER_H

#include "rights/petition.h"

extern void pvext_check_petition_of(const pg_uuid_t *id, int32 relation_id, const bytea *digest);
extern void pvext_record_handed_out(const pg_uuid_t *id, const bytea *sha256);

#endif							/* PVEXT_PETITION_ANSWER_H */
