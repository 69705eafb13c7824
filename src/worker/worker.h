/*
 * worker.h
 *		Background workers: each does something in one database, and ends.
 */
#ifndef PVEXT_WORKER_H
#define PVEXT_WORKER_H

/* A worker for reads ends after so many ms without any. */
#define PVEXT_WORKER_IDLE 1000

extern bool pvext_nap(long timeout);
extern void pvext_begin_transaction(const char *activity);
extern void pvext_end_transaction(void);

#endif							/* PVEXT_WORKER_H */
