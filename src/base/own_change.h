/*
 * own_change.h
 *		Ledgers whose rows go on: changed by pvext's own statements alone.
 */
#ifndef PVEXT_OWN_CHANGE_H
#define PVEXT_OWN_CHANGE_H

#include "base/spi.h"

extern uint64 pvext_own_change(PvextStatement *statement, PvextArgs *args);
extern uint64 pvext_own_change_once(const char *sql, PvextArgs *args);

#endif							/* PVEXT_OWN_CHANGE_H */
