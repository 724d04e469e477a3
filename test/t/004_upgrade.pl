# Every released version, updated to this one: the catalog is that of a fresh installation, and what was stored is
# unharmed. A dump of a released version restores into this one.
#
# Only a Perl test can do this: it takes old install scripts, pg_dump between databases, pg_upgrade between clusters,
# and a standby.

use strict;
use warnings;

use FindBin;
use lib $FindBin::Bin;

use CatalogText;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('upgrade');
$node->init(allows_streaming => 1, extra => [ '--locale=C.UTF-8', '--encoding=UTF8' ]);
$node->start;
$node->safe_psql('postgres', 'CREATE ROLE analyst LOGIN');
my @as_analyst = (extra_params => [ '-U', 'analyst' ]);
my @connection = ('-h', $node->host, '-p', $node->port, '-U', 'analyst');

sub new_database
{
	my ($name) = @_;

	$node->safe_psql('postgres', "CREATE DATABASE $name");
	$node->safe_psql('postgres', "GRANT CREATE ON DATABASE $name TO analyst");
	return $name;
}

# What 0.1.0 can store: its types in tables, a segmentation of the user's own, objects that depend on functions.
my $fill = q{
	CREATE SCHEMA sales;
	SET search_path = sales, custseg;
	SELECT setseed(0.25);
	CREATE TABLE orders AS
	SELECT floor(random() * 100)::int AS customer, date '2023-01-01' + floor(random() * 700)::int AS day,
		round((random() * 100 - 5)::numeric, 2) AS amount
	FROM generate_series(1, 2000);
	CREATE TABLE customer AS SELECT customer, purchase_summary(day, amount) AS p FROM orders GROUP BY customer;
	CREATE UNIQUE INDEX ON customer (p);
	CREATE TABLE run AS
	SELECT date '2025-01-01' AS as_of, rfm_fit('SELECT customer, day, amount FROM orders', '2025-01-01') AS model,
		(SELECT count_values(amount, 5) FROM orders) AS counts, segmentation_model('standard_11') AS segments;
	CREATE VIEW scored AS
	SELECT customer, score(monetary(p), (SELECT quantile_breaks(monetary(p), 5) FROM customer)) AS m, p FROM customer;
	INSERT INTO segmentation (name, r_classes, f_classes, description) VALUES ('own', 2, 2, 'of the user');
	INSERT INTO segment_rule (segmentation, position, segment, r_min) VALUES ('own', 1, 'Late', 2), ('own', 2, 'Rest', NULL);
};

# What 0.2.0 can store besides.
my $fill_0_2_0 = q{
	SET search_path = sales, custseg;
	CREATE TABLE models AS
	SELECT sketch_values(amount, 0.01) AS sketch, minmax_fit(amount) AS minmax, percentiles_fit(amount, 0.05, 0.95) AS percentiles,
		topsis_fit(ARRAY[amount, customer]::float8[], '{1,2}', '{true,false}') AS topsis, abc_summary(amount, '{0.8,0.95}'::numeric[]) AS abc,
		tier_policy_template('vip_regular_potential') AS policy
	FROM orders;
	CREATE VIEW shares AS
	SELECT customer, scale(amount, minmax) AS part, scale(amount, percentiles) AS above,
		topsis_score(ARRAY[amount, customer]::float8[], topsis) AS closeness
	FROM orders, models;
};

# What 0.3.0 can store besides: nothing of its own types, but objects that depend on its functions.
my $fill_0_3_0 = q{
	SET search_path = sales, custseg;
	CREATE VIEW budgets AS
	SELECT customer, allocate(weight, 1000, key => customer) OVER () AS money,
		apportion(weight, 40, 'dhondt', key => customer) OVER () AS seats
	FROM (SELECT customer, greatest(spend(p), 0) AS weight FROM customer) w;
	CREATE VIEW fairness AS SELECT jain(money), lift_cap(1, 0, money) AS cap FROM budgets;
};

# What 0.4.0 can store besides.
my $fill_0_4_0 = q{
	SET search_path = sales, custseg;
	CREATE TABLE lifetime AS
	SELECT mbgnbd_fit(p, '2025-01-01', 'week') AS purchase_model, gamma_gamma_fit(p) AS spend_model FROM customer;
	CREATE VIEW worth AS
	SELECT customer, clv(purchase_model, spend_model, p, '2025-01-01', 52) AS worth, p_alive(purchase_model, p, '2025-01-01')
	FROM customer, lifetime WHERE first_purchase(p) IS NOT NULL;
};

# What 0.5.0 can store besides: a portfolio with two runs.
my $fill_0_5_0 = q{
	SET search_path = sales, custseg;
	SELECT create_portfolio('it''s ours', 'orders', 'customer', 'day', 'amount', schema_name => 'ours');
	SELECT set_resource('it''s ours', 'budget', 1000, weight_measure => 'spend'), set_agent('it''s ours', 'ann', 60, tiers => '{vip,regular}'),
		set_target('it''s ours', 'more', 'customers', 90), set_override('it''s ours', 7, 'floor', 'vip', reason => 'contract');
	INSERT INTO sentence (language, code, template) VALUES ('de', 'own', 'eigener Satz');
	SELECT count(*) FROM refresh('it''s ours', '2024-10-31');
	SELECT count(*) FROM refresh('it''s ours', '2024-11-30');
};

my $content = q{
	SET search_path = sales, custseg;
	SELECT md5(string_agg(c::text, ' ' ORDER BY customer)) FROM customer c;
	SELECT model, counts, segments FROM run;
	SELECT md5(string_agg(s::text, ' ' ORDER BY customer)) FROM scored s;
	SELECT md5(string_agg(s::text, ' ' ORDER BY customer_id))
	FROM run, rfm('SELECT customer, day, amount FROM orders', as_of, model) s;
	SELECT segment('own', 2, 1, NULL), segment('own', 1, 1, NULL), segment('standard_11', 5, 5, 5);
	SET enable_seqscan = off;
	SELECT count(*) FROM customer c WHERE p = (SELECT d.p FROM customer d WHERE d.customer = c.customer);
};

my $content_0_2_0 = q{
	SET search_path = sales, custseg;
	SELECT * FROM models;
	SELECT md5(string_agg(s::text, ' ' ORDER BY s::text)) FROM shares s;
	SELECT approx_quantile_breaks(sketch, 4), policy FROM models;
};

my $content_0_3_0 = q{
	SET search_path = sales, custseg;
	SELECT md5(string_agg(b::text, ' ' ORDER BY customer)) FROM budgets b;
	SELECT round(jain::numeric, 9), cap FROM fairness;
};

my $content_0_4_0 = q{
	SET search_path = sales, custseg;
	SELECT * FROM lifetime;
	SELECT count(*), sum(round(worth::numeric, 4)), sum(round(p_alive::numeric, 6)) FROM worth;
};

my $content_0_5_0 = q{
	SET search_path = sales, custseg;
	SELECT * FROM portfolios;
	SELECT md5(string_agg(c::text, ' ' ORDER BY customer_id)) FROM ours.current_customers c;
	SELECT md5(string_agg(m::text, ' ' ORDER BY customer_id, dimension, since)) FROM ours.membership m;
	SELECT md5(string_agg(t::text, ' ' ORDER BY customer_id, as_of)) FROM ours.tier_transition t;
	SELECT md5(string_agg(m::text, ' ' ORDER BY name, as_of)) FROM ours.model m;
	SELECT * FROM ours.tier_summary;
	SELECT * FROM ours.attainment;
	SELECT sentence FROM explain_tier('it''s ours', 7) WHERE item = 'summary';
	SELECT * FROM movement('it''s ours', '2024-10-31');
	SELECT template FROM sentence WHERE code = 'own';
};

# Whether a version has what came with another one.
sub has
{
	my ($version, $feature) = @_;

	return $node->safe_psql('postgres',
		"SELECT string_to_array('$version', '.')::int[] >= string_to_array('$feature', '.')::int[]") eq 't';
}

# The parts of a text that a version has: the first, and those of the versions up to it.
sub parts_of
{
	my ($version, $first, %later) = @_;

	return join('', $first, map { $later{$_} } grep { has($version, $_) } sort keys %later);
}

sub fill_of
{
	my ($version) = @_;

	return parts_of($version, $fill, '0.2.0' => $fill_0_2_0, '0.3.0' => $fill_0_3_0, '0.4.0' => $fill_0_4_0,
		'0.5.0' => $fill_0_5_0);
}

sub content_of
{
	my ($version) = @_;

	return parts_of($version, $content, '0.2.0' => $content_0_2_0, '0.3.0' => $content_0_3_0, '0.4.0' => $content_0_4_0,
		'0.5.0' => $content_0_5_0);
}

# --- the versions ---

new_database('fresh');
$node->safe_psql('fresh', 'CREATE EXTENSION custseg', @as_analyst);
my $newest = $node->safe_psql('fresh', q{SELECT extversion FROM pg_extension WHERE extname = 'custseg'});

# Those that can be updated, and whose install script is here.
my @released = grep { $node->psql('postgres', "BEGIN; CREATE EXTENSION custseg VERSION '$_'; ROLLBACK") == 0 }
	split(/\n/, $node->safe_psql('postgres', qq{
		SELECT source FROM pg_extension_update_paths('custseg')
		WHERE target = '$newest' AND path IS NOT NULL ORDER BY string_to_array(source, '.')::int[]}));

plan skip_all => "the scripts of released versions (test/upgrade) are not installed; 'make check-tap' does it"
	unless @released;

my $fresh = catalog_text($node, 'fresh');
cmp_ok(scalar(() = $fresh =~ /\n/g), '>', 300, 'the catalog of a fresh installation was read');

# Equal texts; otherwise the lines that differ are shown.
sub same_catalog
{
	my ($db, $name) = @_;
	my %want = map { ($_ => 1) } split(/\n/, $fresh);
	my %have = map { ($_ => 1) } split(/\n/, catalog_text($node, $db));

	ok(!(grep { !$have{$_} } keys %want) && !(grep { !$want{$_} } keys %have), $name)
		or diag(join("\n", (map { "only fresh:  $_" } sort grep { !$have{$_} } keys %want),
			(map { "only here:   $_" } sort grep { !$want{$_} } keys %have)));
	return;
}

foreach my $version (@released)
{
	(my $id = $version) =~ s/\W/_/g;
	my $db = new_database("from_$id");
	my $read = content_of($version);

	$node->safe_psql($db, "CREATE EXTENSION custseg VERSION '$version'", @as_analyst);
	$node->safe_psql($db, fill_of($version), @as_analyst);
	my $before = $node->safe_psql($db, $read, @as_analyst);
	like($before, qr/Late\|Rest\|Champions/, "$version: works with today's library");

	my $dump = $node->basedir . "/$id.dump";
	$node->command_ok([ 'pg_dump', @connection, '-Fc', '-f', $dump, $db ], "$version: is dumped");

	$node->safe_psql($db, 'ALTER EXTENSION custseg UPDATE', @as_analyst);
	is($node->safe_psql($db, q{SELECT extversion FROM pg_extension WHERE extname = 'custseg'}), $newest,
		"$version: is updated to $newest by its owner, who is no superuser");
	same_catalog($db, "$version: updated, the catalog is that of a fresh installation");
	is($node->safe_psql($db, $read, @as_analyst), $before, "$version: stored values, views and segmentations are unharmed");

	my $copy = new_database("restored_$id");
	$node->command_ok([ 'pg_restore', @connection, '--exit-on-error', '--no-owner', '-d', $copy, $dump ],
		"$version: its dump restores into $newest");
	same_catalog($copy, "$version: and gives the catalog of a fresh installation");
	is($node->safe_psql($copy, $read, @as_analyst), $before, "$version: with everything in it");
}

# --- this version's own dump ---

# It has stored the most, so it serves the rest of this file too.
my $example = new_database('newest');
my $read = content_of($newest);

$node->safe_psql($example, 'CREATE EXTENSION custseg', @as_analyst);
$node->safe_psql($example, fill_of($newest), @as_analyst);
my $expected = $node->safe_psql($example, $read, @as_analyst);
my $dump = $node->basedir . '/newest.dump';
$node->command_ok([ 'pg_dump', @connection, '-Fc', '-f', $dump, $example ], "$newest: is dumped");
my $copy = new_database('restored_newest');
$node->command_ok([ 'pg_restore', @connection, '--exit-on-error', '--no-owner', '-d', $copy, $dump ], "$newest: its dump restores");
is($node->safe_psql($copy, $read, @as_analyst), $expected, "$newest: with everything in it");

# --- a standby reads ---

$node->backup('base');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($node, 'base', has_streaming => 1);
$standby->start;
$node->wait_for_catchup($standby);
is($standby->safe_psql($example, $read, @as_analyst), $expected, 'the functions that read work on a hot standby');
$standby->stop;

# --- pg_upgrade ---

SKIP:
{
	# pg_upgrade loads each library as functions name it.
	skip 'the library is found by dynamic_library_path only, where pg_upgrade does not look', 2
		if $node->psql('postgres', q{LOAD '$libdir/custseg'}) != 0;

	my $next = PostgreSQL::Test::Cluster->new('next');
	$next->init(extra => [ '--locale=C.UTF-8', '--encoding=UTF8' ]);
	$node->stop;
	my $bin = dirname_of('postgres');
	chdir $next->basedir or die $!;
	command_ok([ 'pg_upgrade', '--no-sync', '-d', $node->data_dir, '-D', $next->data_dir, '-b', $bin, '-B', $bin,
			'-s', $node->host, '-p', $node->port, '-P', $next->port ],
		'pg_upgrade takes the cluster over');
	$next->start;
	is($next->safe_psql($example, $read, @as_analyst), $expected, 'with everything in it');
	$next->stop;
}

# The folder of a program on the path.
sub dirname_of
{
	my ($program) = @_;
	my ($found) = grep { -x "$_/$program" } split(/:/, $ENV{PATH});

	return $found;
}

done_testing();
