/*
 * whence.h
 *		Where in a plan the keys of subjects come by.
 */
#ifndef PVEXT_WHENCE_H
#define PVEXT_WHENCE_H

#include "collect.h"

extern void pvext_find_keys(PvextCollection *collection, QueryDesc *query, bool led);

#endif							/* PVEXT_WHENCE_H */
