/*
 * pvext.c
 *		A database that keeps its company's privacy statement.
 */
#include "postgres.h"
#include "base/message.h"

#include "audit/log_writer.h"
#include "audit/shape.h"
#include "base/compat.h"
#include "base/guc.h"
#include "base/pulse.h"
#include "base/secret.h"
#include "code/path_trust.h"
#include "code/trigger_path.h"
#include "consent/bitmap.h"
#include "consent/suppression.h"
#include "erase/everywhere.h"
#include "execution/linked_address.h"
#include "fmgr.h"
#include "map/map.h"
#include "reads/drain.h"
#include "reads/query_id.h"
#include "reads/read_hooks.h"
#include "reads/utility_read.h"
#include "reads/watched.h"
#include "rights/petition_entry.h"
#include "worker/launcher.h"

PVEXT_MODULE_MAGIC;

PGDLLEXPORT void _PG_init(void);

void
_PG_init(void)
{
	pvext_define_gucs();
	pvext_init_secret();
	pvext_init_map();
	pvext_init_bitmap();
	pvext_init_chunk();
	pvext_init_shape();
	pvext_init_watch();
	pvext_init_queue();
	pvext_init_drain();
	pvext_init_access();
	pvext_init_command();
	pvext_init_identify();
	pvext_init_pulse();
	pvext_init_trust();
	pvext_init_trigger();
	pvext_init_everywhere();
	pvext_init_register();
	pvext_init_launcher();
	pvext_find_addresses_by(pvext_linked_addresses);
}
