/*
 * guesswork.h
 *		Guesses at links, and how sure they are.
 */
#ifndef PVEXT_GUESSWORK_H
#define PVEXT_GUESSWORK_H

#include "detect/row_sample.h"
#include "lib/stringinfo.h"

/* Guesses that are less sure are not told of; nothing is followed from what is less sure than that. */
#define PVEXT_TOLD 0.25
#define PVEXT_FOLLOWED 0.5

/* What a candidate was found by. */
#define PVEXT_BY_KEY "foreign key"	/* all others are guesses */
#define PVEXT_BY_NAME "name"
#define PVEXT_BY_PAIR "polymorphic"
#define PVEXT_BY_CONTENT "content"
#define PVEXT_BY_REFERENCE "reference"
#define PVEXT_BY_JUNCTION "junction"

/* A foreign key, or a guess, that leads from relid's rows up to a subject. */
typedef struct PvextCandidate
{
	Oid			relid;
	char	   *name;			/* of the link, as declared or as proposed */
	bool		default_name;	/* it is what pv.declare_link() would call it */
	List	   *columns;		/* C strings */
	Oid			parent;
	List	   *parent_columns; /* C strings, in the same order */
	int			depth;			/* links up to the subject, by the shortest way */
	bool		indexed;
	bool		declared;
	const char *found_by;		/* PVEXT_BY_... */
	float4		confidence;		/* 0 to 1, which a foreign key has */
	bool		seen;			/* rows have been looked at, which make it that sure */
	bool		doubtful;		/* it says who acted, rather than whose the row is */
	char	   *reason;			/* in words */
	char	   *condition;		/* of the link, or NULL */
	bool		whole;			/* each row is all of which one of the parent's, with the same key, is a part */
	char	   *shared;			/* how rows are shared that the parent's refer to: 'last'; or NULL */

	/* What link_answer.c has decided, of those that are not declared: */
	char	   *question;		/* why a person has to say what it is; NULL: it is sure */
	bool		likely;			/* what is proposed, or comes first, is the link; else that it is none */
	bool		linked;			/* the same columns are a link elsewhere: that they are none cannot be said */
	bool		moot;			/* whom its parent's rows belong to, nobody can say: it is left out */
	char	   *because;		/* the reason why it is none, if it is */
	char	   *statement;		/* what is proposed, or comes first */
} PvextCandidate;

/* All that is guessed. */
typedef struct PvextGuesswork
{
	PvextLooks *looks;
	List	   *persons;		/* PvextLook: tables of persons */
	List	   *guesses;		/* PvextCandidate */
	MemoryContext context;		/* of these */
} PvextGuesswork;

extern bool pvext_may_refer(PvextLookColumn *column, PvextLookColumn *key);
extern PvextCandidate *pvext_add_guess(PvextGuesswork *work, PvextLook *table, List *columns,
									   PvextLook *parent, List *parent_columns, const char *found_by,
									   double confidence, const char *reason, const char *condition);
extern double pvext_weigh(double confidence, const PvextContained *contained, StringInfo reason);

#endif							/* PVEXT_GUESSWORK_H */
