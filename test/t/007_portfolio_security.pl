# Portfolios of users who may only create in the database, and portfolios whose owner means harm: whose rights code of the
# owner gets, who may do what, dumps, restores and a standby.
#
# Only a Perl test can do this: it takes sessions of several roles, procedures that commit, pg_dump between databases, and
# a standby.

use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('security');
$node->init(allows_streaming => 1, extra => [ '--locale=C.UTF-8', '--encoding=UTF8' ]);
$node->start;

my $super = $node->safe_psql('postgres', q{
	CREATE ROLE analyst LOGIN;
	CREATE ROLE colleague LOGIN;
	CREATE ROLE stranger LOGIN;
	CREATE ROLE reader LOGIN;
	CREATE ROLE steward LOGIN;
	CREATE ROLE mallory LOGIN;
	CREATE DATABASE shop;
	CREATE DATABASE copy;
	CREATE DATABASE part;
	GRANT CREATE ON DATABASE shop, copy, part TO analyst, colleague, stranger, steward, mallory;
	SELECT current_user});

sub query
{
	my ($role, $db, $sql) = @_;
	return $node->safe_psql($db, $sql, extra_params => [ '-U', $role ]);
}

# A statement that must fail: its message, with detail and hint.
sub refused
{
	my ($role, $db, $sql) = @_;
	my ($status, $out, $err) = $node->psql($db, $sql, extra_params => [ '-U', $role ]);
	return $status == 0 ? "accepted: $out" : $err;
}

# Statements that must all fail in one way, in one session.
sub all_refused
{
	my ($role, $pattern, $name, @calls) = @_;
	my ($status, $out, $err) = $node->psql('shop', join(";\n", @calls), on_error_stop => 0, extra_params => [ '-U', $role ]);
	is(scalar(() = $err =~ /ERROR:  $pattern/g), scalar(@calls), $name) or diag($err);
}

# What a portfolio holds, but the rows of run.
sub content
{
	my ($db, $schema) = @_;
	my $tables = $node->safe_psql($db, qq{SELECT string_agg(format('SELECT %L, t::text FROM %s t', c.relname, c.oid::regclass), ' UNION ALL ')
		FROM pg_class c WHERE c.relnamespace = '$schema'::regnamespace AND c.relkind = 'r' AND c.relpersistence = 'p' AND c.relname <> 'run'});
	return $node->safe_psql($db, "$tables ORDER BY 1, 2");
}

# --- the whole life, by a user who may only create in the database ---

query('analyst', $_, 'CREATE EXTENSION custseg') foreach ('shop', 'copy', 'part');
query('analyst', 'shop', q{
	CREATE SCHEMA sales;
	CREATE TABLE sales.orders AS
	SELECT i % 40 + 1 AS customer, date '2024-01-01' + (i * 7) % 150 AS day, (i % 23 * 10)::numeric AS amount FROM generate_series(1, 1500) i;
	CREATE TABLE sales.customers AS SELECT i AS customer_id, 'r' || i % 3 AS region FROM generate_series(1, 45) i;
	GRANT USAGE ON SCHEMA sales TO colleague, stranger;
	GRANT SELECT ON sales.orders TO colleague, stranger;
});
my @life = (
	q{SELECT custseg.create_portfolio('shop', 'sales.orders', 'customer', 'day', 'amount')},
	q{SELECT custseg.add_source('shop', 'customers', 'sales.customers')},
	q{SELECT custseg.set_option('shop', 'keep_scores', 'all')},
	q{SELECT custseg.set_measure('shop', 'lately', 'spend', 'rolling 3 months')},
	q{SELECT custseg.set_component('shop', 'lately')},
	q{SELECT custseg.set_tier('shop', 'regular', 'lately >= 500')},
	q{SELECT custseg.set_resource('shop', 'budget', 1000, weight_measure => 'spend')},
	q{SELECT custseg.set_tier_budget('shop', 'budget', 'regular', floor => 100)},
	q{SELECT custseg.set_agent('shop', 'Ann', 10)},
	q{SELECT custseg.set_target('shop', 'reach', 'customers', 40)},
	q{SELECT count(*) FROM custseg.refresh('shop', '2024-03-31', true)},
	q{SELECT count(*) FROM custseg.refresh('shop', '2024-03-31')},
	q{CALL custseg.run_refresh('shop', '2024-04-30')},
	q{SELECT custseg.set_override('shop', '7', 'pin', 'vip', reason => 'a friend')},
	q{SELECT count(*) FROM custseg.what_if('shop', '{"tiers": [{"tier": "regular", "enter": "lately >= 5", "keep": null}]}')},
	q{SELECT count(*) FROM custseg.explain_score('shop', '7')},
	q{SELECT count(*) FROM custseg.explain_tier('shop', '7')},
	q{SELECT custseg.customer_profile('shop', '7')},
	q{SELECT count(*) FROM custseg.movement('shop', '2024-03-31')},
	q{SELECT count(*) FROM custseg.data_quality('shop')},
	q{SELECT custseg.import_portfolio('shop', custseg.export_portfolio('shop', true))},
	q{SELECT custseg.merge_customer('shop', '8', '9', 'one person')},
	q{SELECT count(*) FROM custseg.forget_customer('shop', '10')},
	q{SELECT count(*) FROM custseg.reassign('shop')},
	q{SELECT custseg.grant_reader('shop', 'reader')},
	q{SELECT custseg.upgrade_portfolio('shop')},
	q{SELECT custseg.rename_portfolio('shop', 'boutique')},
	q{SELECT custseg.rename_portfolio('boutique', 'shop')},
	q{SELECT custseg.schedule('shop', '15 3 * * *')},
	q{SELECT count(*) FROM custseg.prune('shop', '10 years')},
	q{SELECT count(*) FROM custseg.refresh('shop', '2024-05-15')},
);
foreach my $step (@life)
{
	my ($status, $out, $err) = $node->psql('shop', $step, extra_params => [ '-U', 'analyst' ]);
	is("$status $err", '0 ', "the analyst: " . substr($step, 0, 60));
}
is(query('analyst', 'shop', q{SELECT count(*) > 30 FROM shop.current_customers}), 't', 'has customers');

# --- who may do what ---

my @calls = grep { !/create_portfolio|schedule|'boutique', 'shop'/ } @life;
my $drop = q{SELECT custseg.drop_portfolio('shop', 'shop')};
all_refused('stranger', qr/permission denied for (function|procedure)/, 'a stranger can call nothing', @calls, $drop, $life[0],
	q{SELECT custseg.attach_portfolio('sales')});
like(refused('colleague', 'shop', q{SELECT custseg.grant_portfolios('colleague')}), qr/permission denied/, 'nobody grants himself');
query('analyst', 'shop', q{SELECT custseg.grant_portfolios('colleague')});
query('analyst', 'shop', q{SELECT custseg.grant_portfolios('mallory')});
query('analyst', 'shop', q{SELECT custseg.grant_portfolios('reader')});
all_refused('colleague', qr/permission denied for portfolio "shop"/, 'nor who may have portfolios, with that of others', @calls, $drop);
like(refused('colleague', 'shop', 'SELECT * FROM shop.current_customers'), qr/permission denied for schema shop/, 'he does not read it');
like(refused('colleague', 'shop', q{SELECT custseg.attach_portfolio('shop', 'mine')}), qr/permission denied for schema "shop"/, 'nor take its schema');
query('colleague', 'shop', q{
	SELECT custseg.create_portfolio('own', 'sales.orders', 'customer', 'day', 'amount');
	SELECT custseg.refresh('own', '2024-04-30')});
is(query('colleague', 'shop', q{SELECT count(*) FROM own.current_customers}), 40, 'but makes one of his own, over the same table');
is(query('analyst', 'shop', q{SELECT string_agg(name || ' ' || owner, ', ' ORDER BY name) FROM custseg.portfolios}), 'own colleague, shop analyst',
	'both are listed');
like(refused('analyst', 'shop', q{SELECT custseg.refresh('own')}), qr/permission denied for portfolio "own"/, 'the installer has no rights on it');

# A reader.
my @readable = split(/\n/, query('analyst', 'shop', q{SELECT name FROM shop.report_view ORDER BY 1}));
ok(@readable > 20, 'there are report views');
is($node->safe_psql('shop', q{
	SELECT string_agg(c.relname, ', ' ORDER BY c.relname) FROM pg_class c
	WHERE c.relnamespace = 'shop'::regnamespace AND c.relkind IN ('r', 'v', 'S', 'm')
		AND CASE c.relkind WHEN 'S' THEN has_sequence_privilege('reader', c.oid, 'SELECT, USAGE, UPDATE')
			ELSE has_table_privilege('reader', c.oid, 'SELECT') END}), join(', ', @readable), 'a reader reads the report views and nothing else');
is($node->safe_psql('shop', q{
	SELECT count(*) FROM pg_class c
	WHERE c.relnamespace = 'shop'::regnamespace AND c.relkind IN ('r', 'v')
		AND has_table_privilege('reader', c.oid, 'INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER')}), 0, 'and writes nothing');
is($node->safe_psql('shop', q{SELECT has_schema_privilege('reader', 'shop', 'CREATE')}), 'f', 'nor creates');
query('reader', 'shop', join(';', map { "SELECT count(*) FROM shop.$_" } @readable));
my @reads = (
	q{SELECT count(*) FROM custseg.explain_score('shop', '7')},
	q{SELECT count(*) FROM custseg.explain_tier('shop', '7', 'zh')},
	q{SELECT custseg.customer_profile('shop', '7')},
	q{SELECT count(*) FROM custseg.movement('shop', '2024-03-31')},
);
isnt(query('reader', 'shop', $_), '', "a reader: $_") foreach @reads;
all_refused('reader', qr/permission denied for portfolio "shop"/, 'and nothing else', grep({ !/explain|profile|movement/ } @calls), $drop);
query('analyst', 'shop', q{SELECT custseg.revoke_reader('shop', 'reader')});
like(refused('reader', 'shop', 'SELECT * FROM shop.current_customers'), qr/permission denied/, 'once it is revoked, he reads nothing');
like(refused('reader', 'shop', $reads[0]), qr/permission denied for portfolio "shop"/, 'nor has explained');
query('analyst', 'shop', q{SELECT custseg.grant_reader('shop', 'reader')});

# Whoever owns the schema of the extension could add functions to it that fit a call of ours better.
query('analyst', 'shop', q{
	CREATE FUNCTION custseg._column_type(text, text, text) RETURNS regtype LANGUAGE sql AS 'SELECT NULL::regtype';
	CREATE FUNCTION custseg.my_own(text) RETURNS text LANGUAGE sql AS 'SELECT $1'});
like(refused('colleague', 'shop', q{SELECT custseg.refresh('own', '2024-05-01')}),
	qr/function custseg\._column_type\(text,text,text\) is not of the extension.*It was made by role "analyst"/s, 'overloads of others are refused');
query('analyst', 'shop', 'DROP FUNCTION custseg._column_type(text, text, text)');
isnt(query('colleague', 'shop', q{SELECT count(*) FROM custseg.refresh('own', '2024-05-01')}), '', 'functions of other names are not');
query('analyst', 'shop', 'DROP FUNCTION custseg.my_own(text)');

# --- rows that a policy hides ---

query('steward', 'shop', q{
	CREATE SCHEMA kept;
	CREATE TABLE kept.orders AS SELECT i % 5 AS customer, date '2024-01-01' AS day, 1.0 AS amount FROM generate_series(1, 20) i;
	ALTER TABLE kept.orders ENABLE ROW LEVEL SECURITY;
	CREATE POLICY lower_ones ON kept.orders USING (customer < 3);
	GRANT USAGE ON SCHEMA kept TO colleague;
	GRANT SELECT ON kept.orders TO colleague});
like(refused('colleague', 'shop', q{
	SELECT custseg.create_portfolio('hidden', 'kept.orders', 'customer', 'day', 'amount')}),
	qr/query would be affected by row-level security policy for table "orders"/, 'orders of which some are hidden make no portfolio');
query('steward', 'shop', 'ALTER TABLE kept.orders DISABLE ROW LEVEL SECURITY');
query('colleague', 'shop', q{
	SELECT custseg.create_portfolio('hidden', 'kept.orders', 'customer', 'day', 'amount');
	SELECT custseg.refresh('hidden', '2024-04-30')});
query('steward', 'shop', 'ALTER TABLE kept.orders ENABLE ROW LEVEL SECURITY');
like(refused('colleague', 'shop', q{SELECT custseg.refresh('hidden', '2024-05-01')}),
	qr/query would be affected by row-level security policy for table "orders"/, 'nor are customers lost at a refresh');
like(refused($super, 'shop', q{SELECT custseg.refresh('hidden', '2024-05-01')}),
	qr/query would be affected by row-level security policy for table "orders"/, 'also when a superuser calls it, who sees all rows');
is(query('colleague', 'shop', q{SELECT count(*) FROM hidden.current_customers}), 5, 'they are all there');

# --- an owner who means harm ---

# Whatever runs of his says as whom, to a table that everybody can write, and tries to get more.
query($super, 'shop', q{
	CREATE SCHEMA trap;
	CREATE TABLE trap.seen (role name, what text);
	GRANT USAGE ON SCHEMA trap TO PUBLIC;
	GRANT INSERT, SELECT ON trap.seen TO PUBLIC;
	CREATE TABLE trap.secret AS SELECT 'secret' AS word});
query('mallory', 'shop', q{
	CREATE SCHEMA evil_code;
	CREATE FUNCTION evil_code.spring(what text) RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog AS $$
	BEGIN
		IF EXISTS (SELECT FROM trap.seen s WHERE s.role = current_user AND s.what = spring.what) THEN
			RETURN;
		END IF;
		BEGIN
			INSERT INTO trap.seen VALUES (current_user, what);
		EXCEPTION WHEN read_only_sql_transaction THEN
			IF current_user <> 'mallory' THEN
				RAISE WARNING 'SPRUNG % as %', what, current_user;
			END IF;
		END;
		BEGIN
			PERFORM set_config('role', 'none', false);
			RAISE WARNING 'SPRUNG % could set the role', what;
		EXCEPTION WHEN OTHERS THEN
			NULL;
		END;
		BEGIN
			EXECUTE 'RESET SESSION AUTHORIZATION';
			RAISE WARNING 'SPRUNG % could reset the authorization', what;
		EXCEPTION WHEN OTHERS THEN
			NULL;
		END;
		BEGIN
			EXECUTE 'SELECT FROM trap.secret';
			RAISE WARNING 'SPRUNG % as %', what, current_user;
		EXCEPTION WHEN insufficient_privilege THEN
			NULL;
		END;
	END $$;
	CREATE FUNCTION evil_code.number(n numeric) RETURNS numeric LANGUAGE plpgsql AS $$ BEGIN PERFORM evil_code.spring('source view'); RETURN n; END $$;
	CREATE FUNCTION evil_code.yes(what text) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN PERFORM evil_code.spring(what); RETURN true; END $$;
	CREATE FUNCTION evil_code.word(t text) RETURNS text IMMUTABLE LANGUAGE plpgsql AS $$ BEGIN PERFORM evil_code.spring('index'); RETURN t; END $$;
	CREATE FUNCTION evil_code.fired() RETURNS trigger LANGUAGE plpgsql AS $$
	BEGIN PERFORM evil_code.spring('trigger ' || TG_TABLE_NAME); RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END; END $$;
	CREATE TABLE evil_code.orders AS
	SELECT i % 40 + 1 AS customer, date '2024-01-01' + (i * 7) % 150 AS day, (i % 23 * 10)::numeric AS amount FROM generate_series(1, 300) i;
	SELECT custseg.create_portfolio('evil', 'evil_code.orders', 'customer', 'day', 'evil_code.number(amount)');
	SELECT custseg.add_source('evil', 'customers', 'SELECT DISTINCT customer AS customer_id, ''r''::text AS region FROM evil_code.orders WHERE evil_code.yes(''customers'')');
	SELECT custseg.set_resource('evil', 'budget', 1000, weight_measure => 'spend');
	SELECT custseg.set_agent('evil', 'Ann', 10);
	SELECT custseg.set_target('evil', 'reach', 'customers', 40);
	SELECT custseg.refresh('evil', '2024-01-31');
	-- On every table: triggers, checks, an index, defaults, a policy, a rule.
	DO $$
	DECLARE
		t record;
	BEGIN
		FOR t IN SELECT c.oid::regclass AS name, c.relname FROM pg_class c WHERE c.relnamespace = 'evil'::regnamespace AND c.relkind = 'r' LOOP
			EXECUTE format('CREATE TRIGGER evil_row BEFORE INSERT OR UPDATE OR DELETE ON %s FOR EACH ROW EXECUTE FUNCTION evil_code.fired()', t.name);
			EXECUTE format('CREATE TRIGGER evil_all AFTER INSERT OR UPDATE OR DELETE ON %s EXECUTE FUNCTION evil_code.fired()', t.name);
			EXECUTE format('ALTER TABLE %s ADD CHECK (evil_code.yes(%L))', t.name, 'check ' || t.relname);
			EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', t.name);
			EXECUTE format('CREATE POLICY evil ON %s USING (evil_code.yes(%L))', t.name, 'policy ' || t.relname);
		END LOOP;
		CREATE RULE evil AS ON UPDATE TO evil.portfolio DO ALSO SELECT evil_code.spring('rule');
	END $$;
	CREATE INDEX ON evil.customer (evil_code.word(tier));
	CREATE FUNCTION evil_code.now() RETURNS timestamptz LANGUAGE plpgsql AS $$ BEGIN PERFORM evil_code.spring('default'); RETURN clock_timestamp(); END $$;
	ALTER TABLE evil.run ALTER started_at SET DEFAULT evil_code.now();
});
$node->safe_psql('shop', 'DELETE FROM trap.seen');
my @super_calls = map { s/'shop'/'evil'/r } grep { !/create_portfolio|add_source|set_tier_budget|rename|schedule/ } @life;
push @super_calls, (
	q{CALL custseg.run_refresh('evil', '2024-05-20')},
	q{SELECT custseg.add_source('evil', 'measures', 'SELECT customer AS customer_id, sum(evil_code.number(amount)) AS m FROM evil_code.orders GROUP BY 1')},
	q{SELECT custseg.drop_source('evil', 'measures')},
	q{SELECT custseg.rename_portfolio('evil', 'bad')},
	q{SELECT custseg.rename_portfolio('bad', 'evil')},
	q{SELECT custseg.rename_tier('evil', 'regular', 'usual')},
	q{SELECT custseg.set_tier_budget('evil', 'budget', 'usual', floor => 1)},
	q{SELECT custseg.drop_agent('evil', 'Ann', true)},
	q{SELECT custseg.drop_resource('evil', 'budget')},
	q{SELECT custseg.drop_target('evil', 'reach')},
	q{SELECT custseg.unmerge_customer('evil', '8')},
	q{SELECT custseg.revoke_reader('evil', 'reader')},
	q{SELECT custseg.set_tiers('evil', custseg.tier_policy_template('vip_regular_potential'))},
	q{SELECT custseg.unschedule('evil')},
	q{SELECT count(*) FROM custseg.portfolios},
	q{SELECT count(*) FROM custseg.portfolio_progress},
	q{SELECT custseg.drop_portfolio('evil')},
);

# Calls all that there is in one session; returns what it says.
sub spring
{
	my ($settings) = @_;
	my ($status, $out, $err) = $node->psql('shop', join(";\n", $settings, @super_calls), on_error_stop => 0, extra_params => [ '-U', $super ]);
	return $err;
}
# The roles that code of the owner ran as.
sub ran_as { return $node->safe_psql('shop', q{SELECT string_agg(DISTINCT role, ', ' ORDER BY role) FROM trap.seen}) }
sub sprung { return $node->safe_psql('shop', q{SELECT string_agg(DISTINCT what, ', ' ORDER BY what) FROM trap.seen}) }

my $said = spring('SET client_min_messages = warning');
is(scalar(() = $said =~ /ERROR/g), 1, 'a superuser calls everything on the portfolio, and all but the last works') or diag($said);
unlike($said, qr/SPRUNG/, 'its code gets no further than its owner');
is(ran_as(), 'mallory', 'it ran as its owner');
my $seen = sprung();
like($seen, qr/\Q$_\E/, "the trap was sprung: $_")
	foreach ('source view', 'customers', 'trigger customer', 'trigger run', 'trigger component', 'trigger setting', 'check customer', 'index', 'default', 'rule');
unlike($seen, qr/policy/, 'no policy is asked');

# Now names that hide those of PostgreSQL and of ours, in the schema of the portfolio, which its functions search too.
query('mallory', 'shop', q{
	-- In the portfolio's schema, which is in the path: better matches than those of PostgreSQL, and names of ours.
	CREATE FUNCTION evil.lower(daterange) RETURNS date LANGUAGE plpgsql AS $$ BEGIN PERFORM evil_code.spring('lower'); RETURN pg_catalog.lower($1); END $$;
	CREATE FUNCTION evil.format(text, text) RETURNS text LANGUAGE plpgsql AS $$ BEGIN PERFORM evil_code.spring('format'); RETURN pg_catalog.format($1, $2); END $$;
	CREATE FUNCTION evil.format(text, name) RETURNS text LANGUAGE plpgsql AS $$ BEGIN PERFORM evil_code.spring('format name'); RETURN pg_catalog.format($1, $2); END $$;
	CREATE FUNCTION evil.count(text) RETURNS bigint LANGUAGE plpgsql AS $$ BEGIN PERFORM evil_code.spring('count'); RETURN 1; END $$;
	CREATE FUNCTION evil.now() RETURNS timestamptz LANGUAGE plpgsql AS $$ BEGIN PERFORM evil_code.spring('now'); RETURN clock_timestamp(); END $$;
	CREATE FUNCTION evil._option(portfolio text, option text) RETURNS text LANGUAGE plpgsql AS $$ BEGIN PERFORM evil_code.spring('_option'); RETURN NULL; END $$;
	CREATE FUNCTION evil._work_on(portfolio text) RETURNS void LANGUAGE plpgsql AS $$ BEGIN PERFORM evil_code.spring('_work_on'); END $$;
	CREATE FUNCTION evil.same(text, text) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN PERFORM evil_code.spring('='); RETURN $1 OPERATOR(pg_catalog.=) $2; END $$;
	CREATE OPERATOR evil.= (LEFTARG = text, RIGHTARG = text, FUNCTION = evil.same);
	CREATE FUNCTION evil.same(text, varchar) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN PERFORM evil_code.spring('= varchar'); RETURN $1 OPERATOR(pg_catalog.=) $2::text; END $$;
	CREATE OPERATOR evil.= (LEFTARG = text, RIGHTARG = varchar, FUNCTION = evil.same);
	CREATE FUNCTION evil.joined(jsonb, text) RETURNS text LANGUAGE plpgsql AS $$ BEGIN PERFORM evil_code.spring('->>'); RETURN $1 OPERATOR(pg_catalog.->>) $2; END $$;
	CREATE OPERATOR evil.->> (LEFTARG = jsonb, RIGHTARG = text, FUNCTION = evil.joined);
	CREATE FUNCTION evil.as_purchases(custseg.purchases) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN PERFORM evil_code.spring('cast'); RETURN true; END $$;
	CREATE TYPE evil.sly AS (t text);
	CREATE FUNCTION evil.to_text(evil.sly) RETURNS text LANGUAGE plpgsql AS $$ BEGIN PERFORM evil_code.spring('cast'); RETURN ($1).t; END $$;
	CREATE CAST (evil.sly AS text) WITH FUNCTION evil.to_text(evil.sly) AS IMPLICIT;
	CREATE DOMAIN evil.text AS pg_catalog.text CHECK (evil_code.yes('domain'));
	-- A working table that is a view.
	ALTER TABLE evil.setting RENAME TO setting_table;
	CREATE VIEW evil.setting AS SELECT s.name, s.value FROM evil.setting_table s WHERE evil_code.yes('view for a table');
	CREATE RULE writes AS ON INSERT TO evil.setting DO INSTEAD SELECT evil_code.spring('rule instead');
	CREATE RULE removes AS ON DELETE TO evil.setting DO INSTEAD SELECT evil_code.spring('rule instead');
	CREATE RULE updates AS ON UPDATE TO evil.setting DO INSTEAD SELECT evil_code.spring('rule instead');
});
# And in public, for who has it first in his path.
query($super, 'shop', 'GRANT CREATE ON SCHEMA public TO mallory; DELETE FROM trap.seen');
query('mallory', 'shop', q{
	CREATE DOMAIN public.text AS pg_catalog.text CHECK (evil_code.yes('domain in public'));
	CREATE DOMAIN public.int8 AS pg_catalog.int8 CHECK (evil_code.yes('domain in public'));
	CREATE FUNCTION public.now() RETURNS timestamptz LANGUAGE plpgsql AS $$ BEGIN PERFORM evil_code.spring('now in public'); RETURN clock_timestamp(); END $$;
	CREATE FUNCTION public.format(pg_catalog.text, pg_catalog.text) RETURNS pg_catalog.text LANGUAGE plpgsql AS $$ BEGIN PERFORM evil_code.spring('format in public'); RETURN pg_catalog.format($1, $2); END $$;
	CREATE FUNCTION public.same(pg_catalog.text, pg_catalog.text) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN PERFORM evil_code.spring('= in public'); RETURN $1 OPERATOR(pg_catalog.=) $2; END $$;
	CREATE OPERATOR public.= (LEFTARG = pg_catalog.text, RIGHTARG = pg_catalog.text, FUNCTION = public.same);
	CREATE FUNCTION public.no(boolean) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN PERFORM evil_code.spring('! in public'); RETURN true; END $$;
});

foreach my $settings ('SET client_min_messages = warning', 'SET search_path = public, evil, pg_catalog')
{
	unlike(spring($settings), qr/SPRUNG/, "$settings: its code gets no further than its owner");
	is(ran_as(), 'mallory', 'it ran as its owner');
	$seen = sprung();
	like($seen, qr/view for a table/, 'it did run');
	unlike($seen, qr/_option|_work_on/, 'functions of ours are not mistaken');
	unlike($seen, qr/in public/, 'nor are those in the path of the caller');
	$node->safe_psql('shop', 'DELETE FROM trap.seen');
}

# A deferred trigger would fire at COMMIT, when nobody is restricted.
query('mallory', 'shop', q{
	CREATE CONSTRAINT TRIGGER late AFTER INSERT OR UPDATE ON evil.run DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION evil_code.fired()});
$node->safe_psql('shop', 'DELETE FROM trap.seen');
like(refused($super, 'shop', $_), qr/cannot fire deferred trigger within security-restricted operation/, "no trigger waits for the end of $_")
	foreach (q{CALL custseg.run_refresh('evil', '2024-05-21')}, q{SELECT custseg.refresh('evil', '2024-05-21')});
is($node->safe_psql('shop', q{SELECT coalesce(string_agg(DISTINCT role, ', ' ORDER BY role), '') FROM trap.seen WHERE role <> 'mallory'}), '', 'nothing ran as the superuser');

# A schema that is to be attached.
query('mallory', 'shop', q{
	DROP TRIGGER late ON evil.run;
	CREATE SCHEMA fake;
	CREATE VIEW fake.portfolio AS SELECT 'fake'::pg_catalog.text AS name, 1 AS layout WHERE evil_code.yes('attach')});
$node->safe_psql('shop', 'DELETE FROM trap.seen');
like(refused($super, 'shop', q{SELECT custseg.attach_portfolio('fake')}), qr/schema "fake" holds no portfolio.*DETAIL:  "portfolio" is not a table/s,
	'a schema whose tables are views is not attached');
is($node->safe_psql('shop', 'SELECT count(*) FROM trap.seen'), 0, 'nor read');
query('mallory', 'shop', q{
	DROP VIEW evil.setting;
	DROP DOMAIN evil.text CASCADE;
	DROP FUNCTION evil.count, evil.now, evil.lower, evil.format(text, text), evil.format(text, name);
	ALTER TABLE evil.setting_table RENAME TO setting;
	ALTER SCHEMA evil RENAME TO "Evil's"});
my ($status, $out, $err) = $node->psql('shop', q{SELECT custseg.attach_portfolio('Evil''s')}, extra_params => [ '-U', $super ]);
is($status, 0, 'a superuser attaches it again') or diag($err);
unlike($err, qr/SPRUNG/, 'and its code gets no further than its owner');
is(ran_as(), 'mallory', 'it ran as its owner');
query($super, 'shop', q{SELECT custseg.drop_portfolio('evil', 'evil')});
is(ran_as(), 'mallory', 'a superuser drops it, and nothing runs as him');
is($node->safe_psql('shop', q{SELECT count(*) FROM pg_namespace WHERE nspname = 'Evil''s'}), 0, 'it is gone');
query($super, 'shop', 'DROP DOMAIN public.text, public.int8; DROP OPERATOR public.= (text, text)');

# --- names ---

my $name = q{'x''; DROP TABLE orders; --'};
query('analyst', 'shop', qq{
	SELECT custseg.create_portfolio($name, 'sales.orders', 'customer', 'day', 'amount', schema_name => repeat('ä', 31) || '"');
	SELECT custseg.refresh($name, '2024-03-31')});
query('analyst', 'shop', qq{CALL custseg.run_refresh($name, '2024-04-30')});
is(query('analyst', 'shop', qq{SELECT count(*) FROM "} . 'ä' x 31 . q{""".run WHERE state = 'done'}), 2, 'a name is just a name');
query('analyst', 'shop', qq{SELECT custseg.drop_portfolio($name, $name)});

# --- dump and restore ---

my $before = content('shop', 'shop');
my $dump = $node->basedir . '/shop.dump';
$node->safe_psql('shop', q{DROP SCHEMA trap, kept, evil_code, fake CASCADE; DROP FUNCTION public.now, public.format, public.same, public.no; GRANT USAGE ON SCHEMA own TO analyst});
query('colleague', 'shop', q{SELECT custseg.drop_portfolio(p, p) FROM unnest(ARRAY['own', 'hidden']) p});
query('analyst', 'copy', 'DROP EXTENSION custseg; DROP SCHEMA custseg');
$node->command_ok([ 'pg_dump', '-U', 'analyst', '-Fc', '-f', $dump, 'shop' ], 'the analyst dumps the database');
$node->command_ok([ 'pg_restore', '-U', 'analyst', '--exit-on-error', '-d', 'copy', $dump ], 'and restores it');
is(query('analyst', 'copy', 'SELECT * FROM custseg.portfolios'), 'shop|shop|analyst|1', 'the portfolio is registered');
is(content('copy', 'shop'), $before, 'with all that it had');
my $next = q{SELECT count(*) FROM custseg.refresh('shop', '2024-05-31')};
is(query('analyst', 'copy', $next), query('analyst', 'shop', $next), 'a refresh goes on');
is(content('copy', 'shop'), content('shop', 'shop') =~ s/^(source\|.*)$/$1/mgr, 'in the same way');
is(query('reader', 'copy', 'SELECT count(*) FROM shop.current_customers'), query('reader', 'shop', 'SELECT count(*) FROM shop.current_customers'),
	'readers still read');

# The schema alone, beside the extension.
$before = content('shop', 'shop');
query('analyst', 'part', 'CREATE SCHEMA sales');
$node->command_ok([ 'pg_dump', '-U', 'analyst', '-n', 'sales', '-n', 'shop', '-Fc', '-f', $dump, 'shop' ], 'the schema alone is dumped');
query('analyst', 'part', 'DROP SCHEMA sales');
$node->command_ok([ 'pg_restore', '-U', 'analyst', '--exit-on-error', '-d', 'part', $dump ], 'and restored');
is(query('analyst', 'part', 'SELECT count(*) FROM custseg.portfolios'), 0, 'no portfolio is registered');
like(refused('analyst', 'part', $next), qr/portfolio "shop" does not exist/, 'nor refreshed');
like(query('analyst', 'part', q{SELECT custseg.attach_portfolio('shop')}), qr/portfolio "shop" is in schema shop.*up to date/s, 'it is attached');
is(content('part', 'shop'), $before, 'with all that it had');
$next =~ s/05-31/06-30/;
is(query('analyst', 'part', $next), query('analyst', 'shop', $next), 'a refresh goes on');
is(content('part', 'shop'), content('shop', 'shop'), 'in the same way');

# --- a standby, and read-only transactions ---

push @reads, map { "SELECT count(*) FROM shop.$_" } @readable;
foreach my $read (@reads)
{
	my ($status, $out, $err) = $node->psql('shop', "SET default_transaction_read_only = on; $read", extra_params => [ '-U', 'reader' ]);
	is("$status $err", '0 ', "read-only: $read");
}
$node->backup('base');
my $standby = PostgreSQL::Test::Cluster->new('security_standby');
$standby->init_from_backup($node, 'base', has_streaming => 1);
$standby->start;
$node->wait_for_catchup($standby);
foreach my $read (@reads)
{
	my ($status, $out, $err) = $standby->psql('shop', $read, extra_params => [ '-U', 'reader' ]);
	is("$status $err $out", "0  " . query('reader', 'shop', $read), "on a standby: $read");
}
$standby->stop;

# --- the end ---

like(refused('analyst', 'shop', 'DROP EXTENSION custseg'), qr/cannot drop extension custseg because other objects depend on it.*table shop\.customer/s,
	'the extension stays as long as there are portfolios, which are named');
like(refused('analyst', 'shop', q{SELECT custseg.drop_portfolio('shop')}), qr/was not dropped.*customers: \d+; runs: 5/s, 'to drop one takes its name twice');
query('analyst', 'shop', q{SELECT custseg.drop_portfolio('shop', 'shop')});
is(query('analyst', 'shop', q{SELECT count(*) FROM custseg.portfolios}), 0, 'none is left');
query('analyst', 'shop', 'DROP EXTENSION custseg');
pass('the extension goes');

$node->stop;
done_testing();
