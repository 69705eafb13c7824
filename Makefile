# pvext: built with PGXS. `make && make install`; the tests run by test/run.

EXTENSION = pvext
MODULE_big = pvext

# Where the tree is, when it is built outside of it: make -f .../Makefile VPATH=...
TREE := $(if $(VPATH),$(VPATH)/)

# The concepts: src/<folder>/<word>.c, most with a header. An object lies in the
# same folder, of the directory that is built in.
SRC_FILES := $(sort $(patsubst $(TREE)%,%,$(wildcard $(TREE)src/*.c $(TREE)src/*/*.c)))

# The parts of the extension script, sql/<folder>/<word>.sql, in the order in which
# they need each other.
SQL_PARTS = base/header base/relation base/part base/event base/identity base/secret \
	map/subject map/link map/personal rule/hold rule/retention \
	consent/evidence consent/consent consent/suppression consent/import consent/agreement erase/history erase/erase \
	audit/audit rights/petition rights/find_copies seal/seal reads/access_log worker/duty erase/reappeared \
	scrub/scope scrub/scrub scrub/receipt scrub/search worker/status \
	declare/check_map declare/ddl declare/role privileges

OBJS = $(SRC_FILES:.c=.o)
SQL_FILES = $(SQL_PARTS:%=sql/%.sql)

# A person writes the version in the control file only. PGXN wants three numbers.
EXTVERSION := $(shell sed -n "s/^default_version *= *'\(.*\)'.*/\1/p" $(TREE)pvext.control)
DISTVERSION := $(EXTVERSION)$(if $(word 3,$(subst ., ,$(EXTVERSION))),,.0)

EXTENSION_SCRIPT = sql/$(EXTENSION)--$(EXTVERSION).sql
DATA_built = $(EXTENSION_SCRIPT)
# A released version can still be created; an update brings it to the next.
DATA = $(patsubst $(TREE)%,%,$(wildcard $(TREE)sql/releases/$(EXTENSION)--*.sql $(TREE)sql/updates/$(EXTENSION)--*--*.sql))

# Headers are named with their folder. -iquote: none of them is taken for the
# system's header of the same name.
PG_CPPFLAGS = -iquote $(TREE)src -DPVEXT_VERSION='"$(EXTVERSION)"'

# Only what PGDLLEXPORT marks is visible to other modules; and since all symbols are
# bound when the library is loaded, calls need no stubs that could do so later.
PG_CFLAGS = -fvisibility=hidden -fno-plt -Wall -Wextra -Wshadow=compatible-local \
	-Wno-unused-parameter -Wno-sign-compare -Wno-missing-field-initializers
ifdef WERROR
PG_CFLAGS += -Werror
endif

# --outputdir=test: pg_regress then reads test/sql and test/specs, and expected/
# in the root. The launcher gives each test an empty database, so that no test
# depends on what another left behind. A test's name begins with the concept that
# it is of; what several include stands in test/prelude.
REGRESS = $(sort $(basename $(notdir $(wildcard test/sql/*.sql))))
REGRESS_OPTS = --outputdir=test --launcher=test/launcher
ISOLATION = $(sort $(basename $(notdir $(wildcard test/specs/*.spec))))
ISOLATION_OPTS = --outputdir=test --launcher=test/launcher
TAP_TESTS = 1
PROVE_TESTS = $(sort $(wildcard test/t/*.pl))

EXTRA_CLEAN = sql/$(EXTENSION)--*.sql test/results test/log \
	test/regression.diffs test/regression.out \
	$(foreach made,o bc o.d bc.d gcno gcda,src/*.$(made) src/*/*.$(made))

PG_CONFIG ?= pg_config
PGXS := $(shell $(PG_CONFIG) --pgxs)
include $(PGXS)

all: $(if $(VPATH),,META.json)

# A compilation writes beside the object which headers it has read, for the next make.
COMPILE.c += -MMD -MP -MT $@ -MF $@.d
COMPILE.c.bc += -MMD -MP -MT $@ -MF $@.d
-include $(wildcard $(OBJS:=.d) $(OBJS:.o=.bc.d))

# All are compiled with the version.
$(OBJS) $(OBJS:.o=.bc): pvext.control

# Of a build outside of the tree.
ifdef VPATH
$(shell mkdir -p sql $(sort $(dir $(OBJS))))
endif

$(EXTENSION_SCRIPT): $(SQL_FILES) pvext.control Makefile
	{ printf '%s\n' '\echo Use "CREATE EXTENSION $(EXTENSION)" to load this file. \quit'; \
	  cat $(filter %.sql,$^); } > $@.tmp
	mv $@.tmp $@

# What the reference has from the catalog, of a database with the extension that psql
# finds by its environment variables: make doc PGDATABASE=...
.PHONY: doc
doc:
	$(TREE)doc/reference/generate

# The version of the distribution and of the extension, not that of the
# specification in "meta-spec". The date stays when there is nothing to change.
META.json: pvext.control
	sed '/meta-spec/!s/"version": "[^"]*"/"version": "$(DISTVERSION)"/' $@ > $@.tmp
	if cmp -s $@.tmp $@; then rm $@.tmp; else mv $@.tmp $@; fi

# The checks that need no installation; TESTS= are options of test/run.
.PHONY: lint indent layers check-assert check-asan coverage release

lint:
	test/lint

indent:
	test/indent

layers:
	test/layers

check-assert:
	test/run --assert $(TESTS)

check-asan:
	test/run --asan --only regress $(TESTS)

coverage:
	test/run --coverage $(TESTS)

# The script of this version is kept: it is released.
release: $(EXTENSION_SCRIPT)
	mkdir -p sql/releases
	cp $(EXTENSION_SCRIPT) sql/releases/
