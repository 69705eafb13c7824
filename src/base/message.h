/*
 * message.h
 *		Marks messages as pvext's own.
 *
 * Every source file includes it after postgres.h: an error of the server's may
 * hold personal values, one of this domain never does.
 */
#ifndef PVEXT_MESSAGE_H
#define PVEXT_MESSAGE_H

#undef TEXTDOMAIN
#define TEXTDOMAIN "pvext"

#endif							/* PVEXT_MESSAGE_H */
