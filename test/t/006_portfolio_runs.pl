# Runs of a portfolio that do not end well: the backend is killed, the server goes down, a run is cancelled, times out,
# or finds its source broken. Each time the last good state stands, what happened is recorded, and the next run works.
# Also what other sessions see of a run, and that a dump and restore between two runs changes nothing.
#
# Only a Perl test can do this: it takes several sessions, a server that is killed, pg_dump, and transactions that end
# within a CALL.

use strict;
use warnings;

use IPC::Run ();
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('runs');
$node->init(allows_streaming => 0, extra => [ '--locale=C.UTF-8', '--encoding=UTF8' ]);
$node->append_conf('postgresql.conf', 'restart_after_crash = on');
$node->start;

$node->safe_psql('postgres', 'CREATE ROLE analyst LOGIN; CREATE ROLE visitor LOGIN');
foreach my $db ('shop', 'copy')
{
	$node->safe_psql('postgres', "CREATE DATABASE $db");
	$node->safe_psql('postgres', "GRANT CREATE ON DATABASE $db TO analyst");
}
my @as_analyst = (extra_params => [ '-U', 'analyst' ]);
my $long = 'läden: ' . 'x' x 90;

# slowly() is in the view of the orders: as many seconds for each row as sales.pace says, and it divides by sales.divisor.
$node->safe_psql('shop', qq{
	CREATE EXTENSION custseg;
	CREATE SCHEMA sales;
	CREATE TABLE sales.pace (seconds float8, divisor int);
	INSERT INTO sales.pace VALUES (0, 1);
	CREATE FUNCTION sales.slowly(amount numeric) RETURNS numeric LANGUAGE plpgsql AS \$\$
	DECLARE
		pace record;
	BEGIN
		SELECT * INTO pace FROM sales.pace;
		IF pace.seconds > 0 THEN
			PERFORM pg_sleep(pace.seconds);
		END IF;
		RETURN amount / pace.divisor;
	END \$\$;
	SELECT setseed(0.5);
	CREATE TABLE sales.orders AS
	SELECT floor(random() * 200)::int AS customer, date '2024-01-01' + floor(random() * 120)::int AS day,
		round((random() * 100 - 5)::numeric, 2) AS amount
	FROM generate_series(1, 2000);
	SELECT custseg.create_portfolio('shop', 'sales.orders', 'customer', 'day', 'sales.slowly(amount)');
	SELECT custseg.create_portfolio('$long', 'sales.orders', 'customer', 'day', 'sales.slowly(amount)', schema_name => 'laeden');
}, @as_analyst);

# --- helpers ---

# What a portfolio holds, but the rows of run.
sub content
{
	my ($db) = @_;
	my $tables = $node->safe_psql($db, q{SELECT string_agg(format('SELECT %L, t::text FROM %s t', c.oid::regclass, c.oid::regclass), ' UNION ALL ')
		FROM pg_class c WHERE c.relnamespace = 'shop'::regnamespace AND c.relkind = 'r' AND c.relpersistence = 'p' AND c.relname <> 'run'});
	return $node->safe_psql($db, "$tables ORDER BY 1, 2");
}

sub pace
{
	my ($seconds, $divisor) = @_;
	$node->safe_psql('shop', "UPDATE sales.pace SET seconds = $seconds, divisor = $divisor");
}

sub last_run
{
	my ($db) = @_;
	return $node->safe_psql($db, q{SELECT concat_ws('|', as_of, state, finished_at IS NOT NULL, sqlstate, error) FROM shop.run ORDER BY run_id DESC LIMIT 1});
}

# A statement in a session of its own, which goes on while we do something else.
sub start
{
	my ($sql, @settings) = @_;
	my ($out, $err) = ('', '');
	local $ENV{PGOPTIONS} = join(' ', map { "-c $_" } @settings);
	my $run = IPC::Run::start([ 'psql', '-X', '-At', '-v', 'VERBOSITY=verbose', '-h', $node->host, '-p', $node->port, '-U', 'analyst', '-d', 'shop', '-c', $sql ],
		'<', \undef, '>', \$out, '2>', \$err);
	return { run => $run, out => \$out, err => \$err };
}

sub finish
{
	my ($session) = @_;
	$session->{run}->finish;
	return ${ $session->{err} };
}

# Waits until a run is in the middle of its orders; returns its process.
sub in_the_middle
{
	ok($node->poll_query_until('shop', q{SELECT count(*) = 1 FROM custseg.portfolio_progress WHERE step = 'reading sources'}), 'a run is under way');
	return $node->safe_psql('shop', q{SELECT pid FROM custseg.portfolio_progress WHERE step = 'reading sources'});
}

# --- a good run, the state to keep ---

my ($status, $out, $err) = $node->psql('shop', q{CALL custseg.run_refresh('shop', '2024-02-29')}, @as_analyst);
is("$status $err", '0 ', 'run_refresh');
is(last_run('shop'), '2024-02-29|done|t', 'is recorded');
is($node->safe_psql('shop', q{SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'}), '0', 'no lock is left');
my $good = content('shop');
like($good, qr/shop\.tier_transition/, 'there is a state to keep');

# --- where it can be called ---

($status, $out, $err) = $node->psql('shop', q{BEGIN; CALL custseg.run_refresh('shop', '2024-03-31')}, @as_analyst);
like($err, qr/run_refresh commits and cannot be called in a transaction block or function.*HINT:  Call it alone, or call custseg\.refresh/s, 'not in a transaction block');
($status, $out, $err) = $node->psql('shop', q{DO 'BEGIN CALL custseg.run_refresh(''shop'', ''2024-03-31''); EXCEPTION WHEN division_by_zero THEN NULL; END'}, @as_analyst);
like($err, qr/run_refresh commits and cannot/, 'not in a block with EXCEPTION');
($status, $out, $err) = $node->psql('shop', q{CALL custseg.run_refresh('none')}, @as_analyst);
like($err, qr/portfolio "none" does not exist/, 'not for a portfolio that does not exist');
($status, $out, $err) = $node->psql('shop', q{CALL custseg.run_refresh('shop')}, extra_params => [ '-U', 'visitor' ]);
like($err, qr/permission denied for procedure run_refresh/, 'not by anybody');
is($node->safe_psql('shop', 'SELECT count(*) FROM shop.run'), '1', 'none of them is a run');

# --- a day that is refused ---

($status, $out, $err) = $node->psql('shop', q{CALL custseg.run_refresh('shop', '2024-02-28')}, @as_analyst);
like($err, qr/argument "as_of" is 2024-02-28, but portfolio "shop" was refreshed up to 2024-02-29.*HINT:  To go back/s, 'a day before the last run is refused');
is(last_run('shop'), '2024-02-28|failed|t|22023|argument "as_of" is 2024-02-28, but portfolio "shop" was refreshed up to 2024-02-29', 'which is recorded');
($status, $out, $err) = $node->psql('shop', q{CALL custseg.run_refresh('shop', 'infinity')}, @as_analyst);
like(last_run('shop'), qr/^infinity\|failed\|t\|22023\|/, 'infinity is no day');

# --- a source that fails at night ---

pace(0, 0);
my $name = "'shop', '2024-03-31'";
$err = finish(start("CALL custseg.run_refresh($name)"));
like($err, qr/ERROR:  22012: division by zero\n(?!DETAIL|HINT)/, 'a source that fails: its error is raised');
is(last_run('shop'), '2024-03-31|failed|t|22012|division by zero', 'and recorded');
is(content('shop'), $good, 'the last good state stands');
is($node->safe_psql('shop', "SET application_name = 'mine'; DO 'BEGIN PERFORM custseg.refresh($name); EXCEPTION WHEN division_by_zero THEN NULL; END'; SHOW application_name"
	=~ s/refresh\('shop', '2024-03-31'\)/refresh(''shop'', ''2024-03-31'')/r, @as_analyst), 'mine', 'application_name is put back');

# --- timeouts and cancels ---

pace(0.05, 1);
$err = finish(start("CALL custseg.run_refresh($name)", 'statement_timeout=500'));
like($err, qr/ERROR:  57014: canceling statement due to statement timeout/, 'a run that times out');
is(last_run('shop'), '2024-03-31|failed|t|57014|canceling statement due to statement timeout', 'is recorded');

my $session = start("CALL custseg.run_refresh($name)");
my $pid = in_the_middle();
is($node->safe_psql('shop', q{SELECT concat_ws('|', portfolio, step, role, since IS NULL, blocked_by) FROM custseg.portfolio_progress}, extra_params => [ '-U', 'visitor' ]),
	'shop|reading sources|analyst|t', 'any role sees the step');
is($node->safe_psql('shop', q{SELECT state FROM shop.run ORDER BY run_id DESC LIMIT 1}), 'running', 'and the owner the row of the run');
my $second = start("SELECT count(*) FROM custseg.refresh($name)", 'lock_timeout=100');
like(finish($second), qr/ERROR:  55P03: portfolio "shop" is being refreshed or changed by another session\nDETAIL:  .*100ms.\nHINT:  custseg.portfolio_progress/,
	'a second run waits as long as lock_timeout allows');
$second = start("CALL custseg.run_refresh($name)");
ok($node->poll_query_until('shop', "SELECT blocked_by = ARRAY[$pid] FROM custseg.portfolio_progress WHERE step = 'waiting'"), 'another one waits');
is($node->safe_psql('shop', q{SELECT string_agg(state, ' ' ORDER BY run_id DESC) FROM (SELECT * FROM shop.run ORDER BY run_id DESC LIMIT 2) r}), 'running running',
	'the one that waits leaves the one that runs alone');
my $waiting = $node->safe_psql('shop', "SELECT pid FROM custseg.portfolio_progress WHERE step = 'waiting'");
$node->safe_psql('shop', "SELECT pg_cancel_backend($waiting)");
like(finish($second), qr/ERROR:  57014: canceling statement due to user request/, 'it can be cancelled');
$node->safe_psql('shop', "SELECT pg_cancel_backend($pid)");
like(finish($session), qr/ERROR:  57014: canceling statement due to user request/, 'and so can the first');
is($node->safe_psql('shop', q{SELECT string_agg(concat_ws(' ', state, sqlstate), ', ') FROM (SELECT * FROM shop.run ORDER BY run_id DESC LIMIT 2) r}), 'failed 57014, failed 57014', 'both are recorded');
is($node->safe_psql('shop', q{SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'}), '0', 'no lock is left');
is(content('shop'), $good, 'the last good state stands');

# A name that is longer than application_name may be, and looks like its parts.
$session = start("CALL custseg.run_refresh('$long', '2024-03-31')");
$pid = in_the_middle();
is($node->safe_psql('shop', 'SELECT portfolio FROM custseg.portfolio_progress'), $long, 'the whole name of a portfolio is shown');

# --- the session is ended ---

$node->safe_psql('shop', "SELECT pg_terminate_backend($pid)");
like(finish($session), qr/57P01/, 'a run whose session is ended');
is($node->safe_psql('shop', 'SELECT state FROM laeden.run'), 'running', 'leaves its row as it is');
pace(0, 1);
is($node->safe_psql('shop', "CALL custseg.run_refresh('$long', '2024-03-31')", @as_analyst), '', 'the next run');
is($node->safe_psql('shop', q{SELECT string_agg(concat_ws(' ', state, sqlstate, error), ', ' ORDER BY run_id) FROM laeden.run}),
	'failed the server or the session ended, done', 'marks it');

# --- the backend is killed, which takes the server through crash recovery ---

pace(0.05, 1);
$session = start("CALL custseg.run_refresh($name)");
$pid = in_the_middle();
kill 'KILL', $pid;
finish($session);
ok($node->poll_query_until('shop', 'SELECT true'), 'the server is back after a kill');
pace(0, 1);
is(content('shop'), $good, 'the last good state stands');
is($node->safe_psql('shop', 'SELECT count(*) FROM shop.stage_customer'), '0', 'the working tables are empty');
is($node->safe_psql('shop', q{SELECT state FROM shop.run ORDER BY run_id DESC LIMIT 1}), 'running', 'the run looks as if it went on');

# --- immediate shutdown, once in run_refresh, once in refresh ---

pace(0.05, 1);
foreach my $statement ("CALL custseg.run_refresh($name)", "SELECT custseg.refresh($name)")
{
	$session = start($statement);
	in_the_middle();
	$node->stop('immediate');
	finish($session);
	$node->start;
	is(content('shop'), $good, "$statement: after an immediate shutdown the last good state stands");
}
is($node->safe_psql('shop', q{SELECT string_agg(state, ' ' ORDER BY run_id) FROM (SELECT * FROM shop.run ORDER BY run_id DESC LIMIT 2) r}), 'failed running',
	'run_refresh had marked the run before');

# --- a dump now, and the next night in both places ---

pace(0, 1);
my $file = $node->basedir . '/shop.sql';
$node->command_ok([ 'pg_dump', '-U', 'analyst', '-f', $file, 'shop' ], 'a dump as the owner');
$node->command_ok([ 'psql', '-X', '-q', '-U', 'analyst', '-v', 'ON_ERROR_STOP=1', '-f', $file, '-d', 'copy' ], 'restored');
is(content('copy'), $good, 'holds the same');
foreach my $db ('shop', 'copy')
{
	is($node->safe_psql($db, "CALL custseg.run_refresh($name)", @as_analyst), '', "$db: the next night");
	is(last_run($db), '2024-03-31|done|t', "$db: works");
	is($node->safe_psql($db, q{SELECT count(*) FROM shop.run WHERE state = 'running'}), '0', "$db: no run is left running");
}
isnt(content('shop'), $good, 'the state has changed');
is(content('copy'), content('shop'), 'to the same in both');
is($node->safe_psql('copy', q{SELECT string_agg(h, ' ' ORDER BY h) FROM (SELECT md5(string_agg(t::text, ' ' ORDER BY customer_id)) FROM shop.current_customers t) t (h)}),
	$node->safe_psql('shop', q{SELECT string_agg(h, ' ' ORDER BY h) FROM (SELECT md5(string_agg(t::text, ' ' ORDER BY customer_id)) FROM shop.current_customers t) t (h)}), 'reports, too');

# --- pg_dump holds its locks while a run goes on ---

my $reader = start(q{BEGIN; LOCK TABLE shop.stage_customer, shop.stage_state IN ACCESS SHARE MODE; SELECT pg_sleep(600)});
ok($node->poll_query_until('shop', q{SELECT count(*) = 2 FROM pg_locks WHERE relation IN ('shop.stage_customer'::regclass, 'shop.stage_state'::regclass)}), 'a session reads all tables');
is($node->safe_psql('shop', q{SET lock_timeout = '5s'; SELECT count(*) > 0 FROM custseg.refresh('shop', '2024-04-30')}, @as_analyst), 't', 'a run does not wait for it');
$node->safe_psql('shop', q{SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(600)' AND pid <> pg_backend_pid()});
finish($reader);

# --- isolation levels ---

$err = finish(start(q{CALL custseg.run_refresh('shop', '2024-05-01')}, 'default_transaction_isolation=serializable'));
is($err, '', 'run_refresh in a session whose transactions are serializable');
is(last_run('shop'), '2024-05-01|done|t', 'works');

# --- a superuser runs it: triggers and functions of the owner have the owner's rights ---

$node->safe_psql('shop', q{
	CREATE TABLE sales.seen (event text, role text, super text);
	CREATE FUNCTION sales.spy() RETURNS trigger LANGUAGE plpgsql AS $$
	BEGIN
		INSERT INTO sales.seen VALUES (TG_TABLE_NAME || ' ' || TG_OP, current_user, (SELECT rolsuper::text FROM pg_roles WHERE rolname = current_user));
		RETURN NEW;
	END $$;
	CREATE TRIGGER spy BEFORE INSERT OR UPDATE ON shop.run FOR EACH ROW EXECUTE FUNCTION sales.spy();
	CREATE TRIGGER spy AFTER INSERT OR UPDATE ON shop.customer FOR EACH ROW EXECUTE FUNCTION sales.spy();
}, @as_analyst);
is($node->safe_psql('shop', q{CALL custseg.run_refresh('shop', '2024-05-02')}), '', 'a superuser runs it');
pace(0, 0);
($status, $out, $err) = $node->psql('shop', q{CALL custseg.run_refresh('shop', '2024-05-03')});
like($err, qr/division by zero/, 'with failure');
is($node->safe_psql('shop', q{SELECT string_agg(DISTINCT concat_ws(' ', role, super), ', ') FROM sales.seen}), 'analyst false', "the owner's triggers ran as the owner");
like($node->safe_psql('shop', q{SELECT string_agg(DISTINCT event, ', ') FROM sales.seen}), qr/run INSERT, run UPDATE/, 'on every write');

# Deferred, a trigger would run at COMMIT, as the superuser.
$node->safe_psql('shop', q{
	CREATE CONSTRAINT TRIGGER late AFTER INSERT OR UPDATE ON shop.run DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION sales.spy();
	TRUNCATE sales.seen;
}, @as_analyst);
($status, $out, $err) = $node->psql('shop', q{CALL custseg.run_refresh('shop', '2024-05-03')});
like($err, qr/cannot fire deferred trigger within security-restricted operation/, 'a deferred trigger is refused');
is($node->safe_psql('shop', 'SELECT count(*) FROM sales.seen'), '0', 'and has not run');

$node->stop;
done_testing();
