# Installing, using, dumping and restoring as a user who may only create in the database.
#
# Only a Perl test can do this: it takes pg_dump and pg_restore between databases, as another user than the
# one who runs the tests, in a server of its own whose roles it can make.

use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init(allows_streaming => 0, extra => [ '--locale=C.UTF-8', '--encoding=UTF8' ]);
$node->start;

$node->safe_psql('postgres', q{
	CREATE ROLE analyst LOGIN;
	CREATE DATABASE shop;
	GRANT CREATE ON DATABASE shop TO analyst;
	CREATE DATABASE copy;
	GRANT CREATE ON DATABASE copy TO analyst;
});

my @as_analyst = (extra_params => [ '-U', 'analyst' ]);

is($node->safe_psql('shop', q{SELECT rolsuper FROM pg_roles WHERE rolname = current_user}, @as_analyst),
	'f', 'the user is no superuser');

# --- install ---
$node->safe_psql('shop', 'CREATE EXTENSION custseg', @as_analyst);
is($node->safe_psql('shop', q{
	SELECT pg_get_userbyid(extowner) FROM pg_extension WHERE extname = 'custseg'}),
	'analyst', 'and owns the extension');

# --- use: every table of the extension can be read and written by its installer ---
my $refused = $node->safe_psql('shop', q{
	SELECT c.oid::regclass
	FROM pg_depend d
	JOIN pg_class c ON d.classid = 'pg_class'::regclass AND c.oid = d.objid AND c.relkind IN ('r', 'p')
	JOIN pg_extension e ON d.refclassid = 'pg_extension'::regclass AND e.oid = d.refobjid
	WHERE e.extname = 'custseg' AND d.deptype = 'e'
		AND NOT (has_table_privilege('analyst', c.oid, 'SELECT WITH GRANT OPTION')
			AND has_table_privilege('analyst', c.oid, 'INSERT WITH GRANT OPTION')
			AND has_table_privilege('analyst', c.oid, 'UPDATE WITH GRANT OPTION')
			AND has_table_privilege('analyst', c.oid, 'DELETE WITH GRANT OPTION'))});
is($refused, '', 'the installer may read, write and grant on every table');

# --- dump and restore, both as that user ---
$node->safe_psql('shop', q{
	CREATE SCHEMA sales;
	CREATE TABLE sales.orders (customer_id bigint, day date, amount numeric(12,2));
	INSERT INTO sales.orders SELECT i % 7, date '2024-01-01' + i, i * 1.5 FROM generate_series(1, 50) i;
}, @as_analyst);

my $dump = $node->basedir . '/shop.dump';
$node->command_ok([ 'pg_dump', '-U', 'analyst', '-Fc', '-f', $dump, 'shop' ], 'the user can dump');
$node->command_ok([ 'pg_restore', '-U', 'analyst', '--exit-on-error', '--no-owner', '-d', 'copy', $dump ],
	'and restore');

my $content = q{SELECT count(*), sum(amount) FROM sales.orders};
is($node->safe_psql('copy', $content, @as_analyst),
	$node->safe_psql('shop', $content, @as_analyst), 'the data came back');
is($node->safe_psql('copy', q{SELECT extversion FROM pg_extension WHERE extname = 'custseg'}),
	$node->safe_psql('shop', q{SELECT extversion FROM pg_extension WHERE extname = 'custseg'}),
	'and the extension');

# --- drop ---
$node->safe_psql('shop', 'DROP EXTENSION custseg', @as_analyst);
is($node->safe_psql('shop', q{
	SELECT count(*) FROM pg_depend
	WHERE refclassid = 'pg_namespace'::regclass AND refobjid = 'custseg'::regnamespace}), '0',
	'dropping it leaves its schema empty');
$node->safe_psql('shop', 'DROP SCHEMA custseg', @as_analyst);

$node->stop;
done_testing();
