/*
 * trial_query.h
 *		What trials are made of: queries that may fail, and rows as an erasure would make them.
 */
#ifndef PVEXT_TRIAL_QUERY_H
#define PVEXT_TRIAL_QUERY_H

#include "strategy/fit.h"

/* Why a trial failed. */
typedef struct PvextFailure
{
	int			sqlstate;
	char	   *detail;			/* a full sentence without anybody's data */
	bool		literal;		/* only the user's literal was evaluated */
	bool		no_room;		/* it was the room for tokens */
	uint64		room;			/* how many there would be */
} PvextFailure;

extern bool pvext_try_query(const PvextFit *fit, const char *sql, PvextFailure *failure);
extern bool pvext_fail(PvextFailure *failure, int sqlstate, char *detail);
extern char *pvext_generated_sql(Oid relid, const char *column);
extern char *pvext_replaced_rows(const PvextFit *fit, const char *from, List *replaced,
								 const char *value);

#endif							/* PVEXT_TRIAL_QUERY_H */
