/*
 * preview.h
 *		What an erasure would do, and what is left after one.
 */
#ifndef PVEXT_PREVIEW_H
#define PVEXT_PREVIEW_H

#include "execution/slot.h"

extern bool pvext_has_remainder(PvextPlan *plan, PvextRow *row);

#endif							/* PVEXT_PREVIEW_H */
