/*
 * drain.h
 *		From the queue into the audit log.
 */
#ifndef PVEXT_DRAIN_H
#define PVEXT_DRAIN_H

extern void pvext_init_drain(void);
extern int	pvext_drain(bool open_too);
extern int64 pvext_drain_all(void);
extern void pvext_note_crash(void);
extern bool pvext_can_drain(void);

#endif							/* PVEXT_DRAIN_H */
