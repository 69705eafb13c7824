# pvext: built with PGXS. `make && make install`; the tests run by test/run.

EXTENSION = pvext
MODULE_big = pvext

# The concepts, each a src/<word>.c, most with a header.
SRC_WORDS = $(sort $(basename $(notdir $(wildcard src/*.c))))

# The parts of the extension script, sql/<word>.sql, in the order in which they
# need each other.
SQL_PARTS = header relation part event identity secret subject link personal hold retention \
	evidence consent suppression agreement history erase audit seal access duty again scope scrub receipt search status map ddl role privileges

OBJS = $(SRC_WORDS:%=src/%.o)
SQL_FILES = $(SQL_PARTS:%=sql/%.sql)

# A person writes the version in the control file only. PGXN wants three numbers.
EXTVERSION := $(shell sed -n "s/^default_version *= *'\(.*\)'.*/\1/p" pvext.control)
DISTVERSION := $(EXTVERSION)$(if $(word 3,$(subst ., ,$(EXTVERSION))),,.0)

EXTENSION_SCRIPT = sql/$(EXTENSION)--$(EXTVERSION).sql
DATA_built = $(EXTENSION_SCRIPT)
DATA = $(wildcard sql/updates/$(EXTENSION)--*--*.sql)

PG_CPPFLAGS = -DPVEXT_VERSION='"$(EXTVERSION)"'

# Only what PGDLLEXPORT marks is visible to other modules; and since all symbols are
# bound when the library is loaded, calls need no stubs that could do so later.
PG_CFLAGS = -fvisibility=hidden -fno-plt -Wall -Wextra -Wshadow=compatible-local \
	-Wno-unused-parameter -Wno-sign-compare -Wno-missing-field-initializers
ifdef WERROR
PG_CFLAGS += -Werror
endif

# --outputdir=test: pg_regress then reads test/sql and test/specs, and expected/
# in the root. The launcher gives each test an empty database, so that no test
# depends on what another left behind.
REGRESS = $(sort $(basename $(notdir $(wildcard test/sql/*.sql))))
REGRESS_OPTS = --outputdir=test --launcher=test/launcher
ISOLATION = $(sort $(basename $(notdir $(wildcard test/specs/*.spec))))
ISOLATION_OPTS = --outputdir=test --launcher=test/launcher
TAP_TESTS = 1
PROVE_TESTS = $(sort $(wildcard test/t/*.pl))

EXTRA_CLEAN = sql/$(EXTENSION)--*.sql test/results test/log \
	test/regression.diffs test/regression.out

PG_CONFIG ?= pg_config
PGXS := $(shell $(PG_CONFIG) --pgxs)
include $(PGXS)

all: META.json

# There are few headers and a compilation takes a second: a changed header
# rebuilds everything.
$(OBJS) $(OBJS:.o=.bc): $(wildcard src/*.h) pvext.control

$(EXTENSION_SCRIPT): $(SQL_FILES) pvext.control Makefile
	{ printf '%s\n' '\echo Use "CREATE EXTENSION $(EXTENSION)" to load this file. \quit'; \
	  cat $(SQL_FILES); } > $@.tmp
	mv $@.tmp $@

# What the reference has from the catalog, of a database with the extension that psql
# finds by its environment variables: make doc PGDATABASE=...
.PHONY: doc
doc:
	doc/reference/generate

# The version of the distribution and of the extension, not that of the
# specification in "meta-spec". The date stays when there is nothing to change.
META.json: pvext.control
	sed '/meta-spec/!s/"version": "[^"]*"/"version": "$(DISTVERSION)"/' $@ > $@.tmp
	if cmp -s $@.tmp $@; then rm $@.tmp; else mv $@.tmp $@; fi
