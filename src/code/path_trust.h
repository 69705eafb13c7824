/*
 * path_trust.h
 *		The search_path of a role, and who may put something into it.
 */
#ifndef PVEXT_PATH_TRUST_H
#define PVEXT_PATH_TRUST_H

#include "nodes/pg_list.h"

/* A role's own search_path. */
typedef struct PvextPath
{
	Oid			role;
	char	   *setting;		/* as SET takes it, pg_temp last */
	List	   *schemas;		/* OIDs of those that it leads to, pg_catalog left out */
	List	   *trusted;		/* those among them in which nobody else can */
	char	   *doubt;			/* who else can make something there; NULL: nobody */
} PvextPath;

extern PvextPath *pvext_role_path(Oid role);
extern char *pvext_path_hint(const char *function, PvextPath *path);
extern char *pvext_unqualified_name(Oid function, List *schemas);
extern void pvext_init_trust(void);

#endif							/* PVEXT_PATH_TRUST_H */
