/*
 * token_format.h
 *		Formats in which tokens of a type can be written.
 */
#ifndef PVEXT_TOKEN_FORMAT_H
#define PVEXT_TOKEN_FORMAT_H

extern const char *const *pvext_token_formats(Oid type, bool pseudonym);

#endif							/* PVEXT_TOKEN_FORMAT_H */
