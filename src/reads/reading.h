/*
 * reading.h
 *		What a statement has read, as it goes from the reader to the audit log.
 */
#ifndef PVEXT_READING_H
#define PVEXT_READING_H

#include "datatype/timestamp.h"
#include "lib/stringinfo.h"

/* How a statement came to its rows. */
#define PVEXT_BY_VIEW		0x01	/* of a table, the others of the statement */
#define PVEXT_BY_FUNCTION	0x02
#define PVEXT_BY_COPY		0x04
#define PVEXT_BY_CURSOR		0x08
#define PVEXT_BY_PREPARED	0x10
#define PVEXT_BY_COMPARISON	0x20	/* keys are, also, what the statement compares keys with */
#define PVEXT_TO_ERROR		0x40	/* it ended in one */
#define PVEXT_BY_COMMAND	0x80	/* that has functions called with the values */

#define PVEXT_ROWS_UNKNOWN	(-1)

/* Keys that would make one larger go into another. */
#define PVEXT_LARGEST_READING	12000

/* As many bytes of columns' names are in one; beyond that all columns are said to be read. */
#define PVEXT_MOST_NAMES		8000

/*
 * What is handed on, of "size" bytes.  Behind it are, as strings, who it was and
 * for which purpose; then the tables, each with its columns' names; then keys.
 */
typedef struct PvextReading
{
	uint32		size;
	Oid			database;
	int64		statement;		/* ties the readings of a statement together */
	int64		query_id;		/* the server's, of such statements; 0: not known */
	TimestampTz at;
	int64		rows;			/* that have been returned */
	uint16		ways;			/* PVEXT_BY_... */
	uint16		ntables;
	uint16		nkeys;
	bool		refused;
	bool		further;		/* another one of the statement came before */
} PvextReading;

extern void pvext_begin_reading(StringInfo buf);
extern void pvext_add_table(StringInfo buf, int32 relation_id, const char *relation, bool view);
extern void pvext_add_column(StringInfo buf, const char *name);
extern void pvext_end_table(StringInfo buf);
extern void pvext_add_key(StringInfo buf, int32 relation_id, int32 subject_id, const char *key);
extern void pvext_write_reading(const PvextReading *reading);
extern void pvext_log_reading(const PvextReading *reading);

/* How much larger a key makes a reading. */
static inline int
pvext_key_size(const char *key)
{
	return 2 * sizeof(int32) + strlen(key) + 1;
}

static inline PvextReading *
pvext_reading(StringInfo buf)
{
	return (PvextReading *) buf->data;
}

#endif							/* PVEXT_READING_H */
