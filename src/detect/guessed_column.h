/*
 * guessed_column.h
 *		What is guessed of the columns of a table, looked for once.
 */
#ifndef PVEXT_GUESSED_COLUMN_H
#define PVEXT_GUESSED_COLUMN_H

#include "detect/outlook.h"

extern List *pvext_guessed_columns(PvextOutlook *outlook, Oid relid, List *columns);
extern bool pvext_has_redacted(PvextOutlook *outlook, Oid relid);

#endif							/* PVEXT_GUESSED_COLUMN_H */
