/*
 * utility_read.h
 *		Read audit: commands that read without the executor.
 */
#ifndef PVEXT_UTILITY_READ_H
#define PVEXT_UTILITY_READ_H

extern void pvext_init_command(void);

#endif							/* PVEXT_UTILITY_READ_H */
