/*
 * verify_chunk.c
 *		Which records of a chunk are not what was sealed.
 *
 * Called by pv.verify_audit() for the chunks whose payload is not, byte for byte.
 * Most of them hold what has been redacted since, which changes no digest.  Of
 * the others the marks tell which records are another's, and the records which
 * table they are about.
 */
#include "postgres.h"
#include "base/message.h"

#include "audit/shape.h"
#include "base/compat.h"
#include "seal/verify_chunk.h"

/* Items of a chunk that are to be reported. */
typedef struct Range
{
	PvextDefect defect;
	const PvextChunk *chunk;
	uint32		from;
	uint32		to;				/* not included */
	bool		context;		/* also who made the changes, and when */
	PvextReport report;
	void	   *arg;
	int			reported;
} Range;

/* Report an item by what it says of itself. */
static void
report_item(Range *range, const PvextReadItem *item, int n)
{
	PvextDefect defect = range->defect;

	defect.record = n;
	defect.operation = pvext_operation_name(item->kind);
	if (item->kind == PVEXT_ITEM_TIME)
		defect.detail = "when the changes after it were made";
	else if (item->kind == PVEXT_ITEM_WHO)
		defect.detail = "who made the changes after it";
	else if (item->shape != 0)
		defect.relation = pvext_old_shape(item->shape)->relation;
	range->report(&defect, range->arg);
	range->reported++;
}

/* What cannot be read ends it. */
static void
report_items(Range *range)
{
	PvextItems	items = pvext_items_of(range->chunk);
	PvextReadItem item;

	for (uint32 n = 0; n < range->to && pvext_next_item(&items, &item); n++)
	{
		if (item.kind == PVEXT_ITEM_TIME)
			range->defect.at = item.time;
		if (n >= range->from && (range->context || pvext_operation_name(item.kind)))
			report_item(range, &item, n);
	}
}

/*
 * Report a defect for each of the items of a chunk from one on to before another, or
 * once where they cannot be read.
 */
static void
report_range(const PvextDefect *defect, const PvextChunk *chunk,
			 uint32 from, uint32 to, PvextReport report, void *arg)
{
	Range		range = {*defect, chunk, from, to, true, report, arg, 0};

	report_items(&range);
	if (range.reported == 0)
		report(defect, arg);
}

/* The same for all records of a chunk. */
void
pvext_report_records(const PvextDefect *defect, const PvextChunk *chunk,
					 PvextReport report, void *arg)
{
	Range		range = {*defect, chunk, 0, PG_UINT32_MAX, false, report, arg, 0};

	report_items(&range);
	if (range.reported == 0)
		report(defect, arg);
}

/*
 * Was the item that was sealed as number i what is number j now, as far as a mark tells?
 */
static bool
same_mark(const PvextChunkDigest *leaf, uint32 i, const StringInfoData *digests, uint32 j)
{
	return memcmp(leaf->marks + i * PVEXT_MARK_SIZE,
				  digests->data + (Size) j * PVEXT_DIGEST_SIZE, PVEXT_MARK_SIZE) == 0;
}

/* Report the items whose marks differ, where as many were sealed as there are. */
static void
report_changed(const PvextDefect *defect, const PvextChunk *chunk, const PvextChunkDigest *leaf,
			   const StringInfoData *digests, PvextReport report, void *arg)
{
	bool		any = false;

	for (uint32 i = 0; i < leaf->items; i++)
		if (!same_mark(leaf, i, digests, i))
		{
			report_range(defect, chunk, i, i + 1, report, arg);
			any = true;
		}
	if (!any)
		report(defect, arg);
}

/*
 * Others than were sealed: what is alike at the beginning and at the end is left
 * out; between them records have been taken away, put in, or both.
 */
static void
report_others(PvextDefect *defect, const PvextChunk *chunk, const PvextChunkDigest *leaf,
			  const StringInfoData *digests, PvextReport report, void *arg)
{
	uint32		items = digests->len / PVEXT_DIGEST_SIZE;
	uint32		least = Min(items, leaf->items);
	uint32		before = 0;
	uint32		after = 0;

	while (before < least && same_mark(leaf, before, digests, before))
		before++;
	while (after < least - before &&
		   same_mark(leaf, leaf->items - 1 - after, digests, items - 1 - after))
		after++;
	if (leaf->items > before + after)
	{
		defect->problem = "missing";
		defect->record = before;
		defect->detail = psprintf("records from this one on: %u",
								   leaf->items - before - after);
		report(defect, arg);
	}
	if (items > before + after)
	{
		defect->problem = "forged";
		defect->record = -1;
		defect->detail = NULL;
		report_range(defect, chunk, before, items - after, report, arg);
	}
}

/*
 * Compare a chunk with its leaf in a seal, and report what is not the same.
 */
void
pvext_compare_chunk(PvextHashing *hashing, const PvextChunk *chunk, const PvextChunkDigest *leaf,
					int64 seal, PvextReport report, void *arg)
{
	PvextDefect defect = PVEXT_NO_DEFECT;
	PvextPiece	payload = {chunk->data, chunk->size};
	StringInfoData digests;
	uint8		digest[PVEXT_DIGEST_SIZE];
	int64		records;

	defect.problem = "changed";
	defect.seal = seal;
	defect.chunk = leaf->id;
	pvext_hash(hashing, &payload, 1, digest);

	/* The payload is what it was: what else is not, the caller has reported. */
	if (memcmp(digest, leaf->raw, PVEXT_DIGEST_SIZE) == 0)
	{
		if (leaf->items > 0)
			return;
		defect.problem = "unreadable";
		defect.detail = "it could not be read when it was sealed";
		report(&defect, arg);
		return;
	}
	initStringInfo(&digests);
	if (!pvext_digest_items(hashing, chunk, &digests, NULL, &records))
	{
		defect.problem = leaf->items > 0 ? "changed" : "unreadable";
		defect.detail = leaf->items > 0 ? "its records cannot be read any more" :
			"it could not be read when it was sealed, and has been changed since";
		report(&defect, arg);
		return;
	}

	/* It has been redacted, or forged: redaction leaves the root what it was. */
	pvext_chunk_root(hashing, chunk, &digests, digest);
	if (memcmp(digest, leaf->root, PVEXT_DIGEST_SIZE) == 0)
		return;
	if (digests.len == leaf->items * PVEXT_DIGEST_SIZE)
		report_changed(&defect, chunk, leaf, &digests, report, arg);
	else
		report_others(&defect, chunk, leaf, &digests, report, arg);
}
