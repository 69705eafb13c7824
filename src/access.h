/*
 * access.h
 *		Read audit: which statements read personal columns of audited tables.
 */
#ifndef PVEXT_ACCESS_H
#define PVEXT_ACCESS_H

extern void pvext_init_access(void);

#endif							/* PVEXT_ACCESS_H */
