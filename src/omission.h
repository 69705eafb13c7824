/*
 * omission.h
 *		What the data map says nothing about.
 */
#ifndef PVEXT_OMISSION_H
#define PVEXT_OMISSION_H

#include "finding.h"

extern void pvext_check_omissions(PvextCheck *check);

#endif							/* PVEXT_OMISSION_H */
