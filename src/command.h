/*
 * command.h
 *		Read audit: commands that read without the executor.
 */
#ifndef PVEXT_COMMAND_H
#define PVEXT_COMMAND_H

extern void pvext_init_command(void);

#endif							/* PVEXT_COMMAND_H */
