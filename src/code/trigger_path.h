/*
 * trigger_path.h
 *		The search_path of users' triggers that pvext's statements fire.
 */
#ifndef PVEXT_TRIGGER_PATH_H
#define PVEXT_TRIGGER_PATH_H

extern char *pvext_trigger_hint(int sqlerrcode);
extern void pvext_init_trigger(void);

#endif							/* PVEXT_TRIGGER_PATH_H */
