/*
 * redactor.h
 *		Taking somebody's values out of texts and JSON documents.
 */
#ifndef PVEXT_REDACTOR_H
#define PVEXT_REDACTOR_H

#include "text/matcher.h"

/* What texts are, and what stands in for what goes of them. */
typedef struct PvextTextKind
{
	const char *replacement;
	bool		json;
	int			room;			/* characters that a text may have; -1: any number */
} PvextTextKind;

extern bool pvext_text_holds(const PvextTextKind *kind, PvextMatcher *matcher, bool whole,
							 const char *text, size_t len);
extern char *pvext_text_without(const PvextTextKind *kind, PvextMatcher *matcher, bool whole,
								const char *text, size_t len, size_t *left);

#endif							/* PVEXT_REDACTOR_H */
