/*
 * access.h
 *		Read audit: which statements read personal columns of audited tables.
 */
#ifndef PVEXT_ACCESS_H
#define PVEXT_ACCESS_H

extern void pvext_init_access(void);
extern bool pvext_is_recording(const char *text);

#endif							/* PVEXT_ACCESS_H */
