/*
 * normal_form.h
 *		Reading a text as it is compared, with the way back to its bytes.
 */
#ifndef PVEXT_NORMAL_FORM_H
#define PVEXT_NORMAL_FORM_H

#include "text/case_fold.h"

/* How a text is read. */
typedef enum PvextReadMode
{
	PVEXT_READ_PLAIN,
	PVEXT_READ_LOOSE			/* what may stand between words does */
} PvextReadMode;

/* What stands at one place of a text. */
typedef struct PvextPiece
{
	enum
	{
		PVEXT_PIECE_CHARACTER,
		PVEXT_PIECE_BLANK,
		PVEXT_PIECE_NOTHING
	}			kind;
	pg_wchar	c;
	uint32		len;			/* bytes */
	bool		ambiguous;		/* read loosely, it is a blank */
} PvextPiece;

/* A character in the form in which it is compared. */
typedef struct PvextUnit
{
	pg_wchar	c;
	uint32		start;			/* the bytes that it was read from */
	uint32		end;
	bool		first;			/* of what these bytes are read as */
	bool		last;
} PvextUnit;

typedef struct PvextNormal
{
	const char *text;
	uint32		len;
	bool		json;			/* what stands between the quotes of a JSON string */
	PvextReadMode how;
	uint32		next;			/* where to read on */
	bool		ambiguous;		/* something was read that PVEXT_READ_LOOSE reads otherwise */
	PvextUnit	queue[PVEXT_FOLDED];
	int			queued;
	int			taken;
} PvextNormal;

extern void pvext_begin_normal(PvextNormal *normal, const char *text, size_t len, bool json,
							   PvextReadMode how);
extern bool pvext_read_written(const char *at, uint32 len, bool json, PvextPiece *piece);
extern bool pvext_next_unit(PvextNormal *normal, PvextUnit *unit);
extern char *pvext_normal_text(const char *text);

#endif							/* PVEXT_NORMAL_FORM_H */
