/*
 * own.h
 *		pvext's own statements, as the hooks of the executor know them.
 */
#ifndef PVEXT_OWN_H
#define PVEXT_OWN_H

#include "spi.h"

extern int	pvext_execute_own(SPIPlanPtr plan, PvextArgs *args, Snapshot snapshot,
							  bool read_only);
extern Portal pvext_open_own(SPIPlanPtr plan, PvextArgs *args);
extern bool pvext_is_own_statement(const char *text);

#endif							/* PVEXT_OWN_H */
