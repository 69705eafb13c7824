/*
 * retained_answer.h
 *		Of which of many subjects something is retained, and until when.
 */
#ifndef PVEXT_RETAINED_ANSWER_H
#define PVEXT_RETAINED_ANSWER_H

#include "datatype/timestamp.h"
#include "plan/plan.h"

extern TimestampTz *pvext_ask_retained(PvextPlan *plan, List *rows);
extern bool *pvext_ask_begun(PvextPlan *plan, List *rows);

#endif							/* PVEXT_RETAINED_ANSWER_H */
