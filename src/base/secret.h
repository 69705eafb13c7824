/*
 * secret.h
 *		Keyed digests.
 */
#ifndef PVEXT_SECRET_H
#define PVEXT_SECRET_H

extern bytea *pvext_hmac(const char *domain, const char *value);
extern void pvext_init_secret(void);
extern void pvext_make_secret(void);
extern bytea *pvext_subject_digest(int32 relation_id, const char *key);

#endif							/* PVEXT_SECRET_H */
