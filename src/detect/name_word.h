/*
 * name_word.h
 *		Words within names of columns, links and tables.
 */
#ifndef PVEXT_NAME_WORD_H
#define PVEXT_NAME_WORD_H

extern char *pvext_plain_name(const char *name);
extern bool pvext_word_fits(const char *plain, const char *word, int length);
extern bool pvext_any_fits(const char *plain, const char *words);
extern bool pvext_ends_in(const char *plain, const char *words);
extern bool pvext_name_says(const char *name, const char *words);

#endif							/* PVEXT_NAME_WORD_H */
