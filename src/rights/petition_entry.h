/*
 * petition_entry.h
 *		What enters the register by itself, and what leaves it.
 */
#ifndef PVEXT_PETITION_ENTRY_H
#define PVEXT_PETITION_ENTRY_H

#include "base/spi.h"

extern void pvext_init_register(void);
extern int64 pvext_destroy_old_claims(void);

#endif							/* PVEXT_PETITION_ENTRY_H */
