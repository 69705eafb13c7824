/*
 * candidate_sql.c
 *		The statements that settle whether a candidate is a link.
 */
#include "postgres.h"
#include "base/message.h"

#include "base/print.h"
#include "detect/candidate_sql.h"

/* Is it one of rows that persons' rows refer to? */
bool
pvext_is_referred(const PvextCandidate *candidate)
{
	return strcmp(candidate->found_by, PVEXT_BY_REFERENCE) == 0 ||
		strcmp(candidate->found_by, PVEXT_BY_JUNCTION) == 0;
}

/* The declaration of the link, with other arguments than the candidate's, or "". */
char *
pvext_candidate_sql(PvextCandidate *candidate, const char *more)
{
	return psprintf("SELECT pv.declare_link(%s, %s, %s, %s%s%s%s%s%s%s%s);",
					pvext_print_relation(candidate->relid), pvext_print_names(candidate->columns),
					pvext_print_relation(candidate->parent), pvext_print_names(candidate->parent_columns),
					candidate->default_name ? "" : ", name => ",
					candidate->default_name ? "" : pvext_print_literal(candidate->name),
					candidate->condition ? ", condition => " : "",
					candidate->condition ? pvext_print_literal(candidate->condition) : "",
					candidate->shared ? ", shared => " : "",
					candidate->shared ? pvext_print_literal(candidate->shared) : "",
					more);
}

/*
 * That it is none, and why.  Where persons' rows refer to the candidate's, the reference is
 * in their columns.
 */
char *
pvext_no_candidate_sql(PvextCandidate *candidate, const char *reason)
{
	bool		reference = pvext_is_referred(candidate);

	return psprintf("SELECT pv.declare_not_link(%s, %s, %s);",
					pvext_print_relation(reference ? candidate->parent : candidate->relid),
					pvext_print_names(reference ? candidate->parent_columns : candidate->columns),
					pvext_print_literal(reason));
}
