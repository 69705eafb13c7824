/*
 * token.h
 *		Values that replace: unique, and recognisable as replacements.
 */
#ifndef PVEXT_TOKEN_H
#define PVEXT_TOKEN_H

typedef enum PvextTokenForm
{
	PVEXT_TOKEN_TEXT,
	PVEXT_TOKEN_UUID,
	PVEXT_TOKEN_NETWORK,		/* inet, cidr */
	PVEXT_TOKEN_DEVICE,			/* macaddr, macaddr8 */
	PVEXT_TOKEN_NUMBER
} PvextTokenForm;

typedef struct PvextToken
{
	PvextTokenForm form;
	bool		random;			/* made by inline SQL, else in C */
	uint64		room;			/* how many there are; 0 for any number */
	/* text */
	char	   *prefix;
	char	   *suffix;
	int			digits;
	const char *alphabet;		/* its length is the base */
	/* uuid, addresses: the first digits */
	const char *tag;
	/* number: [low, low + room) in units of 10^-scale */
	Oid			type;
	int64		low;
	int			scale;
} PvextToken;

extern bool pvext_init_token(PvextToken *token, Oid type, int32 typmod,
							 const char *format, bool pseudonym);
extern bool pvext_token_type(Oid type);
extern bool pvext_token_format(const char *format);
extern char *pvext_token_sql(const PvextToken *token);
extern char *pvext_token_test_sql(const PvextToken *token, const char *column);
extern char *pvext_make_token(const PvextToken *token, int64 serial);
extern char *pvext_make_pseudonym(const PvextToken *token, const char *old);

#endif							/* PVEXT_TOKEN_H */
