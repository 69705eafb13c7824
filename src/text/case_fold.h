/*
 * case_fold.h
 *		Characters that are the same to a reader.
 */
#ifndef PVEXT_CASE_FOLD_H
#define PVEXT_CASE_FOLD_H

#include "mb/pg_wchar.h"

/* A character that has no number in Unicode: its bytes, and this. */
#define PVEXT_NO_UNICODE 0x80000000U

/* No run of a character and its marks becomes more than this. */
#define PVEXT_RUN 32
#define PVEXT_FOLDED 192

extern bool pvext_is_blank(pg_wchar c);
extern bool pvext_is_ignored(pg_wchar c);
extern bool pvext_is_mark(pg_wchar c);
extern bool pvext_is_word(pg_wchar c);
extern bool pvext_is_spaceless(pg_wchar c);
extern int	pvext_fold(const pg_wchar *run, int n, pg_wchar *folded);

static inline bool
pvext_is_digit(pg_wchar c)
{
	return c >= '0' && c <= '9';
}

#endif							/* PVEXT_CASE_FOLD_H */
