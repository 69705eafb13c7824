/*
 * proposal.h
 *		SQL text that somebody reads and then runs, tried while it is written.
 */
#ifndef PVEXT_PROPOSAL_H
#define PVEXT_PROPOSAL_H

#include "detect/doubtful_link.h"
#include "lib/stringinfo.h"

/* A proposal as it is written. */
typedef struct PvextProposal
{
	StringInfoData sql;
	bool		untried;		/* nothing is tried any more: the caller may not run it */
	int			statements;		/* that run as they stand */
	int			questions;		/* comments with statements to choose from */
	List	   *settling;		/* C strings: the statements, and what is likely to be said of the questions */
} PvextProposal;

/* A map that is proposed. */
typedef struct PvextMapProposal
{
	PvextProposal text;
	PvextOutlook outlook;
	List	   *tables;			/* OIDs, the subject first, then as they hang on it */
	int			rules;			/* how many are proposed for how long data is kept */
	int			uncounted;		/* of those with lines, how many ANALYZE has not seen */
} PvextMapProposal;

extern void pvext_begin_proposal(PvextProposal *proposal);
extern void pvext_propose_blank(PvextProposal *proposal);
extern void pvext_propose_comment(PvextProposal *proposal, const char *text);
extern char *pvext_try_statement(PvextProposal *proposal, const char *statement);
extern char *pvext_propose_statement(PvextProposal *proposal, const char *statement, const char *remark);
extern void pvext_propose_question(PvextProposal *proposal, const char *statement, const char *remark);
extern void pvext_propose_alternative(PvextProposal *proposal, const char *statement);
extern void pvext_propose_names(PvextProposal *proposal, List *relids);
extern void pvext_rehearse(void (*body) (void *), void *arg);

#endif							/* PVEXT_PROPOSAL_H */
