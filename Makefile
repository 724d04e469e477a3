# custseg: `make help` shows what can be done here.
#
#   1 What is built        objects, install script
#   2 Compiler             warnings, sanitizer
#   3 Tests of PGXS        what `make installcheck` runs
#   4 PGXS                 all, install, installcheck, clean
#   5 House                help, demo, test and the rest: scripts in tools/, which need nothing installed

EXTENSION  = custseg
MODULE_big = custseg
EXTVERSION := $(shell sed -n "s/^default_version *= *'\(.*\)'/\1/p" custseg.control)

all:

# --- 1 What is built --------------------------------------------------------

OBJS = \
	src/custseg.o \
	src/common/argument_cache.o \
	src/common/binary.o \
	src/common/bulk_function.o \
	src/common/columns.o \
	src/common/decimal.o \
	src/common/exact_sum.o \
	src/common/exact_sum_io.o \
	src/common/group_table.o \
	src/common/iso_date.o \
	src/common/json.o \
	src/common/key_set.o \
	src/common/poll.o \
	src/common/row_options.o \
	src/common/user_query.o \
	src/common/window_keys.o \
	src/common/window_numbers.o \
	src/purchases/accessors.o \
	src/purchases/customer_purchases.o \
	src/purchases/orders.o \
	src/purchases/purchase_summary.o \
	src/purchases/purchases_pack.o \
	src/purchases/purchases_state.o \
	src/purchases/purchases_type.o \
	src/purchases/rfm.o \
	src/purchases/rfm_model.o \
	src/scoring/ahp.o \
	src/scoring/ahp_weights.o \
	src/scoring/approx_quantile.o \
	src/scoring/balanced.o \
	src/scoring/band.o \
	src/scoring/breaks.o \
	src/scoring/breaks_method.o \
	src/scoring/classify.o \
	src/scoring/component_args.o \
	src/scoring/component_rows.o \
	src/scoring/component_rows_io.o \
	src/scoring/entropy.o \
	src/scoring/entropy_weights.o \
	src/scoring/lifetime/beta_geometric.o \
	src/scoring/lifetime/bgbb.o \
	src/scoring/lifetime/bgnbd.o \
	src/scoring/lifetime/bgnbd_active.o \
	src/scoring/lifetime/bgnbd_predict.o \
	src/scoring/lifetime/churn.o \
	src/scoring/lifetime/clv.o \
	src/scoring/lifetime/clv_simple.o \
	src/scoring/lifetime/delta_method.o \
	src/scoring/lifetime/fit.o \
	src/scoring/lifetime/fit_limit.o \
	src/scoring/lifetime/gamma_gamma.o \
	src/scoring/lifetime/holdout_check.o \
	src/scoring/lifetime/lifetime_apply.o \
	src/scoring/lifetime/lifetime_fit.o \
	src/scoring/lifetime/lifetime_history.o \
	src/scoring/lifetime/lifetime_kind.o \
	src/scoring/lifetime/lifetime_large.o \
	src/scoring/lifetime/lifetime_model.o \
	src/scoring/lifetime/lifetime_model_fields.o \
	src/scoring/lifetime/lifetime_model_io.o \
	src/scoring/lifetime/lifetime_orders.o \
	src/scoring/lifetime/lifetime_predict.o \
	src/scoring/lifetime/lifetime_state.o \
	src/scoring/lifetime/lifetime_state_io.o \
	src/scoring/lifetime/lifetime_table.o \
	src/scoring/lifetime/lifetime_value.o \
	src/scoring/lifetime/log_concave.o \
	src/scoring/lifetime/negative_binomial.o \
	src/scoring/lifetime/optimise.o \
	src/scoring/lifetime/pareto_nbd.o \
	src/scoring/lifetime/pareto_nbd_predict.o \
	src/scoring/lifetime/sbg.o \
	src/scoring/lifetime/special.o \
	src/scoring/natural.o \
	src/scoring/partition.o \
	src/scoring/quantile.o \
	src/scoring/quantile_score.o \
	src/scoring/quantile_sketch.o \
	src/scoring/quantile_sketch_io.o \
	src/scoring/scale.o \
	src/scoring/scale_apply.o \
	src/scoring/scale_fit.o \
	src/scoring/scale_model.o \
	src/scoring/scale_model_io.o \
	src/scoring/scale_state.o \
	src/scoring/scale_state_io.o \
	src/scoring/sort_floats.o \
	src/scoring/topsis.o \
	src/scoring/topsis_model.o \
	src/scoring/topsis_score.o \
	src/scoring/value_counts.o \
	src/scoring/value_counts_io.o \
	src/scoring/value_index.o \
	src/scoring/weighted.o \
	src/scoring/weighted_score.o \
	src/tiering/abc.o \
	src/tiering/abc_amounts.o \
	src/tiering/abc_amounts_sql.o \
	src/tiering/abc_class.o \
	src/tiering/abc_exact.o \
	src/tiering/abc_state.o \
	src/tiering/abc_values.o \
	src/tiering/attribute_boost.o \
	src/tiering/concentration.o \
	src/tiering/condition.o \
	src/tiering/condition_parse.o \
	src/tiering/condition_text.o \
	src/tiering/cross_class.o \
	src/tiering/decimal_counts.o \
	src/tiering/gini.o \
	src/tiering/hhi.o \
	src/tiering/measure_window.o \
	src/tiering/next_tier.o \
	src/tiering/next_tier_measures.o \
	src/tiering/next_tier_row.o \
	src/tiering/next_tier_rule.o \
	src/tiering/next_tier_support.o \
	src/tiering/next_tier_text.o \
	src/tiering/priority.o \
	src/tiering/priority_rank.o \
	src/tiering/psi.o \
	src/tiering/ranking.o \
	src/tiering/segment_cache.o \
	src/tiering/segment_grid.o \
	src/tiering/segment_model.o \
	src/tiering/segment_model_io.o \
	src/tiering/segment_rules.o \
	src/tiering/segmentation.o \
	src/tiering/tier_gap.o \
	src/tiering/tier_overrides.o \
	src/tiering/tier_policy.o \
	src/tiering/tier_policy_check.o \
	src/tiering/tier_policy_io.o \
	src/tiering/tier_policy_template.o \
	src/tiering/tier_table.o \
	src/tiering/tier_table_options.o \
	src/allocation/allocate.o \
	src/allocation/allocate_return.o \
	src/allocation/allocation_check.o \
	src/allocation/allocation_tally.o \
	src/allocation/amounts.o \
	src/allocation/apportion.o \
	src/allocation/apportion_divisor.o \
	src/allocation/apportion_remainder.o \
	src/allocation/apportion_window.o \
	src/allocation/assign.o \
	src/allocation/assign_edges.o \
	src/allocation/assign_explain.o \
	src/allocation/assign_input.o \
	src/allocation/assign_next.o \
	src/allocation/assign_reading.o \
	src/allocation/assignment.o \
	src/allocation/assignment_balance.o \
	src/allocation/assignment_graph.o \
	src/allocation/assignment_path.o \
	src/allocation/assignment_price.o \
	src/allocation/cascade.o \
	src/allocation/choose_offer.o \
	src/allocation/divide.o \
	src/allocation/divide_big.o \
	src/allocation/key_index.o \
	src/allocation/lift.o \
	src/allocation/max_min_ratio.o \
	src/allocation/offer_menus.o \
	src/allocation/offer_rows.o \
	src/allocation/offer_search.o \
	src/allocation/offer_ties.o \
	src/allocation/offer_values.o \
	src/allocation/return_at.o \
	src/allocation/return_curve.o \
	src/allocation/return_price.o \
	src/allocation/return_select.o \
	src/allocation/return_total.o \
	src/allocation/scaled_values.o \
	src/allocation/unit_curve.o \
	src/allocation/waterfall.o \
	src/allocation/workload.o \
	src/allocation/workload_basis.o \
	src/allocation/workload_bound.o \
	src/allocation/workload_dual.o \
	src/allocation/workload_improve.o \
	src/allocation/workload_round.o \
	src/allocation/workload_sample.o \
	src/portfolio/check_query.o \
	src/portfolio/portfolio_call.o \
	src/portfolio/portfolio_purchases.o \
	src/portfolio/portfolio_run.o \
	src/portfolio/registry.o

# The install script is made of the parts that sql/load_order lists.
SQL_PARTS  := $(addprefix sql/,$(shell cat sql/load_order))
INSTALL_SQL = sql/$(EXTENSION)--$(EXTVERSION).sql
DATA_built  = $(INSTALL_SQL)
DATA        = $(wildcard sql/migrations/*.sql)
EXTRA_CLEAN = $(INSTALL_SQL) src/.build-flags

# --- 2 Compiler -------------------------------------------------------------

# PostgreSQL's headers are system headers here: what -Wextra finds in them is not ours. Every PG_FUNCTION_ARGS is
# a parameter, used or not, and PostgreSQL's own style compares int with size_t.
# -ffp-contract=off: the same floating results on every platform.
PG_CPPFLAGS = -I$(CURDIR)/src -isystem $(includedir_server) -DCUSTSEG_VERSION='"$(EXTVERSION)"'
PG_CFLAGS   = -Wall -Wextra -Wno-unused-parameter -Wno-sign-compare -ffp-contract=off
ifdef WERROR
PG_CFLAGS  += -Werror
endif
ifdef SANITIZE
SANITIZER   = -fsanitize=undefined,float-cast-overflow -fno-sanitize-recover=all
PG_CFLAGS  += $(SANITIZER)
SHLIB_LINK += $(SANITIZER)
endif

# --- 3 Tests of PGXS --------------------------------------------------------

# Inputs are in test/, outputs of both kinds in expected/. pg_isolation_regress looks for expected/ in its output
# folder, pg_regress too on 15; from 16 on that is told by --expecteddir.
REGRESS       := $(sort $(basename $(notdir $(wildcard test/sql/*.sql))))
ISOLATION     := $(sort $(basename $(notdir $(wildcard test/specs/*.spec))))
REGRESS_OPTS   = --inputdir=test --outputdir=. $(if $(filter-out 15,$(MAJORVERSION)),--expecteddir=.)
ISOLATION_OPTS = --inputdir=test --outputdir=.
TAP_TESTS      = $(if $(wildcard test/t/*.pl),1)
PROVE_TESTS    = test/t/*.pl

# --- 4 PGXS -----------------------------------------------------------------

HOUSE_TARGETS = help demo shell bench test test-% check-% sanitize valgrind dist

# The house's own targets work where PostgreSQL is not installed yet.
ifneq ($(filter-out $(HOUSE_TARGETS),$(or $(MAKECMDGOALS),all)),)

PG_CONFIG ?= pg_config
PGXS := $(shell $(PG_CONFIG) --pgxs)
ifeq ($(PGXS),)
$(error $(PG_CONFIG) was not found. Install PostgreSQL's server headers, or set PG_CONFIG; on Debian: tools/deps)
endif
include $(PGXS)

# Code for the JIT must give the same floating results as the compiled code.
override BITCODE_CFLAGS += -ffp-contract=off

$(INSTALL_SQL): sql/load_order $(SQL_PARTS) custseg.control
	cat $(SQL_PARTS) > $@

# Every object depends on every header: the project is small, and a stale object costs more than a rebuild.
# Nor may an object remain from a build for another server or with other flags.
$(OBJS) $(OBJS:.o=.bc): $(wildcard src/*/*.h src/*/*/*.h) custseg.control src/.build-flags

src/.build-flags: FORCE
	@echo '$(VERSION) $(PG_CFLAGS)' | cmp -s - $@ || echo '$(VERSION) $(PG_CFLAGS)' > $@

.PHONY: FORCE

endif

# --- 5 House ----------------------------------------------------------------

# What a user gives on the command line (TEST, MAJOR, WERROR, ORDERS, ...) reaches the scripts as environment.

.PHONY: help demo shell bench test dist sanitize valgrind

help: ## this list
	@echo 'Everything below but the first group installs the Debian packages it needs (root or sudo)'
	@echo 'and uses a throw-away PostgreSQL cluster. MAJOR=17 chooses among the installed majors.'
	@awk 'BEGIN { FS = ": ## " } \
		/^##@ / { printf "\n%s\n", substr($$0, 5) } \
		/^[a-z0-9%-]+:.*: ## / || /^[a-z0-9%-]+: ## / { split($$1, t, ":"); printf "  %-20s%s\n", t[1], $$NF } \
		/^#: / { split(substr($$0, 4), t, " -- "); printf "  %-20s%s\n", t[1], t[2] }' Makefile

##@ As in any PGXS extension (PG_CONFIG chooses the server)
#: make -- build; WERROR=1 makes warnings errors
#: make install -- install into that server
#: make installcheck -- pg_regress, isolation and Perl tests against a running server with custseg installed
#: make clean -- remove what was built

##@ To look at
demo: ## a shop from orders to segments; or ORDERS=file.csv COLUMNS=customer,date,amount
	@tools/deps build
	@tools/cluster demo/run

shell: ## psql with the extension and the demo's data; CRON=1: with pg_cron
	@tools/deps build $(if $(CRON),cron)
	@tools/cluster $(if $(CRON),-o shared_preload_libraries=pg_cron -o cron.use_background_workers=on \
		-o cron.database_name=$${DEMO_DATABASE:-custseg_demo}) demo/shell

##@ To test (TEST=name runs one test of a kind)
test: ## everything
	@tools/deps build test
	@tools/cluster tools/test

check-style: ## versions, META.json, file lists, layout
	@tools/deps build
	@tools/check-style

check-regress: ## pg_regress: test/sql against expected/
	@tools/deps build test
	@tools/cluster tools/test regress

check-isolation: ## sessions side by side: test/specs
	@tools/deps build test
	@tools/cluster tools/test isolation

check-pgtap: ## behaviour and properties: test/pgtap
	@tools/deps build test
	@tools/cluster tools/test pgtap

check-docs: ## the examples of README.md and docs/
	@tools/deps build
	@tools/cluster tools/test docs

check-tap: ## restart, dump and restore: test/t
	@tools/deps build test
	@tools/cluster tools/test tap

check-scripts: ## the demo, and the tools themselves: test/*.sh
	@tools/deps build
	@tools/cluster tools/test scripts

test-%: ## everything in a chroot with another major: test-17, test-18
	@tools/chroot run $* make test

sanitize: ## all that runs the extension, with the undefined behaviour sanitizer
	@tools/deps build test
	@SANITIZE=1 tools/cluster tools/test regress isolation pgtap docs tap

valgrind: ## test/sql and test/pgtap under Valgrind in a server built for it; slow
	@tools/valgrind

##@ To measure and to release
bench: ## custseg against hand-written SQL; ORDERS_N=10000000
	@tools/deps build
	@tools/cluster -o shared_buffers=2GB -o max_wal_size=4GB bench/run

dist: ## custseg-VERSION.zip for PGXN, from the last commit
	git archive --format=zip --prefix=$(EXTENSION)-$(EXTVERSION)/ -o $(EXTENSION)-$(EXTVERSION).zip HEAD
