/*
 * read_hooks.h
 *		Read audit: which statements read personal columns of audited tables.
 */
#ifndef PVEXT_READ_HOOKS_H
#define PVEXT_READ_HOOKS_H

#include "lib/stringinfo.h"
#include "reads/queue.h"

extern int	pvext_function_depth;

extern void pvext_init_access(void);
extern bool pvext_is_recording(const char *text);
extern bool pvext_complete(StringInfo reading, PvextPlace *place, uint32 *room);

#endif							/* PVEXT_READ_HOOKS_H */
