# schedule and unschedule with a real pg_cron: jobs fire, as the role that scheduled them; one that fails is seen to fail.
#
# Only a Perl test can do this: pg_cron is loaded when a server starts, runs jobs by processes of its own, and keeps them
# in one database of the server, while portfolios may be in others.

use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my ($share) = run_command([ 'pg_config', '--sharedir' ]);
plan skip_all => 'pg_cron is not installed' unless -e "$share/extension/pg_cron.control";

my $node = PostgreSQL::Test::Cluster->new('cron');
$node->init(allows_streaming => 0, extra => [ '--locale=C.UTF-8', '--encoding=UTF8' ]);
$node->append_conf('postgresql.conf', q{
shared_preload_libraries = 'pg_cron'
cron.database_name = 'shop'
cron.use_background_workers = on
max_worker_processes = 20
});
$node->start;

my $super = $node->safe_psql('postgres', q{
	CREATE ROLE analyst LOGIN;
	CREATE ROLE colleague LOGIN IN ROLE analyst;
	CREATE DATABASE shop;
	CREATE DATABASE other;
	GRANT CREATE ON DATABASE shop, other TO analyst;
	\\c shop
	GRANT CREATE ON SCHEMA public TO analyst;
	\\c other
	GRANT CREATE ON SCHEMA public TO analyst;
	SELECT current_user});

sub as { return (extra_params => [ '-U', shift ]) }

sub query
{
	my ($role, $db, $sql) = @_;
	return $node->safe_psql($db, $sql, as($role));
}

# A statement that must fail: its message, with detail and hint.
sub refused
{
	my ($role, $db, $sql) = @_;
	my ($status, $out, $err) = $node->psql($db, $sql, as($role));
	return $status == 0 ? "accepted: $out" : $err;
}

sub quoted { my ($text) = @_; $text =~ s/'/''/g; return $text =~ s/\\/\\\\/g ? "E'$text'" : "'$text'" }
sub schedule { my ($role, $db, $name, $cron) = @_; return query($role, $db, 'SELECT custseg.schedule(' . quoted($name) . ", '$cron')") }
sub unschedule { my ($role, $db, $name) = @_; return query($role, $db, 'SELECT custseg.unschedule(' . quoted($name) . ')') }

# What a text says to run: the lines that are SQL.
sub commands { return join("\n", grep { /;$/ } split(/\n/, shift)) }

my $hostile = q{it's 5% of "x"; \\ $(false) `false`'; DROP SCHEMA stand_in CASCADE; --};
my $lines = "two\nlines! 'quoted' \\%";
my @portfolios = ('vip', 'fails', $hostile);

query('analyst', $_, 'CREATE EXTENSION custseg') foreach ('shop', 'other');

# A portfolio over orders of its own, in schema shop_N.
my $schemas = 0;
sub create_portfolio
{
	my ($db, $name) = @_;
	my $schema = 'shop_' . ++$schemas;

	return query('analyst', $db, qq{
		CREATE TABLE orders_of_$schema AS SELECT 1 + i % 20 AS customer, current_date - 1 - i AS day, i AS price FROM generate_series(1, 100) i;
		SELECT custseg.create_portfolio(} . quoted($name) . qq{, 'SELECT customer, day, 100 / price AS amount FROM orders_of_$schema',
			'customer', 'day', 'amount', schema_name => '$schema')});
}

# Its source fails from now on.
sub break_portfolio
{
	my ($db, $name) = @_;
	my $schema = $node->safe_psql($db, 'SELECT schema_name FROM custseg.portfolios WHERE name = ' . quoted($name));
	return query('analyst', $db, "UPDATE orders_of_$schema SET price = 0 WHERE customer = 7");
}

sub drop_portfolio { my ($db, $name) = @_; return query('analyst', $db, 'SELECT custseg._unregister_portfolio(' . quoted($name) . ')') }

# The roles that runs of a portfolio were started by since forget_runs.
sub ran_as
{
	my ($db, $name) = @_;
	my $schema = $node->safe_psql($db, 'SELECT schema_name FROM custseg.portfolios WHERE name = ' . quoted($name));
	return $node->safe_psql($db, "SELECT DISTINCT started_by FROM $schema.run");
}

sub forget_runs
{
	foreach my $schema (split(/\n/, $node->safe_psql('shop', 'SELECT schema_name FROM custseg.portfolios')))
	{
		query('analyst', 'shop', "DELETE FROM $schema.run");
	}
	return;
}

create_portfolio('shop', $_) foreach (@portfolios, $lines, 'weekly');
create_portfolio('other', $_) foreach ('vip', $hostile);
break_portfolio('shop', 'fails');
query('analyst', 'shop', q{SELECT custseg.grant_portfolios('colleague')});

# --- before pg_cron is created ---

my $text = schedule($super, 'shop', 'vip', '0 3 * * *');
like($text, qr/pg_cron is loaded for this database, "shop", but not created in it/, 'a superuser is told to create pg_cron here');
$text = schedule('analyst', 'shop', 'vip', '0 3 * * *');
like($text, qr/in the database that the setting cron\.database_name names, run:\nSELECT cron\.schedule_in_database/,
	'who may not read its settings, to do so in the right database');
like($text, qr/Where that is this one, run here instead:\nCREATE EXTENSION pg_cron;\nGRANT USAGE ON SCHEMA cron TO analyst;/, 'or here');
like(unschedule($super, 'shop', 'vip'), qr/not created in it/, 'the same for unschedule');

# A schema of that name is not pg_cron.
query('analyst', 'other', q{
	CREATE SCHEMA cron;
	CREATE TABLE cron.job (jobid bigint, jobname text, schedule text, username text, database text, active boolean);
	CREATE FUNCTION cron.schedule(text, text, text) RETURNS bigint LANGUAGE plpgsql AS $$ BEGIN RAISE 'hook'; END $$});
like(schedule($super, 'other', 'vip', '0 3 * * *'), qr/pg_cron runs from database "shop", not from this one, "other"/,
	'nor is a schema named cron');

query($super, 'shop', 'CREATE EXTENSION pg_cron');
my $version = query($super, 'shop', q{SELECT extversion FROM pg_extension WHERE extname = 'pg_cron'});
$version =~ /^(\d+)\.(\d+)/;
my $has_seconds = $1 > 1 || $2 >= 5;
my $soon = $has_seconds ? '1 second' : '* * * * *';
note("pg_cron $version");

# --- what it takes ---

like(refused('analyst', 'shop', q{SELECT custseg.schedule('vip', '0 3 * * *')}),
	qr/role "analyst" may not use pg_cron to schedule portfolio "vip"\nHINT:  A superuser runs: GRANT USAGE ON SCHEMA cron TO analyst;/,
	'the right to use pg_cron');
query($super, 'shop', 'GRANT USAGE ON SCHEMA cron TO analyst');
like(refused('analyst', 'shop', q{SELECT custseg.schedule('vip', '61 3 * * *')}),
	qr/argument "cron" is not a schedule that pg_cron takes: invalid schedule: 61 3 \* \* \*\nDETAIL:  pg_cron is at version \Q$version\E\.\nHINT:  Write minute/,
	'a schedule that pg_cron takes');
like($has_seconds ? schedule('analyst', 'shop', 'vip', '59 seconds') : refused('analyst', 'shop', q{SELECT custseg.schedule('vip', '59 seconds')}),
	$has_seconds ? qr/on schedule "59 seconds" by job/ : qr/invalid schedule: 59 seconds\n.*\nHINT: .*from version 1\.5 on also '30 seconds'/,
	'seconds, where pg_cron knows them');

# --- what a shell makes of the line for a crontab ---

foreach my $name ('vip', $hostile, $lines)
{
	my $line = query('analyst', 'shop', 'SELECT custseg._crontab_line(' . quoted($name) . ", '0 3 * * *')");

	unlike($line, qr/\n/, 'a line for the crontab is one line');
	$line =~ s/^0 3 \* \* \* //;
	$line =~ s/\\%/%/g;
	local $ENV{PGHOST} = $node->host;
	command_ok([ 'sh', '-c', $line ], 'and the shell can run it');
	is(ran_as('shop', $name), 'analyst', 'which refreshes the portfolio of that name');
}
forget_runs();

# --- jobs, one of them from another database, by the command that is printed ---

foreach my $name (@portfolios)
{
	like(schedule('analyst', 'shop', $name, $soon),
		qr/^Portfolio "\Q$name\E" is refreshed on schedule "\Q$soon\E".* by job \d+ of role "analyst"\. .* in cron\.job_run_details\.$/,
		"$name is scheduled");
}
like(schedule('analyst', 'other', $hostile, $soon), qr/^Nothing was changed yet/, 'in another database nothing is done');
$text = schedule($super, 'other', $hostile, $soon);
like($text, qr/^Nothing was changed yet: pg_cron runs from database "shop", not from this one, "other"\. Run there, as a superuser:\n/,
	'but the command is given');
query($super, 'shop', commands(schedule('analyst', 'other', $hostile, $soon)) =~ s/;\nCREATE EXTENSION.*/;/sr);
is(query($super, 'shop', q{SELECT string_agg(concat_ws(' ', database, username, active), ', ' ORDER BY jobid) FROM cron.job}),
	'shop analyst t, shop analyst t, shop analyst t, other analyst t', 'the jobs belong to the role that scheduled them');

# --- again, and by others; meanwhile pg_cron waits for the next minute, where it knows no seconds ---

my $jobs = q{SELECT string_agg(concat_ws(' ', schedule, username, active), ', ' ORDER BY username) FROM cron.job WHERE jobname = 'custseg weekly'};
schedule('analyst', 'shop', 'weekly', '0 3 * * *');
like(schedule('analyst', 'shop', 'weekly', '0 4 * * *'), qr/on schedule "0 4 \* \* \*" \(time zone /, 'scheduled again');
is(query($super, 'shop', $jobs), '0 4 * * * analyst t', 'replaces the job');
query($super, 'shop', q{UPDATE cron.job SET active = false WHERE jobname = 'custseg weekly'});
schedule('analyst', 'shop', 'weekly', '0 5 * * *');
is(query($super, 'shop', $jobs), '0 5 * * * analyst t', 'one that was switched off is on again');

query($super, 'shop', q{GRANT USAGE ON SCHEMA cron TO colleague});
schedule('colleague', 'shop', 'weekly', '0 6 * * *');
is(query($super, 'shop', $jobs), '0 5 * * * analyst t, 0 6 * * * colleague t', 'another role has a job of its own');
like(schedule($super, 'shop', 'weekly', '0 7 * * *'), qr/It runs as a superuser: better schedule it as the portfolio's owner\.$/, 'a superuser is warned');
like(unschedule('colleague', 'shop', 'weekly'), qr/^Portfolio "weekly" is no longer scheduled: removed job \d+ of role "colleague" on schedule "0 6 \* \* \*"\.$/,
	'a role removes its own job');
like(unschedule('colleague', 'shop', 'weekly'), qr/^Portfolio "weekly" has no job that role "colleague" may remove/, 'and is told when there is none');
like(unschedule($super, 'shop', 'weekly'), qr/removed job \d+ of role "analyst" .*, job \d+ of role "\Q$super\E" /, 'a superuser all of them');
schedule('analyst', 'shop', 'weekly', '0 5 * * 7');
drop_portfolio('shop', 'weekly');
like(unschedule('analyst', 'shop', 'weekly'), qr/removed job/, 'the job of a dropped portfolio can be removed');
like(refused('analyst', 'shop', q{SELECT custseg.unschedule('weekly')}), qr/portfolio "weekly" does not exist/, 'once');

# --- what became of the jobs ---

ok($node->poll_query_until('shop', q{SELECT count(DISTINCT jobid) = 4 FROM cron.job_run_details WHERE status IN ('succeeded', 'failed')}),
	'all jobs have run');
is(ran_as('shop', $_), 'analyst', "$_: as the role that scheduled it") foreach @portfolios;
is(ran_as('other', $hostile), 'analyst', 'in the other database too');
is(query('analyst', 'shop', q{
		SELECT string_agg(DISTINCT status, ' ') FROM cron.job_run_details
		WHERE command NOT LIKE '%fails%' AND status NOT IN ('starting', 'running', 'connecting', 'sending')}),
	'succeeded', 'jobs that did well are logged so');
like(query('analyst', 'shop', q{
		SELECT DISTINCT status || ': ' || return_message FROM cron.job_run_details
		WHERE command LIKE '%fails%' AND status NOT IN ('starting', 'running', 'connecting', 'sending')}),
	qr/^failed: ERROR: +division by zero$/m, 'one that failed is logged so, with its message');

like(unschedule('analyst', 'shop', $hostile), qr/ is no longer scheduled: removed job/, 'a long and hostile name');
query($super, 'shop', commands(unschedule($super, 'other', $hostile)));
is(query($super, 'shop', 'SELECT string_agg(jobname, chr(10) ORDER BY jobid) FROM cron.job'), "custseg vip\ncustseg fails",
	'the command to unschedule from another database removes that job only');

# --- a server that does not load it, and a copy of the database that it runs from ---

$node->append_conf('postgresql.conf', "shared_preload_libraries = ''");
$node->restart;
like(schedule('analyst', 'shop', 'vip', '0 3 * * *'), qr/^Nothing was scheduled: this server does not load pg_cron\./, 'created, but not loaded');
like(unschedule('analyst', 'shop', 'fails'), qr/ has no job here: this server does not load pg_cron\./, 'unschedule says so too');
query($super, 'postgres', q{CREATE DATABASE "o'copy" TEMPLATE shop});
$node->append_conf('postgresql.conf', "shared_preload_libraries = 'pg_cron'");
$node->restart;
like(schedule('analyst', "o'copy", 'vip', '0 3 * * *'),
	qr/pg_cron runs from database "shop", not from this one, "o'copy"\. .*\nSELECT cron\.schedule_in_database\('custseg vip in o''copy', '0 3 \* \* \*', 'CALL custseg\.run_refresh\(''vip''::text, NULL::date\)', 'o''copy', 'analyst'\);$/,
	'a copied database is not the one that pg_cron runs from');
is(query($super, "o'copy", q{SELECT count(*) FROM cron.job WHERE jobname = 'custseg vip'}), '0', 'and gets no job');

$node->stop;
done_testing();
