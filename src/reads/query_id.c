/*
 * query_id.c
 *		Ids of queries, by which reads that may not say whom they were about are found again.
 *
 * The server computes them where it is told to, which costs each statement some time.  Here
 * it is done only for statements that read personal columns, and not for plain ones.
 */
#include "postgres.h"
#include "base/message.h"

#include "base/compat.h"
#include "nodes/nodeFuncs.h"
#include "parser/analyze.h"
#include "reads/carried_key.h"
#include "reads/columns_read.h"
#include "reads/query_id.h"
#include "reads/read_hooks.h"

static post_parse_analyze_hook_type next_parsed = NULL;

/* A first look: may the query read what is watched, in a way that has no rows of its own? */
static bool
may_hide_keys(Query *query)
{
	ListCell   *lc;

	if (query->commandType == CMD_UTILITY)
		return false;
	if (query->hasSubLinks || query->cteList || !pvext_is_plain(query))
		return true;
	foreach(lc, query->rtable)
		if (((RangeTblEntry *) lfirst(lc))->rtekind == RTE_SUBQUERY ||
			((RangeTblEntry *) lfirst(lc))->relkind == RELKIND_VIEW)
			return true;
	return false;
}

/* Does it name a view?  What that reads is not known yet. */
static bool
find_view(Node *node, void *arg)
{
	ListCell   *lc;

	if (node == NULL)
		return false;
	if (!IsA(node, Query))
		return expression_tree_walker(node, find_view, arg);
	foreach(lc, ((Query *) node)->rtable)
		if (((RangeTblEntry *) lfirst(lc))->relkind == RELKIND_VIEW)
			return true;
	return query_tree_walker((Query *) node, find_view, arg, 0);
}

/*
 * What reads personal columns but whose keys may not be known gets an id, by which it can be
 * found again, unless the server does so anyway or has been told not to.
 */
static void
parsed(ParseState *state, Query *query, JumbleState *jumble)
{
	/* Commands are looked at first: some come where no catalog can be read. */
	if (may_hide_keys(query) && query->queryId == 0 &&
		compute_query_id != COMPUTE_QUERY_ID_OFF && pvext_is_recording(state->p_sourcetext) &&
		(pvext_reads_personal(pvext_query_privileges(query)) || find_view((Node *) query, NULL)))
		pvext_identify_query(query, state->p_sourcetext);
	if (next_parsed)
		next_parsed(state, query, jumble);
}

/*
 * From _PG_init(): see queries as they have been analyzed, before whoever was there
 * first.
 */
void
pvext_init_identify(void)
{
	next_parsed = post_parse_analyze_hook;
	post_parse_analyze_hook = parsed;
}
