/*
 * pvext.c
 *		A database that keeps its company's privacy statement.
 */
#include "postgres.h"
#include "message.h"

#include "access.h"
#include "bitmap.h"
#include "chunk.h"
#include "command.h"
#include "compat.h"
#include "drain.h"
#include "fmgr.h"
#include "guc.h"
#include "identify.h"
#include "launcher.h"
#include "map.h"
#include "pulse.h"
#include "secret.h"
#include "shape.h"
#include "trigger.h"
#include "trust.h"
#include "watch.h"

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
	pvext_init_launcher();
}
