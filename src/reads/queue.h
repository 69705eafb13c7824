/*
 * queue.h
 *		Readings on their way from those who read to those who write them down.
 */
#ifndef PVEXT_QUEUE_H
#define PVEXT_QUEUE_H

#include "datatype/timestamp.h"
#include "nodes/pg_list.h"
#include "reads/reading.h"
#include "storage/latch.h"

/* Where a reading is; whoever holds it knows from the state if it still is. */
typedef struct PvextPlace
{
	int			slot;			/* -1: nowhere */
	uint64		state;
} PvextPlace;

/* What has become of a reading that was to be completed. */
typedef enum PvextCompletion
{
	PVEXT_COMPLETED,
	PVEXT_GONE,					/* it is no longer there */
	PVEXT_NO_ROOM
} PvextCompletion;

/* What the server has done since it started. */
typedef struct PvextQueueCounts
{
	int64		queued;
	int64		drained;
	int64		logged;
	int64		waiting;
	int64		size;
} PvextQueueCounts;

extern void pvext_init_queue(void);

/* Those who read */
extern int64 pvext_next_statement(void);
extern void pvext_lead_statement(int64 statement);
extern int64 pvext_led_statement(void);
extern void pvext_queue_reading(const PvextReading *reading, bool open, PvextPlace *place);
extern PvextCompletion pvext_complete_reading(const PvextReading *reading, PvextPlace *place,
											  uint32 *room);

/* Those who write down */
extern void pvext_take_readings(Oid database, TimestampTz open_since, int most, List **places,
								TimestampTz *left);
extern bool pvext_has_readings(Oid database);
extern const PvextReading *pvext_reading_at(const PvextPlace *place, StringInfo buf);
extern void pvext_free_place(const PvextPlace *place);
extern void pvext_give_back(const PvextPlace *place);
extern int	pvext_log_readings(Oid database);

/* Those who look after them */
extern void pvext_attend_queue(Latch *latch);
extern bool pvext_may_sleep(void);
extern List *pvext_waiting_databases(void);
extern TimestampTz pvext_crash_time(void);
extern bool pvext_count_queue(PvextQueueCounts *counts);

#endif							/* PVEXT_QUEUE_H */
