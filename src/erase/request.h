/*
 * request.h
 *		The duty "erase": requests that are open go on by themselves.
 */
#ifndef PVEXT_REQUEST_H
#define PVEXT_REQUEST_H

#include "duty/duty_run.h"

extern void pvext_complete_requests(PvextDutyRun *run);

#endif							/* PVEXT_REQUEST_H */
