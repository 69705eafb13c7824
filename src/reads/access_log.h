/*
 * access_log.h
 *		Reading the audit log: who has read personal data.
 */
#ifndef PVEXT_ACCESS_LOG_H
#define PVEXT_ACCESS_LOG_H

#include "nodes/pg_list.h"

extern bool pvext_parse_read(Oid type, char *text, Datum *value);

#endif							/* PVEXT_ACCESS_LOG_H */
