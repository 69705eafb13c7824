/*
 * fit.h
 *		What a column allows to become of its values.
 */
#ifndef PVEXT_FIT_H
#define PVEXT_FIT_H

#include "strategy/column_fit.h"
#include "strategy/strategy.h"

extern PvextFit *pvext_fit(Oid relid, const char *column, bool leads);
extern const char *pvext_fitting_hint(const PvextFit *fit);
extern void pvext_refuse_misfit(const PvextFit *fit, PvextStrategyKind kind);
extern char *pvext_check_parameter(const PvextFit *fit, PvextStrategyKind kind,
								   const char *parameter);
extern bool pvext_has_room(const PvextFit *fit, const PvextStrategy *strategy,
						   uint64 *room);

#endif							/* PVEXT_FIT_H */
