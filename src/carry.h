/*
 * carry.h
 *		Keys of subjects, carried along by a statement that reads their data.
 */
#ifndef PVEXT_CARRY_H
#define PVEXT_CARRY_H

#include "nodes/parsenodes.h"

/*
 * The name of a column that carries a key, or a part of one: the table that is
 * read and the subject's, by their ids in pv.relation, and which of how many
 * parts it is.  Those of a key follow each other.
 */
#define PVEXT_CARRIED_NAME "pvext key %d %d %d %d"

extern Query *pvext_carry_keys(Query *query);

#endif							/* PVEXT_CARRY_H */
