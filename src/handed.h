/*
 * handed.h
 *		Keys of subjects that pvext itself hands out.
 */
#ifndef PVEXT_HANDED_H
#define PVEXT_HANDED_H

extern void pvext_init_handed(void);

#endif							/* PVEXT_HANDED_H */
