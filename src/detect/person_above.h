/*
 * person_above.h
 *		Whether rows hang on those of persons who are not the subject's.
 */
#ifndef PVEXT_PERSON_ABOVE_H
#define PVEXT_PERSON_ABOVE_H

#include "detect/outlook.h"

extern bool pvext_is_below_persons(PvextOutlook *outlook, Oid relid);

#endif							/* PVEXT_PERSON_ABOVE_H */
