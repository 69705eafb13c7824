/*
 * needle.c
 *		Finding many strings of bytes at once, after Wu and Manber.
 *
 * Of every needle only its beginning is compared at first, as long as the shortest
 * needle is.  A table says for each pair of bytes how far ahead a beginning may end
 * that has the pair in it, so that most of a file is skipped; where it says zero, the
 * needles whose beginnings end in the pair are compared whole.
 */
#include "postgres.h"
#include "message.h"

#include "needle.h"

#define PAIRS 65536
#define PAIR(p) (((unsigned int) (p)[0] << 8) | (p)[1])

typedef struct Needle
{
	unsigned char *bytes;
	int			len;
	int			next;			/* of those whose beginnings end alike; -1: none */
} Needle;

struct PvextNeedles
{
	int			n;
	Needle	   *all;
	int			shortest;
	int			longest;
	uint16		shift[PAIRS];
	int			first[PAIRS];	/* whose beginning ends in the pair; -1: none */
};

static int
compare_texts(const ListCell *a, const ListCell *b)
{
	return strcmp(lfirst(a), lfirst(b));
}

/* Fill the tables, once it is known how long the shortest is. */
static void
fill_tables(PvextNeedles *needles)
{
	int			beginning = Min(needles->shortest, PG_UINT16_MAX);

	for (int i = 0; i < PAIRS; i++)
	{
		needles->shift[i] = beginning - 1;
		needles->first[i] = -1;
	}
	for (int i = 0; i < needles->n; i++)
	{
		Needle	   *needle = &needles->all[i];
		unsigned int last = PAIR(needle->bytes + beginning - 2);

		for (int j = 0; j <= beginning - 2; j++)
		{
			uint16	   *shift = &needles->shift[PAIR(needle->bytes + j)];

			*shift = Min(*shift, beginning - 2 - j);
		}
		needle->next = needles->first[last];
		needles->first[last] = i;
	}
	needles->shortest = beginning;
}

/* Prepare a list of C strings, each of two bytes or more; one that is there twice counts once. */
PvextNeedles *
pvext_prepare_needles(List *texts)
{
	PvextNeedles *needles = palloc0(sizeof(PvextNeedles));
	const char *previous = NULL;
	ListCell   *lc;

	list_sort(texts, compare_texts);
	needles->all = palloc0(sizeof(Needle) * Max(list_length(texts), 1));
	needles->shortest = PG_INT32_MAX;
	foreach(lc, texts)
	{
		char	   *text = lfirst(lc);
		Needle	   *needle = &needles->all[needles->n];

		if (previous && strcmp(text, previous) == 0)
			continue;
		previous = text;
		needle->bytes = (unsigned char *) text;
		needle->len = strlen(text);
		needles->shortest = Min(needles->shortest, needle->len);
		needles->longest = Max(needles->longest, needle->len);
		needles->n++;
	}
	if (needles->n > 0)
		fill_tables(needles);
	return needles;
}

int
pvext_longest_needle(PvextNeedles *needles)
{
	return needles->longest;
}

/* How many needles begin where bytes do. */
static int
count_here(PvextNeedles *needles, unsigned int pair, const unsigned char *bytes, size_t len)
{
	int			n = 0;

	for (int i = needles->first[pair]; i >= 0; i = needles->all[i].next)
		if (needles->all[i].len <= len &&
			memcmp(needles->all[i].bytes, bytes, needles->all[i].len) == 0)
			n++;
	return n;
}

/*
 * How often needles are in the bytes.  Those that end within the first "from" bytes
 * have been counted before.
 */
int64
pvext_count_needles(PvextNeedles *needles, const unsigned char *bytes, size_t len, size_t from)
{
	int			beginning = needles->shortest;
	int64		n = 0;
	size_t		end = beginning;	/* of the beginning that is looked at */

	while (needles->n > 0 && end <= len)
	{
		unsigned int pair = PAIR(bytes + end - 2);
		uint16		shift = needles->shift[pair];

		if (shift == 0)
		{
			const unsigned char *start = bytes + end - beginning;

			n += count_here(needles, pair, start, len - (end - beginning));
			if (from > end - beginning)
				n -= count_here(needles, pair, start, from - (end - beginning));
			shift = 1;
		}
		end += shift;
	}
	return n;
}
