/*
 * purpose.h
 *		Purposes: what personal data is processed for.
 */
#ifndef PVEXT_PURPOSE_H
#define PVEXT_PURPOSE_H

#include "utils/array.h"

extern void pvext_check_purposes(ArrayType *purposes);

#endif							/* PVEXT_PURPOSE_H */
