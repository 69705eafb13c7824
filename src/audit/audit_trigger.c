/*
 * audit_trigger.c
 *		The trigger that records changes: from rows to records of the audit log.
 *
 * It fires AFTER, so what it sees has happened; what follows in the same
 * transaction has a record of its own.  Whether a value has changed is seen from its
 * bytes, without calling an operator of anybody's: 1.0 in the place of 1.00
 * is a change.  A large value that an UPDATE did not touch is still where it
 * was, and not fetched.
 *
 * Nothing runs here but the output functions of types that have to be written
 * as text.
 */
#include "postgres.h"
#include "base/message.h"

#include "access/detoast.h"
#include "audit/audited.h"
#include "audit/log_writer.h"
#include "audit/shape.h"
#include "base/catalog.h"
#include "base/compat.h"
#include "base/identity.h"
#include "base/spi.h"
#include "commands/trigger.h"
#include "executor/tuptable.h"
#include "fmgr.h"
#include "utils/datum.h"
#include "utils/guc.h"
#include "utils/rel.h"

PG_FUNCTION_INFO_V1(pvext_audit_change);

static PvextItem change;

/* A value that is compressed or lies elsewhere. */
static void
put_extended(PvextSide side, int attnum, Datum value)
{
	struct varlena *plain = pg_detoast_datum_packed((struct varlena *) DatumGetPointer(value));

	pvext_put_value(&change, side, attnum, VARDATA_ANY(plain), VARSIZE_ANY_EXHDR(plain));
	pfree(plain);
}

/* A value as the text that its type writes. */
static void
put_text(PvextSide side, int attnum, Datum value, FmgrInfo *output)
{
	char	   *text = OutputFunctionCall(output, value);

	pvext_put_value(&change, side, attnum, text, strlen(text));
	pfree(text);
}

/* Write a value that is not NULL. */
static inline void
put(const PvextShapeColumn *column, PvextSide side, int attnum, Datum value)
{
	Pointer		pointer = DatumGetPointer(value);
	Datum		stored;

	switch (column->store)
	{
		case PVEXT_STORE_BYVAL:
			store_att_byval(&stored, value, column->length);
			pvext_put_value(&change, side, attnum, (char *) &stored, column->length);
			break;
		case PVEXT_STORE_FIXED:
			pvext_put_value(&change, side, attnum, pointer, column->length);
			break;
		case PVEXT_STORE_VARLENA:
			if (unlikely(VARATT_IS_EXTERNAL(pointer) || VARATT_IS_COMPRESSED(pointer)))
				put_extended(side, attnum, value);
			else
				pvext_put_value(&change, side, attnum, VARDATA_ANY(pointer),
								VARSIZE_ANY_EXHDR(pointer));
			break;
		case PVEXT_STORE_TEXT:
			put_text(side, attnum, value, column->output);
			break;
		default:
			break;
	}
}

/* A column of a row, NULL or not. */
static inline void
put_attribute(const PvextShape *shape, PvextSide side, TupleTableSlot *slot, int i)
{
	if (slot->tts_isnull[i])
		pvext_put_null(&change, side, i + 1);
	else
		put(&shape->columns[i], side, i + 1, slot->tts_values[i]);
}

/* Are two values that are not NULL the same, byte by byte? */
static inline bool
is_same(const PvextShapeColumn *column, Datum a, Datum b)
{
	if (column->byval)
		return a == b;
	if (column->length == -1 &&
		VARSIZE_ANY(DatumGetPointer(a)) == VARSIZE_ANY(DatumGetPointer(b)) &&
		memcmp(DatumGetPointer(a), DatumGetPointer(b), VARSIZE_ANY(DatumGetPointer(a))) == 0)
		return true;			/* also where both are the same TOAST pointer */
	return datum_image_eq(a, b, false, column->length);
}

/* All columns that are recorded. */
static void
put_row(const PvextShape *shape, PvextSide side, TupleTableSlot *slot)
{
	slot_getallattrs(slot);
	for (int i = 0; i < shape->natts; i++)
		if (shape->columns[i].store != PVEXT_STORE_NOT)
			put_attribute(shape, side, slot, i);
}

/* The columns that have changed, before and after, and those that every record has. */
static void
put_difference(const PvextShape *shape, TupleTableSlot *old, TupleTableSlot *new)
{
	slot_getallattrs(old);
	slot_getallattrs(new);
	for (int i = 0; i < shape->natts; i++)
	{
		const PvextShapeColumn *column = &shape->columns[i];

		if (column->store == PVEXT_STORE_NOT)
			continue;
		if (old->tts_isnull[i] == new->tts_isnull[i] &&
			(old->tts_isnull[i] ||
			 is_same(column, old->tts_values[i], new->tts_values[i])))
		{
			if (column->always)
				put_attribute(shape, PVEXT_SAME, new, i);
			continue;
		}
		put_attribute(shape, PVEXT_OLD, old, i);
		put_attribute(shape, PVEXT_NEW, new, i);
	}
}

/*
 * Write down the change that the trigger was called for.  The item is written to in
 * place: no SQL runs between its beginning and its end that could come here again, since
 * of others' code only output functions do, which are in C.
 */
static void
record_change(const PvextShape *shape, TriggerData *trigger)
{
	TriggerEvent event = trigger->tg_event;

	if (TRIGGER_FIRED_BY_INSERT(event))
	{
		pvext_begin_seeded_item(&change, PVEXT_ITEM_INSERT, shape->number);
		put_row(shape, PVEXT_NEW, trigger->tg_trigslot);
	}
	else if (TRIGGER_FIRED_BY_UPDATE(event))
	{
		pvext_begin_seeded_item(&change, PVEXT_ITEM_UPDATE, shape->number);
		put_difference(shape, trigger->tg_trigslot, trigger->tg_newslot);
	}
	else if (TRIGGER_FIRED_BY_DELETE(event))
	{
		pvext_begin_seeded_item(&change, PVEXT_ITEM_DELETE, shape->number);
		put_row(shape, PVEXT_OLD, trigger->tg_trigslot);
	}
	else
		pvext_begin_seeded_item(&change, PVEXT_ITEM_TRUNCATE, shape->number);
	pvext_append_item(&change);
	pvext_shrink_item(&change);
}

/*
 * Is it one that pv.enable_audit() made?  Everybody may call the function from a
 * trigger, and would double what is on record.
 */
static inline bool
is_ours(TriggerData *trigger)
{
	const char *name = trigger->tg_trigger->tgname;

	if (!TRIGGER_FIRED_AFTER(trigger->tg_event))
		return false;
	if (TRIGGER_FIRED_FOR_ROW(trigger->tg_event))
		return strcmp(name, PVEXT_ROW_TRIGGER) == 0;
	return TRIGGER_FIRED_BY_TRUNCATE(trigger->tg_event) &&
		strcmp(name, PVEXT_TRUNCATE_TRIGGER) == 0;
}

/*
 * Trigger of audited tables, AFTER INSERT OR UPDATE OR DELETE FOR EACH ROW and
 * AFTER TRUNCATE FOR EACH STATEMENT.
 */
Datum
pvext_audit_change(PG_FUNCTION_ARGS)
{
	TriggerData *trigger = (TriggerData *) fcinfo->context;
	PvextShape *shape;
	int			nestlevel;

	if (!CALLED_AS_TRIGGER(fcinfo) || !is_ours(trigger))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("function \"%s\" was not called as the trigger that pv.enable_audit() makes",
						"audit_change")));

	/*
	 * What a dump brings was somebody's change long ago, and is in the log that it
	 * brings.
	 */
	if (pvext_is_restoring())
		return PointerGetDatum(NULL);
	shape = pvext_shape(trigger->tg_relation);
	if (shape->number == 0 && TRIGGER_FIRED_BY_TRUNCATE(trigger->tg_event))
		return PointerGetDatum(NULL);	/* a partition that has been detached */
	if (shape->number == 0 && !pvext_may_act())
		return PointerGetDatum(NULL);	/* a restore brings the trigger before the rest */
	if (shape->number == 0)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("table %s is not audited",
						pvext_relation_name(RelationGetRelid(trigger->tg_relation))),
				 errhint("Call pv.enable_audit(), or drop trigger \"%s\".",
						 trigger->tg_trigger->tgname)));

	/*
	 * Settings matter only to the texts of some types; to pin them costs more than the
	 * rest.
	 */
	if (!shape->depends)
		record_change(shape, trigger);
	else
	{
		nestlevel = pvext_pin_settings();
		record_change(shape, trigger);
		AtEOXact_GUC(false, nestlevel);
	}
	return PointerGetDatum(NULL);
}
