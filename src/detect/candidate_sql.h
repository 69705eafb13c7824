/*
 * candidate_sql.h
 *		The statements that settle whether a candidate is a link.
 */
#ifndef PVEXT_CANDIDATE_SQL_H
#define PVEXT_CANDIDATE_SQL_H

#include "detect/guesswork.h"

extern bool pvext_is_referred(const PvextCandidate *candidate);
extern char *pvext_candidate_sql(PvextCandidate *candidate, const char *more);
extern char *pvext_no_candidate_sql(PvextCandidate *candidate, const char *reason);

#endif							/* PVEXT_CANDIDATE_SQL_H */
