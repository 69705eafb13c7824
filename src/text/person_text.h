/*
 * person_text.h
 *		Taking many persons' values out of texts, of each text those of whom it is about.
 */
#ifndef PVEXT_PERSON_TEXT_H
#define PVEXT_PERSON_TEXT_H

#include "text/redactor.h"

/* Persons by their keys, and what they are looked for by. */
typedef struct PvextPersons PvextPersons;

/* The texts of a column, which may be about any of them. */
typedef struct PvextPersonTexts PvextPersonTexts;

extern PvextPersons *pvext_make_persons(int n);
extern void pvext_add_person(PvextPersons *persons, const char *key);
extern void pvext_add_value(PvextPersons *persons, int n, char *value);
extern void pvext_finish_persons(PvextPersons *persons, bool whole);
extern PvextPersonTexts *pvext_make_person_texts(PvextPersons *persons, const PvextTextKind *kind, Oid type);
extern int64 pvext_texts_number(PvextPersonTexts *texts);
extern void pvext_know_text(PvextPersonTexts *texts, int n, bytea *digest);

#endif							/* PVEXT_PERSON_TEXT_H */
