/*
 * key_text.h
 *		Keys of subjects as text, from the values of a row that was read.
 */
#ifndef PVEXT_KEY_TEXT_H
#define PVEXT_KEY_TEXT_H

#include "reads/watched.h"

extern char *pvext_key_value_text(Oid type, Datum value, bool alone);
extern char *pvext_join_key(char **parts, int n);
extern int	pvext_key_is_integer(const PvextKeyColumn *columns, int n);

#endif							/* PVEXT_KEY_TEXT_H */
