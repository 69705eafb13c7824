/*
 * page_layout.c
 *		Bytes of a page that belong to nothing: the hole, and what pads items.
 *
 * When tuples are removed from a page, those that stay are moved together and
 * the place that is won is not cleared: the hole between the line pointers and
 * the tuples keeps copies of dead tuples, and of live ones as they were placed
 * before.  A tuple that is then put there leaves bytes of what was there before
 * in its padding.
 *
 * Not every page that looks like this is one: BRIN's map of ranges and the
 * metapages of some indexes keep data where the hole would be.  So only kinds of
 * pages that are known here are touched; of an access method that is not, none.
 */
#include "postgres.h"
#include "base/message.h"

#include "access/brin_page.h"
#include "access/ginblock.h"
#include "access/gist.h"
#include "access/hash.h"
#include "access/nbtree.h"
#include "access/spgist_private.h"
#include "base/catalog.h"
#include "catalog/pg_am.h"
#include "scrub/page_layout.h"
#include "utils/rel.h"

/* Is the special space as large as that of this kind of page? */
static bool
has_special(Page page, Size size)
{
	return PageGetSpecialSize(page) == MAXALIGN(size);
}

/*
 * The kinds of pages, by access method.  Each says whether the page is one that
 * has a hole, and changes the layout where it is no ordinary one.
 */

/* Deleted pages have a transaction id where line pointers would be. */
static bool
is_btree_page(BlockNumber block, Page page, PvextLayout *layout)
{
	if (block == BTREE_METAPAGE || !has_special(page, sizeof(BTPageOpaqueData)))
		return false;
	layout->padded = !P_ISDELETED(BTPageGetOpaque(page));
	return true;
}

/*
 * Buckets and what overflows them, and unused pages; not the metapage, nor bitmaps, which
 * keep data in place of items.
 */
static bool
is_hash_page(Page page)
{
	HashPageOpaque opaque;

	if (!has_special(page, sizeof(HashPageOpaqueData)))
		return false;
	opaque = (HashPageOpaque) PageGetSpecialPointer(page);
	return opaque->hasho_page_id == HASHO_PAGE_ID &&
		((opaque->hasho_flag & (LH_BUCKET_PAGE | LH_OVERFLOW_PAGE)) ||
		 (opaque->hasho_flag & LH_PAGE_TYPE) == LH_UNUSED_PAGE);
}

/*
 * Pages of posting trees have no items, and in indexes from before 9.4 do not say
 * where they end.  A page that was of the pending list keeps all that was on it.
 */
static bool
is_gin_page(BlockNumber block, Page page, PvextLayout *layout)
{
	if (block == GIN_METAPAGE_BLKNO || !has_special(page, sizeof(GinPageOpaqueData)))
		return false;
	if (GinPageIsData(page))
	{
		layout->padded = false;
		return ((PageHeader) page)->pd_lower > SizeOfPageHeaderData;
	}
	if (GinPageIsDeleted(page))
	{
		layout->padded = false;
		layout->abandoned = true;
		layout->from = SizeOfPageHeaderData;
		layout->to = ((PageHeader) page)->pd_special;
	}
	return true;
}

/* Deleted pages have a transaction id where line pointers would be. */
static bool
is_gist_page(Page page, PvextLayout *layout)
{
	if (!has_special(page, sizeof(GISTPageOpaqueData)) ||
		GistPageGetOpaque(page)->gist_page_id != GIST_PAGE_ID)
		return false;
	if (GistPageIsDeleted(page))
	{
		layout->padded = false;
		layout->to = ((PageHeader) page)->pd_special;
	}
	return true;
}

/* Any page but the metapage. */
static bool
is_spgist_page(BlockNumber block, Page page)
{
	return block != SPGIST_METAPAGE_BLKNO && has_special(page, sizeof(SpGistPageOpaqueData)) &&
		SpGistPageGetOpaque(page)->spgist_page_id == SPGIST_PAGE_ID;
}

/* Is it a page of a kind that has a hole?  What is not known for sure is left alone. */
static bool
is_known_page(Relation rel, BlockNumber block, Page page, PvextLayout *layout)
{
	switch (rel->rd_rel->relam)
	{
		case HEAP_TABLE_AM_OID:
			return has_special(page, 0);
		case BTREE_AM_OID:
			return is_btree_page(block, page, layout);
		case HASH_AM_OID:
			return is_hash_page(page);
		case GIN_AM_OID:
			return is_gin_page(block, page, layout);
		case GIST_AM_OID:
			return is_gist_page(page, layout);
		case SPGIST_AM_OID:
			return is_spgist_page(block, page);
		case BRIN_AM_OID:
			return has_special(page, sizeof(BrinSpecialSpace)) && BRIN_IS_REGULAR_PAGE(page);
		default:
			return false;
	}
}

/* Where a page that the caller has locked may have bytes that belong to nothing. */
void
pvext_page_layout(Relation rel, BlockNumber block, Page page, PvextLayout *layout)
{
	PageHeader	header = (PageHeader) page;

	memset(layout, 0, sizeof(*layout));
	if (PageIsNew(page) || header->pd_lower < SizeOfPageHeaderData ||
		header->pd_lower > header->pd_upper || header->pd_upper > header->pd_special ||
		header->pd_special > BLCKSZ)
		return;
	layout->from = header->pd_lower;
	layout->to = header->pd_upper;
	layout->padded = true;
	layout->known = is_known_page(rel, block, page, layout);
}

/*
 * What belongs to nothing
 */

/* Are the bytes all zero? */
static bool
is_zero(const char *bytes, int len)
{
	return len <= 0 || (bytes[0] == 0 && memcmp(bytes, bytes + 1, len - 1) == 0);
}

/* How many bytes are not zero; clears them, too, where asked to. */
static int
residue_of(char *bytes, int len, bool clear)
{
	int			n = 0;

	if (is_zero(bytes, len))
		return 0;
	for (int i = 0; i < len; i++)
		n += bytes[i] != 0;
	if (clear)
		memset(bytes, 0, len);
	return n;
}

/*
 * How many bytes are not zero that pad an item of a length to its alignment.  As a rule
 * all are zero, which is seen of the item's last aligned bytes at once, less those that
 * are its own.
 */
static inline int
residue_of_padding(char *item, int len, int limit, bool clear)
{
	static const uint8 masks[] = {
		0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff
	};
	uint64		bytes = 0;
	uint64		mask = 0;

	StaticAssertStmt(MAXIMUM_ALIGNOF <= sizeof(mask), "an item is padded to no more than a word");

	memcpy(&bytes, item + MAXALIGN(len) - MAXIMUM_ALIGNOF, MAXIMUM_ALIGNOF);
	memcpy(&mask, masks + sizeof(mask) - MAXIMUM_ALIGNOF + MAXALIGN(len) - len, MAXIMUM_ALIGNOF);
	if ((bytes & mask) == 0)
		return 0;
	return residue_of(item + len, Min(MAXALIGN(len), limit) - len, clear);
}

/* The residue between items that do not lie side by side. */
static int
residue_of_gaps(Page page, bool clear)
{
	PageHeader	header = (PageHeader) page;
	OffsetNumber last = PageGetMaxOffsetNumber(page);
	bool		covered[BLCKSZ];
	int			n = 0;

	memset(covered + header->pd_upper, 0, header->pd_special - header->pd_upper);
	for (OffsetNumber i = FirstOffsetNumber; i <= last; i++)
	{
		ItemId		item = PageGetItemId(page, i);

		if (ItemIdHasStorage(item))
			memset(covered + ItemIdGetOffset(item), 1, ItemIdGetLength(item));
	}
	for (int i = header->pd_upper; i < header->pd_special; i++)
		if (!covered[i])
			n += residue_of((char *) page + i, 1, clear);
	return n;
}

/*
 * The residue between the items, or -1 where one of them does not lie where items do.
 * As a rule they lie side by side, and only what pads each to its alignment is between
 * them.  This is most of the time that a scrub takes.
 */
static int
residue_between(Page page, bool clear)
{
	int			upper = ((PageHeader) page)->pd_upper;
	int			special = ((PageHeader) page)->pd_special;
	OffsetNumber last = PageGetMaxOffsetNumber(page);
	int			sum = 0;
	int			n = 0;

	for (OffsetNumber i = FirstOffsetNumber; i <= last; i++)
	{
		ItemId		item = PageGetItemId(page, i);
		int			len = ItemIdGetLength(item);
		int			offset = ItemIdGetOffset(item);

		if (len == 0)
			continue;
		if (offset < upper || offset != MAXALIGN(offset) || offset + len > special)
			return -1;
		n += residue_of_padding((char *) page + offset, len, special - offset, clear);
		sum += MAXALIGN(len);
	}
	return sum == special - upper ? n : residue_of_gaps(page, clear);
}

/*
 * How many bytes belong to nothing and are not zero, all kinds together, or -1; clears
 * them, too, where asked to.
 */
static int
residue(Page page, const PvextLayout *layout, bool clear)
{
	int			between = layout->padded ? residue_between(page, clear) : 0;

	/* What is to be cleared has been looked at before: see pvext_clear_residue(). */
	if (between < 0)
		return between;
	return between + residue_of((char *) page + layout->from, layout->to - layout->from, clear);
}

/*
 * How many bytes of a page belong to nothing and are not zero.  Raises where its items
 * do not lie where items do.
 */
int
pvext_residue(Relation rel, BlockNumber block, Page page, const PvextLayout *layout)
{
	int			n = layout->known ? residue(page, layout, false) : 0;

	if (n < 0)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_CORRUPTED),
				 errmsg("page %u of %s is corrupted", block,
						pvext_relation_name(RelationGetRelid(rel))),
				 errhint("Nothing on it was changed. Look at it with amcheck.")));
	return n;
}

/* Are they all in the hole, between the line pointers and the items? */
bool
pvext_only_in_hole(Page page, const PvextLayout *layout)
{
	return layout->from == ((PageHeader) page)->pd_lower &&
		layout->to == ((PageHeader) page)->pd_upper &&
		(!layout->padded || residue_between(page, false) == 0);
}

/*
 * Zero them.  The page is a copy, or in a buffer that is locked exclusively, and
 * pvext_residue() has looked at it under that lock.
 */
void
pvext_clear_residue(Page page, const PvextLayout *layout)
{
	(void) residue(page, layout, true);
	if (layout->abandoned)
	{
		((PageHeader) page)->pd_lower = SizeOfPageHeaderData;
		((PageHeader) page)->pd_upper = ((PageHeader) page)->pd_special;
	}
}
