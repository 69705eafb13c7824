/*
 * page_layout.h
 *		Bytes of a page that belong to nothing.
 */
#ifndef PVEXT_PAGE_LAYOUT_H
#define PVEXT_PAGE_LAYOUT_H

#include "storage/block.h"
#include "storage/bufpage.h"
#include "utils/relcache.h"

/* Where on a page bytes may be left that belong to nothing. */
typedef struct PvextLayout
{
	bool		known;			/* else the page is left alone */
	bool		padded;			/* between its items, too */
	bool		abandoned;		/* all that is on it has been given up */
	uint16		from;			/* from here ... */
	uint16		to;				/* ... to before here */
} PvextLayout;

extern void pvext_page_layout(Relation rel, BlockNumber block, Page page, PvextLayout *layout);
extern int	pvext_residue(Relation rel, BlockNumber block, Page page, const PvextLayout *layout);
extern bool pvext_only_in_hole(Page page, const PvextLayout *layout);
extern void pvext_clear_residue(Page page, const PvextLayout *layout);

#endif							/* PVEXT_PAGE_LAYOUT_H */
