/*
 * digest.h
 *		Digests without a key.
 */
#ifndef PVEXT_DIGEST_H
#define PVEXT_DIGEST_H

extern bytea *pvext_sha256(const void *data, size_t len);
extern bytea *pvext_text_digest(const char *text);
extern bool pvext_same_digest(const bytea *a, const bytea *b);

#endif							/* PVEXT_DIGEST_H */
