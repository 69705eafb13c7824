/*
 * approval.h
 *		Deciding on requests for erasure: approving and cancelling them.
 */
#ifndef PVEXT_APPROVAL_H
#define PVEXT_APPROVAL_H

#include "utils/uuid.h"

extern void pvext_end_request(const pg_uuid_t *id, const char *reason);

#endif							/* PVEXT_APPROVAL_H */
