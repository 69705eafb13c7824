/*
 * opt_in.h
 *		Tokens that subjects are sent, to confirm a consent or to withdraw it.
 */
#ifndef PVEXT_OPT_IN_H
#define PVEXT_OPT_IN_H


extern void pvext_forget_tokens(int32 relation_id);

#endif							/* PVEXT_OPT_IN_H */
