/*
 * pattern_set.c
 *		Finding many strings of bytes at once, after Wu and Manber.
 *
 * Of every needle only its beginning is compared at first, as long as the shortest
 * needle is.  A table says for each group of up to four bytes, by their hash, how far
 * ahead a beginning may end that has the group in it, so that most of a file is
 * skipped; where it says zero, the needles whose beginnings end in the group are
 * compared whole.
 */
#include "postgres.h"
#include "base/message.h"

#include "scrub/pattern_set.h"

#define GROUP_BITS 17
#define GROUPS (1 << GROUP_BITS)
#define MAX_GROUP 4

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
	int			group;			/* how many bytes are looked at together */
	uint32		mask;			/* which bytes of four these are */
	uint16		shift[GROUPS];
	int			first[GROUPS];	/* whose beginning ends in the group; -1: none */
};

/* The group that begins here.  Four bytes can be read, whatever they are. */
static inline uint32
group_at(const PvextNeedles *needles, const unsigned char *bytes)
{
	uint32		group;

	memcpy(&group, bytes, MAX_GROUP);
	return ((group & needles->mask) * 2654435761U) >> (32 - GROUP_BITS);
}

/* By their bytes: the same ones stand side by side. */
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
	unsigned char mask[MAX_GROUP] = {0};

	needles->group = Min(beginning, MAX_GROUP);
	memset(mask, 0xFF, needles->group);
	memcpy(&needles->mask, mask, MAX_GROUP);
	for (int i = 0; i < GROUPS; i++)
	{
		needles->shift[i] = beginning - needles->group + 1;
		needles->first[i] = -1;
	}
	for (int i = 0; i < needles->n; i++)
	{
		Needle	   *needle = &needles->all[i];
		uint32		last = group_at(needles, needle->bytes + beginning - needles->group);

		for (int j = 0; j <= beginning - needles->group; j++)
		{
			uint16	   *shift = &needles->shift[group_at(needles, needle->bytes + j)];

			*shift = Min(*shift, beginning - needles->group - j);
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
		needle->len = strlen(text);
		needle->bytes = palloc0(needle->len + MAX_GROUP);
		memcpy(needle->bytes, text, needle->len);
		needles->shortest = Min(needles->shortest, needle->len);
		needles->longest = Max(needles->longest, needle->len);
		needles->n++;
	}
	if (needles->n > 0)
		fill_tables(needles);
	return needles;
}

/* How many bytes the longest has; 0 where there are none. */
int
pvext_longest_needle(PvextNeedles *needles)
{
	return needles->longest;
}

/* How many needles begin where bytes do. */
static int
count_here(PvextNeedles *needles, uint32 group, const unsigned char *bytes, size_t len)
{
	int			n = 0;

	for (int i = needles->first[group]; i >= 0; i = needles->all[i].next)
		if (needles->all[i].len <= len &&
			memcmp(needles->all[i].bytes, bytes, needles->all[i].len) == 0)
			n++;
	return n;
}

/*
 * How often needles are in the bytes, after which there is room for three more.  Those
 * that end within the first "from" bytes have been counted before.
 */
int64
pvext_count_needles(PvextNeedles *needles, const unsigned char *bytes, size_t len, size_t from)
{
	int			beginning = needles->shortest;
	int64		n = 0;
	size_t		end = beginning;	/* of the beginning that is looked at */

	while (needles->n > 0 && end <= len)
	{
		uint32		group = group_at(needles, bytes + end - needles->group);
		uint16		shift = needles->shift[group];

		if (shift == 0)
		{
			const unsigned char *start = bytes + end - beginning;

			n += count_here(needles, group, start, len - (end - beginning));

			/* Those that lay whole in what was kept of the block before. */
			if (from > end - beginning)
				n -= count_here(needles, group, start, from - (end - beginning));
			shift = 1;
		}
		end += shift;
	}
	return n;
}
