/*
 * older_transaction.h
 *		Transactions that an erasure cannot see the end of.
 */
#ifndef PVEXT_OLDER_TRANSACTION_H
#define PVEXT_OLDER_TRANSACTION_H

/* Transactions of this database; begins as zeroes. */
typedef struct PvextOlder
{
	int			n;
	int		   *pids;
	int64	   *lxids;			/* by which a backend counts its transactions */
	bool		prepared;		/* there are prepared ones, too */
} PvextOlder;

extern void pvext_find_older(PvextOlder *older);
extern bool pvext_any_older(const PvextOlder *older);
extern bool pvext_are_running(const PvextOlder *older);
extern int64 pvext_keep_older(const PvextOlder *older);
extern bool pvext_is_awaited(int64 set);
extern void pvext_settle_older(void);

#endif							/* PVEXT_OLDER_TRANSACTION_H */
