/*
 * token_format.c
 *		Formats in which tokens of a type can be written, in the order in which they are tried.
 *
 * A type that is not a string but has room for one has tokens, too: its value is written
 * as a text, as the type itself would write it.  By this they are recognised.
 */
#include "postgres.h"
#include "base/message.h"

#include "base/type.h"
#include "catalog/pg_type.h"
#include "strategy/token_format.h"
#include "utils/lsyscache.h"

static const char *const texts[] = {
	"erased-%s", "~%s", "erased-%s@invalid", "erased-%s@erased.invalid",
	"~%8s@x.invalid", "erased-%8s", "~%8s", "~%5s", "erased%s", "ERASED-%S",
	"ERASED%S", "X%S", "e7a5ed00%24s", "+00000%10d", "00000%10d", "0000%6d",
	"https://erased.invalid/%s", "XX00%S", NULL
};
static const char *const pseudonym_texts[] = {
	"pseudonym-%s", "~%s", "pseudonym-%s@invalid", "pseudonym-%s@erased.invalid",
	"PSEUDONYM-%S", "X%S", "b5e0d000%24s", "+00000%11d", "00000%11d",
	"https://pseudonym.invalid/%s", NULL
};
static const char *const bytes[] = {"\\xe7a5ed00%24s", "\\xe7a5ed00000000000000000000000000%32s", NULL};
static const char *const pseudonym_bytes[] = {"\\xb5e0d000%24s", NULL};
static const char *const json[] = {"{\"erased\": \"%s\"}", "[\"erased-%s\"]", "\"erased-%s\"", NULL};
static const char *const pseudonym_json[] = {
	"{\"pseudonym\": \"%s\"}", "[\"pseudonym-%s\"]", "\"pseudonym-%s\"", NULL
};
static const char *const arrays[] = {"{erased-%s}", NULL};
static const char *const pseudonym_arrays[] = {"{pseudonym-%s}", NULL};
static const char *const hstores[] = {"\"erased\"=>\"%s\"", NULL};
static const char *const pseudonym_hstores[] = {"\"pseudonym\"=>\"%s\"", NULL};
static const char *const paths[] = {"erased.%s", "erased_%s", NULL};
static const char *const pseudonym_paths[] = {"pseudonym.%s", "pseudonym_%s", NULL};

/*
 * The formats of a type, NULL at the end; NULL where its tokens have none, or it has no
 * tokens.
 */
const char *const *
pvext_token_formats(Oid type, bool pseudonym)
{
	int32		typmod = -1;
	Oid			base = getBaseTypeAndTypmod(type, &typmod);
	char	   *name;

	if (pvext_is_text(base))
		return pseudonym ? pseudonym_texts : texts;
	if (base == BYTEAOID)
		return pseudonym ? pseudonym_bytes : bytes;
	if (base == JSONBOID)
		return pseudonym ? pseudonym_json : json;
	if (get_element_type(base) == TEXTOID || get_element_type(base) == VARCHAROID)
		return pseudonym ? pseudonym_arrays : arrays;
	name = pvext_plain_type_name(base);
	if (strcmp(name, "hstore") == 0)
		return pseudonym ? pseudonym_hstores : hstores;
	if (strcmp(name, "ltree") == 0)
		return pseudonym ? pseudonym_paths : paths;
	return NULL;
}
