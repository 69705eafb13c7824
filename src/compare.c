/*
 * compare.c
 *		Which records of a chunk are not what was sealed.
 *
 * Called by pv.verify_audit() for the chunks whose payload is not, byte for byte.
 * Most of them hold what has been redacted since, which changes no digest.  Of
 * the others the marks tell which records are another's, and the records which
 * table they are about.
 */
#include "postgres.h"
#include "message.h"

#include "compat.h"
#include "shape.h"
#include "utils/timestamp.h"
#include "verify.h"

/* Items of a chunk that are to be reported. */
typedef struct Range
{
	PvextFinding finding;
	const PvextChunk *chunk;
	uint32		from;
	uint32		to;				/* not included */
	bool		context;		/* also who made the changes, and when */
	PvextReport report;
	void	   *arg;
	int			reported;
} Range;

static const char *
operation(uint8 kind)
{
	switch (kind)
	{
		case PVEXT_ITEM_INSERT:
			return "INSERT";
		case PVEXT_ITEM_UPDATE:
			return "UPDATE";
		case PVEXT_ITEM_DELETE:
			return "DELETE";
		case PVEXT_ITEM_TRUNCATE:
			return "TRUNCATE";
		case PVEXT_ITEM_READ:
			return "READ";
		default:
			return NULL;
	}
}

static void
report_item(Range *range, const PvextReadItem *item, int n)
{
	PvextFinding finding = range->finding;

	finding.record = n;
	finding.operation = operation(item->kind);
	if (item->kind == PVEXT_ITEM_TIME)
		finding.detail = "when the changes after it were made";
	else if (item->kind == PVEXT_ITEM_WHO)
		finding.detail = "who made the changes after it";
	else if (item->shape != 0)
		finding.relation = pvext_old_shape(item->shape)->relation;
	range->report(&finding, range->arg);
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
			range->finding.at = item.time;
		if (n >= range->from && (range->context || operation(item.kind)))
			report_item(range, &item, n);
	}
}

/*
 * Report a finding for each of the items of a chunk from one on to before another, or
 * once where they cannot be read.
 */
static void
report_range(const PvextFinding *finding, const PvextChunk *chunk,
			 uint32 from, uint32 to, PvextReport report, void *arg)
{
	Range		range = {*finding, chunk, from, to, true, report, arg, 0};

	report_items(&range);
	if (range.reported == 0)
		report(finding, arg);
}

/* The same for all records of a chunk. */
void
pvext_report_records(const PvextFinding *finding, const PvextChunk *chunk,
					 PvextReport report, void *arg)
{
	Range		range = {*finding, chunk, 0, PG_UINT32_MAX, false, report, arg, 0};

	report_items(&range);
	if (range.reported == 0)
		report(finding, arg);
}

static bool
same_mark(const PvextLeaf *leaf, uint32 i, const StringInfoData *digests, uint32 j)
{
	return memcmp(leaf->marks + i * PVEXT_MARK_SIZE,
				  digests->data + (Size) j * PVEXT_DIGEST_SIZE, PVEXT_MARK_SIZE) == 0;
}

/* Report the items whose marks differ, where as many were sealed as there are. */
static void
report_changed(const PvextFinding *finding, const PvextChunk *chunk, const PvextLeaf *leaf,
			   const StringInfoData *digests, PvextReport report, void *arg)
{
	bool		any = false;

	for (uint32 i = 0; i < leaf->items; i++)
		if (!same_mark(leaf, i, digests, i))
		{
			report_range(finding, chunk, i, i + 1, report, arg);
			any = true;
		}
	if (!any)
		report(finding, arg);
}

/*
 * Others than were sealed: what is alike at the beginning and at the end is left
 * out; between them records have been taken away, put in, or both.
 */
static void
report_others(PvextFinding *finding, const PvextChunk *chunk, const PvextLeaf *leaf,
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
		finding->problem = "missing";
		finding->record = before;
		finding->detail = psprintf("records from this one on: %u",
								   leaf->items - before - after);
		report(finding, arg);
	}
	if (items > before + after)
	{
		finding->problem = "forged";
		finding->record = -1;
		finding->detail = NULL;
		report_range(finding, chunk, before, items - after, report, arg);
	}
}

/*
 * Compare a chunk with its leaf in a seal, and report what is not the same.
 */
void
pvext_compare_chunk(PvextHashing *hashing, const PvextChunk *chunk, const PvextLeaf *leaf,
					int64 seal, PvextReport report, void *arg)
{
	PvextFinding finding = PVEXT_NO_FINDING;
	PvextPiece	payload = {chunk->data, chunk->size};
	StringInfoData digests;
	uint8		digest[PVEXT_DIGEST_SIZE];
	int64		records;

	finding.problem = "changed";
	finding.seal = seal;
	finding.chunk = leaf->id;
	pvext_hash(hashing, &payload, 1, digest);
	if (memcmp(digest, leaf->raw, PVEXT_DIGEST_SIZE) == 0)
	{
		if (leaf->items > 0)
			return;
		finding.problem = "unreadable";
		finding.detail = "it could not be read when it was sealed";
		report(&finding, arg);
		return;
	}
	initStringInfo(&digests);
	if (!pvext_digest_items(hashing, chunk, &digests, NULL, &records))
	{
		finding.problem = leaf->items > 0 ? "changed" : "unreadable";
		finding.detail = leaf->items > 0 ? "its records cannot be read any more" :
			"it could not be read when it was sealed, and has been changed since";
		report(&finding, arg);
		return;
	}
	pvext_chunk_root(hashing, chunk, &digests, digest);
	if (memcmp(digest, leaf->root, PVEXT_DIGEST_SIZE) == 0)
		return;
	if (digests.len == leaf->items * PVEXT_DIGEST_SIZE)
		report_changed(&finding, chunk, leaf, &digests, report, arg);
	else
		report_others(&finding, chunk, leaf, &digests, report, arg);
}
