/*
 * event.h
 *		The record of calls that change what pvext keeps.
 */
#ifndef PVEXT_EVENT_H
#define PVEXT_EVENT_H

#include "nodes/pg_list.h"

extern void pvext_record_event(const char *call, const bytea *subject_digest);
extern void pvext_record_events(const char *call, List *subject_digests);
extern void pvext_note_replaced(const char *what);
extern char *pvext_login_name(void);
extern char *pvext_doer_name(void);

#endif							/* PVEXT_EVENT_H */
