# Columns of the types purchases, rfm_model and value_counts through dump and restore, by a user who may only create in
# the database; and values after a crash of the server.
#
# Only a Perl test can do this: it takes pg_dump, in its formats, between databases, and a server that is killed.

use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('purchases');
$node->init(allows_streaming => 0, extra => [ '--locale=C.UTF-8', '--encoding=UTF8' ]);
$node->start;

my @copies = ('plain', 'custom', 'inserts');
$node->safe_psql('postgres', 'CREATE ROLE analyst LOGIN');
foreach my $db ('shop', @copies)
{
	$node->safe_psql('postgres', "CREATE DATABASE $db");
	$node->safe_psql('postgres', "GRANT CREATE ON DATABASE $db TO analyst");
}
my @as_analyst = (extra_params => [ '-U', 'analyst' ]);

# --- install, use ---

$node->safe_psql('shop', q{
	CREATE EXTENSION custseg;
	CREATE SCHEMA sales;
	SET search_path = sales, custseg;
	SELECT setseed(0.5);
	CREATE TABLE orders AS
	SELECT floor(random() * 200)::int AS customer, date '2020-01-01' + floor(random() * 1000)::int AS day,
		round((random() * 100 - 5)::numeric, floor(random() * 5)::int) AS amount, CASE WHEN random() < 0.95 THEN 1.5 END AS cost
	FROM generate_series(1, 3000);
	INSERT INTO orders SELECT 1000, '2020-01-01', 1e40, 1e45;                              -- beyond 128 bits
	INSERT INTO orders SELECT 1001, '0044-03-15 BC', -7, NULL;                             -- a refund only
	INSERT INTO orders SELECT 1002, date '1900-01-01' + i * 3, 1, 1 FROM generate_series(1, 20000) i;  -- out of line
	CREATE TABLE customer (customer int PRIMARY KEY, p purchases, working purchases, note text);
	INSERT INTO customer
	SELECT customer, purchase_summary(day, amount, cost), purchase_summary_numeric_accum(purchase_summary(day, amount), '2024-01-01', 3), E'back\\\\slash\t'
	FROM orders GROUP BY customer;
	CREATE UNIQUE INDEX ON customer (p) WHERE customer <> 1002;
	CREATE INDEX ON customer USING hash (p);
	CREATE TABLE run (as_of date, model rfm_model, counts value_counts, by_default purchases DEFAULT '{"spend": -1, "refunds": 1}');
	INSERT INTO run
	SELECT '2024-01-01', rfm_fit('SELECT customer, day, amount::float8 / 3 FROM orders', '2024-01-01'), (SELECT count_values(amount, 5) FROM orders);
	CREATE VIEW scored AS SELECT s.* FROM run, rfm('SELECT customer, day, amount FROM sales.orders', '2024-01-01', model) s;
	CREATE MATERIALIZED VIEW summary AS SELECT rollup(p) AS p FROM customer;
}, @as_analyst);

my $content = q{
	SET search_path = sales, custseg;
	SELECT md5(string_agg(c::text, ' ' ORDER BY customer)), count(*) FROM customer c;
	SELECT md5(string_agg(encode(purchases_send(p), 'hex'), ' ' ORDER BY customer)) FROM customer;
	SELECT model, counts, by_default FROM run;
	SELECT md5(string_agg(s::text, ' ' ORDER BY customer_id)) FROM scored s;
	SELECT md5(p::text) FROM summary;
	SET enable_seqscan = off;
	SELECT count(*) FROM customer a JOIN customer b ON a.p = b.p AND b.customer <> 1002;
};
my $before = $node->safe_psql('shop', $content, @as_analyst);
like($before, qr/^[0-9a-f]{32}\|203\n/, 'the shop has 203 customers');

# --- dump and restore, as that user ---

my $dir = $node->basedir;
$node->command_ok([ 'pg_dump', '-U', 'analyst', '-f', "$dir/plain.sql", 'shop' ], 'dumped as plain text');
$node->command_ok([ 'pg_dump', '-U', 'analyst', '-Fc', '-f', "$dir/custom.dump", 'shop' ], 'dumped in the custom format');
$node->command_ok([ 'pg_dump', '-U', 'analyst', '--rows-per-insert=1000', '-f', "$dir/inserts.sql", 'shop' ], 'dumped as INSERT statements');
unlike(slurp_file("$dir/plain.sql"), qr/CREATE (TYPE|AGGREGATE)/, 'the dump holds the extension by name only');

$node->command_ok([ 'psql', '-X', '-q', '-U', 'analyst', '-v', 'ON_ERROR_STOP=1', '-f', "$dir/$_.sql", '-d', $_ ], "$_: restored")
	foreach ('plain', 'inserts');
$node->command_ok([ 'pg_restore', '-U', 'analyst', '--exit-on-error', '--no-owner', '-d', 'custom', "$dir/custom.dump" ],
	'custom: restored');
is($node->safe_psql($_, $content, @as_analyst), $before, "$_: nothing has changed") foreach @copies;

# A second dump of what was restored is the same text.
$node->command_ok([ 'pg_dump', '-U', 'analyst', '-f', "$dir/again.sql", 'custom' ], 'dumped again');
my ($first, $second) = map { my $text = slurp_file($_); $text =~ s/^(\\(un)?restrict|--).*\n//mg; $text } ("$dir/plain.sql", "$dir/again.sql");
is($second, $first, 'which makes the same dump');

# --- a crash ---

$node->safe_psql('shop', q{
	SET search_path = sales, custseg;
	UPDATE customer SET p = purchases_combine(p, '{"orders": 1, "spend": 2, "first_day_spend": 2, "first_purchase": "2025-01-01"}')}, @as_analyst);
my $changed = $node->safe_psql('shop', $content, @as_analyst);
isnt($changed, $before, 'values were changed');
$node->stop('immediate');
$node->start;
is($node->safe_psql('shop', $content, @as_analyst), $changed, 'and are there, indexes too, after the server was killed');

# --- drop ---

my ($status, $out, $err) = $node->psql('shop', 'DROP EXTENSION custseg', @as_analyst);
like($err, qr/cannot drop extension custseg because other objects depend on it/, 'the extension is not dropped under its columns');
$node->safe_psql('shop', 'DROP SCHEMA sales CASCADE; DROP EXTENSION custseg', @as_analyst);
is($node->safe_psql('shop', q{SELECT count(*) FROM pg_extension WHERE extname = 'custseg'}), '0', 'but after them');

$node->stop;
done_testing();
