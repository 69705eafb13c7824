/*
 * catch.h
 *		Errors that are an answer.
 */
#ifndef PVEXT_CATCH_H
#define PVEXT_CATCH_H

#include "utils/elog.h"

extern ErrorData *pvext_catch_all(void (*body) (void *), void *arg);
extern ErrorData *pvext_catch(void (*body) (void *), void *arg);
extern ErrorData *pvext_try(void (*body) (void *), void *arg);
extern bool pvext_is_about_catalog(ErrorData *error);

#endif							/* PVEXT_CATCH_H */
