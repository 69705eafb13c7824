/*
 * readable.h
 *		What the caller may read of tables.
 */
#ifndef PVEXT_READABLE_H
#define PVEXT_READABLE_H

extern bool pvext_reads_everything(void);
extern bool pvext_may_read(Oid relid, const char *column);

#endif							/* PVEXT_READABLE_H */
