# A user's own segmentation through dump and restore, the rights on the tables, and databases whose encoding has no
# Chinese.
#
# Only a Perl test can do this: pg_dump decides which rows of the extension's tables belong to the user and in which
# order they come back, through the triggers that protect the shipped rows, and an installer who is no superuser is
# what makes the tables belong to somebody else than him.

use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('segmentations');
$node->init(allows_streaming => 0, extra => [ '--locale=C.UTF-8', '--encoding=UTF8' ]);
$node->start;

$node->safe_psql('postgres', q{
	CREATE ROLE installer LOGIN;
	CREATE ROLE analyst LOGIN;
	CREATE ROLE guest LOGIN;
	CREATE DATABASE shop;
	CREATE DATABASE copy_installer;
	CREATE DATABASE copy_superuser;
	GRANT CREATE ON DATABASE shop, copy_installer TO installer;
});

sub as { return (extra_params => [ '-U', shift ]) }

# A statement that must fail: its whole message.
sub refused
{
	my ($db, $role, $sql) = @_;
	my ($status, $out, $err) = $node->psql($db, $sql, as($role));
	return $status == 0 ? 'accepted' : $err;
}

# --- the installer, the right that he passes on, and everybody else ---

$node->safe_psql('shop', 'CREATE EXTENSION custseg', as('installer'));

my $grid = q{
	WITH s AS (
		INSERT INTO custseg.segmentation (name, r_classes, f_classes, description)
		VALUES ('%1$s', 2, 12, 'Grid ''%1$s''') RETURNING name)
	INSERT INTO custseg.segment_rule (segmentation, position, segment, r_min, cells, description)
	SELECT name, rule.* FROM s, (VALUES
		(1, 'Best', NULL::int, ARRAY['2-12', '1-12'], 'By cells'),
		(2, E'Ångström "\\\\"', 2, NULL, NULL),
		(3, 'Rest', NULL, NULL, 'All others')) AS rule};

$node->safe_psql('shop', sprintf($grid, 'installers'), as('installer'));
is($node->safe_psql('shop', q{SELECT custseg.segment('installers', 2, 12, NULL)}, as('guest')), 'Best',
	'a grid of the installer, who is no superuser, is everybody\'s to use');

like(refused('shop', 'analyst', sprintf($grid, 'analysts')), qr/permission denied for table segment/,
	'others may not add a grid');
$node->safe_psql('shop', q{GRANT INSERT, UPDATE, DELETE ON custseg.segmentation, custseg.segment_rule TO analyst},
	as('installer'));
$node->safe_psql('shop', sprintf($grid, 'analysts'), as('analyst'));
is($node->safe_psql('shop', q{SELECT custseg.segment('analysts', 1, 3, NULL)}, as('guest')), 'Rest',
	'until the installer grants it');
like(refused('shop', 'guest', q{DELETE FROM custseg.segmentation WHERE name = 'analysts'}),
	qr/permission denied for table segmentation/, 'the rest may still not write');

like(refused('shop', $_, q{UPDATE custseg.segment_rule SET segment = 'x' WHERE segmentation = 'standard_11'}),
	qr/a shipped row of custseg.segment_rule cannot be changed/, "shipped rows are not changed by $_")
	foreach ('installer', 'analyst');

# Update scripts run as superuser and write to these tables: nobody else's code may hang on them.
$node->safe_psql('shop', q{
	CREATE SCHEMA own;
	CREATE FUNCTION own.hook() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'}, as('installer'));
like(refused('shop', 'installer',
		q{CREATE TRIGGER hook BEFORE INSERT ON custseg.segmentation FOR EACH ROW EXECUTE FUNCTION own.hook()}),
	qr/permission denied for table segmentation/, 'the installer cannot add a trigger');
like(refused('shop', 'installer', q{CREATE TABLE own.t (name text REFERENCES custseg.segmentation ON DELETE CASCADE)}),
	qr/permission denied for table segmentation/, 'nor a foreign key');

# --- dump and restore ---

my $content = q{
	SELECT s.name, s.r_classes, s.f_classes, s.m_classes, s.breaks, s.description, s.shipped, u.position, u.segment,
		u.r_min, u.cells, u.description, u.shipped, md5(custseg.segmentation_model(s.name)::text)
	FROM custseg.segmentation s JOIN custseg.segment_rule u ON u.segmentation = s.name
	ORDER BY s.name, u.position};
$node->safe_psql('shop', q{
	CREATE TABLE own.run AS SELECT name, custseg.segmentation_model(name) AS model FROM custseg.segmentation},
	as('installer'));
my $before = $node->safe_psql('shop', $content);
like($before, qr/Ångström "\\"/, 'the text is there to be dumped');

my $dump = $node->basedir . '/shop.dump';
$node->command_ok([ 'pg_dump', '-U', 'installer', '-Fc', '-f', $dump, 'shop' ], 'the installer dumps');

my ($plain) = run_command([ 'pg_restore', '-f', '-', $dump ]);
unlike($plain, qr/Ten segments over|Bought very recently/, 'no shipped row is in the dump');
cmp_ok(index($plain, 'COPY custseg.segmentation '), '<', index($plain, 'COPY custseg.segment_rule '),
	'segmentations come before their rules');

foreach (['copy_installer', 'installer'], ['copy_superuser', $node->safe_psql('postgres', 'SELECT current_user')])
{
	my ($db, $role) = @$_;

	$node->command_ok([ 'pg_restore', '-h', $node->host, '-p', $node->port, '-U', $role, '--exit-on-error',
			($role eq 'installer' ? '--no-owner' : ()), '-d', $db, $dump ], "$db is restored");
	is($node->safe_psql($db, $content), $before, "$db has every segmentation and rule");
	is($node->safe_psql($db, q{
			SELECT count(*) FROM own.run WHERE model::text = custseg.segmentation_model(name)::text}), '6',
		"$db has the stored models");
	like(refused($db, $role, q{DELETE FROM custseg.segmentation}),
		qr/a shipped row of custseg.segmentation cannot be changed/, "$db protects the shipped rows");
}

# PostgreSQL dumps no owner of an extension: who restores becomes its owner, and only rights that the same role gave
# on come back.
is($node->safe_psql('copy_installer', q{SELECT has_table_privilege('analyst', 'custseg.segment_rule', 'INSERT')}), 't',
	'restored by the same role, the rights that it gave on are there');

# --- data only, over an extension that is there already ---

$node->safe_psql('copy_installer', q{DELETE FROM custseg.segmentation WHERE NOT shipped; DROP TABLE own.run}, as('installer'));
$node->command_ok([ 'pg_restore', '-h', $node->host, '-p', $node->port, '-U', 'installer', '--exit-on-error',
		'--data-only', '-n', 'custseg', '-t', 'segmentation', '-t', 'segment_rule', '-d', 'copy_installer', $dump ],
	'the rows alone are restored');
is($node->safe_psql('copy_installer', $content), $before, 'and nothing is missing');

# --- encodings without Chinese ---

foreach my $encoding ('LATIN1', 'SQL_ASCII', 'EUC_JP')
{
	my $db = lc "in_$encoding";

	$node->command_ok([ 'createdb', '-E', $encoding, '-l', 'C', '-T', 'template0', $db ], "a database in $encoding");
	my ($status, $out, $err) = $node->psql($db, 'CREATE EXTENSION custseg');
	is($status, 0, "$encoding: the extension is created");
	like($err, qr/segmentation "rfm_8" has English segment names: encoding $encoding of this database/,
		"$encoding: a warning says that rfm_8 has English names");
	is($node->safe_psql($db, q{
			SELECT count(*), count(DISTINCT custseg.segment('rfm_8', r, f, m))
			FROM generate_series(1, 2) r, generate_series(1, 2) f, generate_series(1, 2) m
			WHERE custseg.segment('rfm_8', r, f, m) = custseg.segment('rfm_8_en', r, f, m)}), '8|8',
		"$encoding: and it has");
}

# And one that has Chinese, but is not UTF-8: the same names, in its own bytes.
$node->command_ok([ 'createdb', '-E', 'EUC_CN', '-l', 'C', '-T', 'template0', 'in_euc_cn' ], 'a database in EUC_CN');
my ($status, $out, $err) = $node->psql('in_euc_cn', 'CREATE EXTENSION custseg');
is("$status $err", '0 ', 'EUC_CN: the extension is created, without a warning');
my $names = q{SELECT string_agg(segment, ' ' ORDER BY position) FROM custseg.segment_rule WHERE segmentation = 'rfm_8'};
is($node->safe_psql('in_euc_cn', "SET client_encoding = 'UTF8'; $names"), $node->safe_psql('shop', $names),
	'EUC_CN: and rfm_8 has its Chinese names');
is($node->safe_psql('in_euc_cn', q{
		SELECT custseg.segmentation_model('rfm_8')::text::custseg.segment_model::jsonb ->> 'name',
			get_byte(custseg.segment_model_send(custseg.segmentation_model('rfm_8')), 0)}), 'rfm_8|1',
	'EUC_CN: text and binary form');

$node->stop;
done_testing();
