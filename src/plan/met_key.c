/*
 * met_key.c
 *		Keys by which a way up the links has come to a table before.
 *
 * Links may go in circles: a reply is to a reply.  A way that comes to a table again goes on
 * from those of its rows that it has not come to yet, and so ends.  Nor do several ways that
 * meet at a row go on from it each for itself: they would multiply from table to table.
 */
#include "postgres.h"
#include "base/message.h"

#include "common/hashfn.h"
#include "plan/met_key.h"
#include "utils/builtins.h"

/* Which of the first rows came by which link to which key: texts, as many as the link has columns. */
typedef struct MetKey
{
	PvextLink  *link;
	int			origin;
	Datum	   *texts;
} MetKey;

/* A HashValueFunc. */
static uint32
hash_met(const void *key, Size size)
{
	const MetKey *met = key;
	const char *name = met->link->name;
	uint32		hash = hash_combine(hash_bytes((const unsigned char *) name, strlen(name)), (uint32) met->origin);

	for (int i = 0; i < list_length(met->link->parent_columns); i++)
	{
		text	   *value = DatumGetTextPP(met->texts[i]);

		hash = hash_combine(hash, hash_bytes((const unsigned char *) VARDATA_ANY(value), VARSIZE_ANY_EXHDR(value)));
	}
	return hash;
}

/* A HashCompareFunc. */
static int
compare_met(const void *a, const void *b, Size size)
{
	const MetKey *x = a;
	const MetKey *y = b;

	if (x->link != y->link || x->origin != y->origin)
		return 1;
	for (int i = 0; i < list_length(x->link->parent_columns); i++)
	{
		text	   *s = DatumGetTextPP(x->texts[i]);
		text	   *t = DatumGetTextPP(y->texts[i]);

		if (VARSIZE_ANY_EXHDR(s) != VARSIZE_ANY_EXHDR(t) ||
			memcmp(VARDATA_ANY(s), VARDATA_ANY(t), VARSIZE_ANY_EXHDR(s)) != 0)
			return 1;
	}
	return 0;
}

/*
 * Has the n-th of the keys (texts, an array for each column of the link) been met on a way
 * from that row?  From now on it has.  *met, NULL at first, and the keys live as long as the
 * current context of the first call does.
 */
bool
pvext_has_met(HTAB **met, PvextLink *link, int origin, Datum **keys, int n)
{
	int			width = list_length(link->parent_columns);
	MetKey		key = {link, origin, palloc(sizeof(Datum) * width)};
	bool		found;

	for (int i = 0; i < width; i++)
		key.texts[i] = keys[i][n];
	if (*met == NULL)
	{
		HASHCTL		control = {.keysize = sizeof(MetKey), .entrysize = sizeof(MetKey), .hash = hash_met,
		.match = compare_met, .hcxt = CurrentMemoryContext};

		*met = hash_create("pvext met keys", 256, &control, HASH_ELEM | HASH_FUNCTION | HASH_COMPARE | HASH_CONTEXT);
	}
	(void) hash_search(*met, &key, HASH_ENTER, &found);
	return found;
}
