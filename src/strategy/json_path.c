/*
 * json_path.c
 *		pv.remove_path(): a JSON document without what a path leads to.
 *
 * Unlike #-, it enters every element of an array on its way, so that
 * {contacts,email} finds the e-mail of each contact.  A step that is a whole
 * number means, in an array, the element of that position, counted from the
 * end where negative.
 */
#include "postgres.h"
#include "base/message.h"

#include "base/compat.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/jsonb.h"

typedef struct Path
{
	int			n;
	char	  **steps;
} Path;

static JsonbValue *copy_container(JsonbParseState **state,
								  JsonbContainer *container, Path path);

/* Is the step a position in an array of n elements? */
static bool
position(const char *step, int n, long *index)
{
	char	   *end;

	errno = 0;
	*index = strtol(step, &end, 10);
	if (end == step || *end != '\0' || errno != 0)
		return false;
	if (*index < 0)
		*index += n;
	return true;
}

/* Push a value, or what the path leaves of it. */
static void
push_rest(JsonbParseState **state, JsonbIteratorToken token, JsonbValue *value,
		  Path path)
{
	if (value->type == jbvBinary)
		copy_container(state, value->val.binary.data, path);
	else
		(void) pushJsonbValue(state, token, value);
}

/* Copy what is in an object, after its beginning. */
static void
copy_object(JsonbParseState **state, JsonbIterator **it, Path path)
{
	Path		rest = {path.n - 1, path.steps + 1};
	JsonbValue	key;
	JsonbValue	value;

	while (JsonbIteratorNext(it, &key, true) == WJB_KEY)
	{
		bool		on_path = key.val.string.len == strlen(path.steps[0]) &&
			memcmp(key.val.string.val, path.steps[0], key.val.string.len) == 0;

		(void) JsonbIteratorNext(it, &value, true);
		if (on_path && path.n == 1)
			continue;
		(void) pushJsonbValue(state, WJB_KEY, &key);
		if (on_path)
			push_rest(state, WJB_VALUE, &value, rest);
		else
			(void) pushJsonbValue(state, WJB_VALUE, &value);
	}
}

/* Copy what is in an array of n elements, after its beginning. */
static void
copy_array(JsonbParseState **state, JsonbIterator **it, int n, Path path)
{
	Path		rest = {path.n - 1, path.steps + 1};
	JsonbValue	value;
	long		index;
	bool		by_position = position(path.steps[0], n, &index);

	for (int i = 0; JsonbIteratorNext(it, &value, true) == WJB_ELEM; i++)
	{
		if (!by_position)
			push_rest(state, WJB_ELEM, &value, path);
		else if (i != index)
			(void) pushJsonbValue(state, WJB_ELEM, &value);
		else if (path.n > 1)
			push_rest(state, WJB_ELEM, &value, rest);
	}
}

/* Copy an object or array without what the path leads to. */
static JsonbValue *
copy_container(JsonbParseState **state, JsonbContainer *container, Path path)
{
	JsonbIterator *it = JsonbIteratorInit(container);
	JsonbValue	value;

	check_stack_depth();
	if (JsonbIteratorNext(&it, &value, true) == WJB_BEGIN_OBJECT)
	{
		(void) pushJsonbValue(state, WJB_BEGIN_OBJECT, NULL);
		copy_object(state, &it, path);
		return pushJsonbValue(state, WJB_END_OBJECT, NULL);
	}
	(void) pushJsonbValue(state, WJB_BEGIN_ARRAY, NULL);
	copy_array(state, &it, value.val.array.nElems, path);
	return pushJsonbValue(state, WJB_END_ARRAY, NULL);
}

PG_FUNCTION_INFO_V1(pvext_remove_path);

/*
 * pv.remove_path(document, path)
 */
Datum
pvext_remove_path(PG_FUNCTION_ARGS)
{
	Jsonb	   *document = PG_GETARG_JSONB_P(0);
	ArrayType  *array = PG_GETARG_ARRAYTYPE_P(1);
	JsonbParseState *state = NULL;
	Path		path;
	Datum	   *elements;
	bool	   *nulls;

	if (ARR_NDIM(array) > 1)
		ereport(ERROR,
				(errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
				 errmsg("wrong number of array subscripts")));
	deconstruct_array(array, TEXTOID, -1, false, TYPALIGN_INT,
					  &elements, &nulls, &path.n);
	if (path.n == 0 || JB_ROOT_IS_SCALAR(document))
		PG_RETURN_JSONB_P(document);
	path.steps = palloc(sizeof(char *) * path.n);
	for (int i = 0; i < path.n; i++)
	{
		if (nulls[i])
			ereport(ERROR,
					(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					 errmsg("path element at position %d is null", i + 1)));
		path.steps[i] = TextDatumGetCString(elements[i]);
	}
	PG_RETURN_JSONB_P(JsonbValueToJsonb(copy_container(&state, &document->root, path)));
}
