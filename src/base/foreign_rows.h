/*
 * foreign_rows.h
 *		Tables whose rows are not in this server's files.
 */
#ifndef PVEXT_FOREIGN_ROWS_H
#define PVEXT_FOREIGN_ROWS_H

#include "base/finding.h"

extern void pvext_check_elsewhere(PvextCheck *check);
extern bool pvext_is_foreign(Oid relid);
extern void pvext_check_rows_here(Oid relid);
extern void pvext_refuse_elsewhere(void);

#endif							/* PVEXT_FOREIGN_ROWS_H */
