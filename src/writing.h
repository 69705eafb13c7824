/*
 * writing.h
 *		Where triggers and rules write that pvext's statements fire.
 */
#ifndef PVEXT_WRITING_H
#define PVEXT_WRITING_H

#include "finding.h"

extern void pvext_check_writing(PvextCheck *check);

#endif							/* PVEXT_WRITING_H */
