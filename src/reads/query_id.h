/*
 * query_id.h
 *		Ids of queries, by which reads that may not say whom they were about are found again.
 */
#ifndef PVEXT_QUERY_ID_H
#define PVEXT_QUERY_ID_H

extern void pvext_init_identify(void);

#endif							/* PVEXT_QUERY_ID_H */
