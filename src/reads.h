/*
 * reads.h
 *		Reading the audit log: who has read personal data.
 */
#ifndef PVEXT_READS_H
#define PVEXT_READS_H

#include "nodes/pg_list.h"

extern bool pvext_parse_read(Oid type, char *text, Datum *value);

#endif							/* PVEXT_READS_H */
