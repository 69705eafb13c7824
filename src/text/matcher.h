/*
 * matcher.h
 *		Finding somebody's values in texts, however they are spelled.
 */
#ifndef PVEXT_MATCHER_H
#define PVEXT_MATCHER_H

#include "nodes/pg_list.h"

typedef struct PvextMatcher PvextMatcher;

/* Bytes of a text. */
typedef struct PvextFound
{
	uint32		start;
	uint32		end;
} PvextFound;

extern PvextMatcher *pvext_make_matcher(List *values);
extern List *pvext_make_matchers(List *values);
extern bool pvext_matches_nothing(PvextMatcher *matcher);
extern PvextFound *pvext_find_values(PvextMatcher *matcher, const char *text, size_t len,
									 bool json, int *n);
extern bool pvext_may_hold(PvextMatcher *matcher, const char *text, size_t len, bool json);
extern bool pvext_has_codes(PvextMatcher *matcher);
extern bool pvext_is_number_of(PvextMatcher *matcher, const char *text, size_t len);

#endif							/* PVEXT_MATCHER_H */
