/*
 * shape.h
 *		Shapes of rows: what the numbers in the audit log's records mean.
 */
#ifndef PVEXT_SHAPE_H
#define PVEXT_SHAPE_H

#include "access/attnum.h"
#include "audit/record_format.h"
#include "fmgr.h"
#include "utils/relcache.h"

/* How a column's values are written. */
typedef enum PvextStore
{
	PVEXT_STORE_NOT,			/* dropped, or made from other columns */
	PVEXT_STORE_BYVAL,
	PVEXT_STORE_FIXED,
	PVEXT_STORE_VARLENA,
	PVEXT_STORE_TEXT
} PvextStore;

typedef struct PvextShapeColumn
{
	uint8		store;			/* PvextStore */
	bool		always;			/* of a key or a link */
	bool		byval;
	int16		length;			/* the type's */
	FmgrInfo   *output;			/* of PVEXT_STORE_TEXT */
} PvextShapeColumn;

/* The shape that a relation's rows have now. */
typedef struct PvextShape
{
	Oid			relid;			/* hash key */
	bool		valid;
	bool		fresh;			/* of this transaction only */
	bool		depends;		/* on settings, what is written as text */
	uint32		number;			/* in pv.audit_shape; 0: not audited */
	int			natts;
	PvextShapeColumn *columns;	/* of attribute 1 first */
	MemoryContext context;
} PvextShape;

/* A shape that rows had when they were written. */
typedef struct PvextOldShape
{
	uint32		number;
	int32		relation_id;
	char	   *relation;		/* its name now, or the last known */
	bool		missing;		/* it is not there, or cannot be read */
	int			natts;
	char	  **names;			/* of attribute 1 first; NULL: not in it */
	Oid		   *types;			/* as the values are stored; InvalidOid: text */
	int16	   *lengths;		/* of those types; 0: text, or nothing is sound as a value of it */
	bool	   *byvals;
	bool	   *is_key;			/* of the row's key, or of a link */
	FmgrInfo   *outputs;
} PvextOldShape;

extern void pvext_init_shape(void);
extern PvextShape *pvext_shape(Relation rel);
extern PvextOldShape *pvext_old_shape(uint32 number);
extern bool pvext_read_datum(PvextOldShape *shape, const PvextReadValue *value, Datum *datum);
extern bool pvext_can_read_value(PvextOldShape *shape, const PvextReadValue *value);
extern char *pvext_read_text(PvextOldShape *shape, const PvextReadValue *value);

#endif							/* PVEXT_SHAPE_H */
