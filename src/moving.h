/*
 * moving.h
 *		What subjects have said goes with their rows to another table.
 */
#ifndef PVEXT_MOVING_H
#define PVEXT_MOVING_H

#include "map.h"

extern void pvext_move_consents(int32 from, int32 to, PvextTable *found_in);

#endif							/* PVEXT_MOVING_H */
