/*
 * worker.h
 *		Background workers: one launcher, and a worker for a database that needs it.
 */
#ifndef PVEXT_WORKER_H
#define PVEXT_WORKER_H

extern void pvext_init_worker(void);

#endif							/* PVEXT_WORKER_H */
