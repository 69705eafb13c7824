/*
 * free_text.h
 *		The strategy "redact" as SQL.
 */
#ifndef PVEXT_FREE_TEXT_H
#define PVEXT_FREE_TEXT_H

#include "strategy/strategy.h"

extern bool pvext_is_json(Oid type);
extern char *pvext_redact_value(const PvextStrategy *s, int first_param);
extern char *pvext_redact_test(const PvextStrategy *s, int first_param);
extern char *pvext_redact_value_of(const PvextStrategy *s, int param, const char *keys);
extern char *pvext_redact_test_of(const PvextStrategy *s, int param, const char *keys);
extern char *pvext_redact_whole(const PvextStrategy *s);
extern char *pvext_redact_gone(const PvextStrategy *s);
extern char *pvext_redact_digest(const char *column);

#endif							/* PVEXT_FREE_TEXT_H */
