/*
 * moved_rows.h
 *		What subjects have said goes with their rows to another table.
 */
#ifndef PVEXT_MOVED_ROWS_H
#define PVEXT_MOVED_ROWS_H

#include "map/map.h"

/*
 * SQL, to begin a statement with: way (from_id, to_id), by which what is of one table may
 * have come to another.
 */
#define PVEXT_WAYS \
	"WITH RECURSIVE way (from_id, to_id) AS (SELECT m.from_id, m.to_id FROM pv.consent_move AS m" \
	" UNION SELECT w.from_id, m.to_id FROM way AS w JOIN pv.consent_move AS m ON m.from_id = w.to_id)"

/* SQL: what the ledger has of table e.relation_id can be of table s.relation_id now. */
#define PVEXT_CAME_ALONG \
	"(s.relation_id = e.relation_id OR EXISTS (SELECT FROM way AS w WHERE w.from_id = e.relation_id AND w.to_id = s.relation_id))"

extern void pvext_move_consents(int32 from, int32 to, PvextTable *found_in);

#endif							/* PVEXT_MOVED_ROWS_H */
