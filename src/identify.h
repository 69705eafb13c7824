/*
 * identify.h
 *		Ids of queries, by which reads that may not say whom they were about are found again.
 */
#ifndef PVEXT_IDENTIFY_H
#define PVEXT_IDENTIFY_H

extern void pvext_init_identify(void);

#endif							/* PVEXT_IDENTIFY_H */
