/*
 * living_again.h
 *		What says that the key of somebody who was erased is somebody's who lives.
 */
#ifndef PVEXT_LIVING_AGAIN_H
#define PVEXT_LIVING_AGAIN_H

#include "map/map.h"

extern char *pvext_lives_again_sql(PvextTable *subject, bool completed);

#endif							/* PVEXT_LIVING_AGAIN_H */
