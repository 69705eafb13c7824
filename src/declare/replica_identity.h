/*
 * replica_identity.h
 *		What logical replication asks of tables whose rows are erased.
 */
#ifndef PVEXT_REPLICA_IDENTITY_H
#define PVEXT_REPLICA_IDENTITY_H

#include "base/finding.h"

/* The tables that a command may have left without what they need. */
typedef enum PvextReplicaScope
{
	PVEXT_REPLICA_ALL,
	PVEXT_REPLICA_NAMED,		/* those that the command names, and what they are made of */
	PVEXT_REPLICA_INDEX			/* those whose identity was an index that is gone */
} PvextReplicaScope;

extern void pvext_check_replica(PvextCheck *check);
extern List *pvext_check_replica_of_command(PvextReplicaScope scope);
extern void pvext_warn_of_replica(int32 relation_id);

#endif							/* PVEXT_REPLICA_IDENTITY_H */
