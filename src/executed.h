/*
 * executed.h
 *		Which strings of a PL/pgSQL source are executed, or are names.
 */
#ifndef PVEXT_EXECUTED_H
#define PVEXT_EXECUTED_H

#include "source_token.h"

extern bool *pvext_executed_literals(PvextSourceTokens *tokens);

#endif							/* PVEXT_EXECUTED_H */
