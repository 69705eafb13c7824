/*
 * dynamic_sql.h
 *		Which strings of a PL/pgSQL source are executed, or are names.
 */
#ifndef PVEXT_DYNAMIC_SQL_H
#define PVEXT_DYNAMIC_SQL_H

#include "code/source_token.h"

extern bool *pvext_executed_literals(PvextSourceTokens *tokens);

#endif							/* PVEXT_DYNAMIC_SQL_H */
