/*
 * session_claim.h
 *		What a session says of itself, as it can be kept.
 */
#ifndef PVEXT_SESSION_CLAIM_H
#define PVEXT_SESSION_CLAIM_H

extern const char *pvext_claimed_actor(void);
extern const char *pvext_claimed_purpose(void);
extern const char *pvext_application(void);
extern int	pvext_clean_claim(const char *claim, char *to, int limit);

#endif							/* PVEXT_SESSION_CLAIM_H */
