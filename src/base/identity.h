/*
 * identity.h
 *		Is this the database that the duties were done in?
 */
#ifndef PVEXT_IDENTITY_H
#define PVEXT_IDENTITY_H

typedef enum PvextIdentity
{
	PVEXT_IS_NEW,					/* nothing has been declared yet */
	PVEXT_IS_OWN,
	PVEXT_IS_UPGRADED,				/* the same in another cluster */
	PVEXT_IS_COPIED,				/* another one, made by CREATE DATABASE */
	PVEXT_IS_RESTORED				/* it came from a dump, which may not be whole yet */
} PvextIdentity;

extern PvextIdentity pvext_identity(void);
extern bool pvext_may_act(void);
extern bool pvext_is_restoring(void);
extern bool pvext_settle_identity(void);
extern void pvext_stamp_identity(bool anew);
extern bool pvext_make_identity(void);

#endif							/* PVEXT_IDENTITY_H */
