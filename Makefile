# custseg: see `make help`.

# --- What is built --------------------------------------------------------
EXTENSION  = custseg
MODULE_big = custseg
EXTVERSION := $(shell sed -n "s/^default_version *= *'\(.*\)'/\1/p" custseg.control)

OBJS = \
	src/custseg.o \
	src/common/columns.o \
	src/common/decimal.o \
	src/common/group_table.o \
	src/common/iso_date.o \
	src/common/json.o \
	src/common/poll.o \
	src/common/user_query.o \
	src/purchases/accessors.o \
	src/purchases/customer_purchases.o \
	src/purchases/orders.o \
	src/purchases/purchase_summary.o \
	src/purchases/purchases_pack.o \
	src/purchases/purchases_state.o \
	src/purchases/purchases_type.o \
	src/purchases/rfm.o \
	src/purchases/rfm_model.o \
	src/scoring/balanced.o \
	src/scoring/breaks.o \
	src/scoring/partition.o \
	src/scoring/quantile.o \
	src/scoring/quantile_score.o \
	src/scoring/sort_floats.o \
	src/scoring/value_counts.o \
	src/scoring/value_counts_io.o \
	src/tiering/segment_cache.o \
	src/tiering/segment_grid.o \
	src/tiering/segment_model.o \
	src/tiering/segment_model_io.o \
	src/tiering/segment_rules.o \
	src/tiering/segmentation.o

# --- The install script: the parts of sql/load_order, concatenated ----------
SQL_PARTS  := $(addprefix sql/,$(shell cat sql/load_order))
INSTALL_SQL = sql/$(EXTENSION)--$(EXTVERSION).sql
DATA_built  = $(INSTALL_SQL)
DATA        = $(wildcard sql/migrations/*.sql)
EXTRA_CLEAN = $(INSTALL_SQL)

# --- Compiler ---------------------------------------------------------------
PG_CPPFLAGS = -I$(CURDIR)/src -DCUSTSEG_VERSION='"$(EXTVERSION)"'
PG_CFLAGS   = -Wall -Wextra -Wno-unused-parameter -Wno-sign-compare \
	-Wno-missing-field-initializers -ffp-contract=off
ifdef WERROR
PG_CFLAGS  += -Werror
endif

PG_CONFIG ?= pg_config
PGXS := $(shell $(PG_CONFIG) --pgxs)
include $(PGXS)

$(INSTALL_SQL): sql/load_order $(SQL_PARTS) custseg.control
	cat $(SQL_PARTS) > $@

# Every object depends on every header: the project is small, and a stale object costs more than a rebuild.
$(OBJS): $(wildcard src/*/*.h)
