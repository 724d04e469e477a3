# All that the extension put into a database's catalog, as text: two installations are equal when their texts are.

package CatalogText;

use strict;
use warnings;

use Exporter 'import';
our @EXPORT = qw(catalog_text);

# Each query gives lines. Names go through pg_describe_object, pg_get_functiondef and the like, so that no OID shows.
my $members = q{
	WITH member AS (
		SELECT d.classid, d.objid, pg_describe_object(d.classid, d.objid, 0) AS name
		FROM pg_depend d JOIN pg_extension e ON d.refclassid = 'pg_extension'::regclass AND e.oid = d.refobjid
		WHERE e.extname = 'custseg' AND d.deptype = 'e')
};

my %queries = (
	members => q{
		SELECT name, obj_description(objid, (SELECT relname FROM pg_class WHERE oid = classid)) FROM member},
	functions => q{
		SELECT name, prokind, prosrc, l.lanname, p.procost, p.prorows, p.prosupport, p.prosecdef, p.proleakproof,
			p.proisstrict, p.proretset, p.provolatile, p.proparallel, pg_get_function_arguments(p.oid),
			pg_get_function_result(p.oid), p.proargnames, p.proargmodes, p.proconfig, p.proacl, p.probin,
			CASE WHEN p.prosqlbody IS NOT NULL THEN pg_get_function_sqlbody(p.oid) END
		FROM member JOIN pg_proc p ON classid = 'pg_proc'::regclass AND p.oid = objid JOIN pg_language l ON l.oid = prolang},
	aggregates => q{
		SELECT name, aggkind, aggnumdirectargs, aggtransfn::regprocedure, aggfinalfn::regprocedure, aggcombinefn::regprocedure,
			aggserialfn, aggdeserialfn, aggmtransfn, aggminvtransfn, aggmfinalfn, aggfinalextra, aggmfinalextra, aggfinalmodify,
			aggmfinalmodify, aggsortop, aggtranstype::regtype, aggtransspace, aggmtranstype, aggmtransspace, agginitval, aggminitval
		FROM member JOIN pg_aggregate a ON classid = 'pg_proc'::regclass AND a.aggfnoid = objid},
	types => q{
		SELECT name, typlen, typbyval, typtype, typcategory, typispreferred, typdelim, typinput, typoutput, typreceive, typsend,
			typmodin, typmodout, typanalyze, typsubscript, typalign, typstorage, typnotnull, typbasetype::regtype, typdefault, typacl
		FROM member JOIN pg_type t ON classid = 'pg_type'::regclass AND t.oid = objid},
	casts => q{
		SELECT name, castfunc::regprocedure, castcontext, castmethod
		FROM member JOIN pg_cast c ON classid = 'pg_cast'::regclass AND c.oid = objid},
	operators => q{
		SELECT name, oprkind, oprcanmerge, oprcanhash, oprcom::regoperator, oprnegate::regoperator, oprcode, oprrest, oprjoin
		FROM member JOIN pg_operator o ON classid = 'pg_operator'::regclass AND o.oid = objid},
	operator_classes => q{
		SELECT name, opcintype::regtype, opcdefault, opckeytype::regtype, f.opfname
		FROM member JOIN pg_opclass c ON classid = 'pg_opclass'::regclass AND c.oid = objid JOIN pg_opfamily f ON f.oid = opcfamily},
	operator_families => q{
		SELECT name, amopstrategy, amoppurpose, amopopr::regoperator, NULL, NULL
		FROM member JOIN pg_amop a ON classid = 'pg_opfamily'::regclass AND amopfamily = objid
		UNION ALL
		SELECT name, amprocnum, NULL, NULL, amproc::regprocedure, amproclefttype::regtype
		FROM member JOIN pg_amproc a ON classid = 'pg_opfamily'::regclass AND amprocfamily = objid},
	relations => q{
		SELECT name, relkind, relpersistence, relrowsecurity, relforcerowsecurity, reloptions, relacl,
			CASE WHEN relkind IN ('v', 'm') THEN pg_get_viewdef(c.oid) END
		FROM member JOIN pg_class c ON classid = 'pg_class'::regclass AND c.oid = objid},
	columns => q{
		SELECT name, attnum, attname, format_type(atttypid, atttypmod), attnotnull, attstorage, attidentity, attgenerated, attacl,
			pg_get_expr(adbin, adrelid), col_description(attrelid, attnum), attcollation::regcollation
		FROM member JOIN pg_attribute a ON classid = 'pg_class'::regclass AND attrelid = objid AND attnum > 0 AND NOT attisdropped
		LEFT JOIN pg_attrdef d ON adrelid = attrelid AND adnum = attnum},
	constraints => q{
		SELECT name, conname, pg_get_constraintdef(c.oid), convalidated, obj_description(c.oid, 'pg_constraint')
		FROM member JOIN pg_constraint c ON classid = 'pg_class'::regclass AND conrelid = objid},
	indexes => q{
		SELECT name, pg_get_indexdef(indexrelid), obj_description(indexrelid, 'pg_class')
		FROM member JOIN pg_index i ON classid = 'pg_class'::regclass AND indrelid = objid},
	triggers => q{
		SELECT name, pg_get_triggerdef(t.oid), tgenabled, obj_description(t.oid, 'pg_trigger')
		FROM member JOIN pg_trigger t ON classid = 'pg_class'::regclass AND tgrelid = objid AND NOT tgisinternal},
	rules => q{
		SELECT name, pg_get_ruledef(r.oid) FROM member JOIN pg_rewrite r ON classid = 'pg_class'::regclass AND ev_class = objid},
	policies => q{
		SELECT name, polname, polcmd, pg_get_expr(polqual, polrelid)
		FROM member JOIN pg_policy p ON classid = 'pg_class'::regclass AND polrelid = objid},
	sequences => q{
		SELECT name, seqtypid::regtype, seqstart, seqincrement, seqmax, seqmin, seqcache, seqcycle
		FROM member JOIN pg_sequence s ON classid = 'pg_class'::regclass AND seqrelid = objid},
	first_rights => q{
		SELECT name, i.objsubid, privtype, initprivs FROM member JOIN pg_init_privs i ON i.classoid = classid AND i.objoid = objid},
	schema => q{
		SELECT nspname, nspacl, obj_description(n.oid, 'pg_namespace') FROM pg_namespace n WHERE nspname = 'custseg'},
	extension => q{
		SELECT extname, extversion, extrelocatable, extnamespace::regnamespace,
			(SELECT string_agg(t.oid::regclass || ' ' || t.condition, ', ' ORDER BY t.oid::regclass::text)
			 FROM unnest(extconfig, extcondition) AS t(oid, condition))
		FROM pg_extension WHERE extname = 'custseg'},
);

# The text of one database, a line an object; rows of tables that the extension ships are part of it.
sub catalog_text
{
	my ($node, $db) = @_;
	my @lines;

	foreach my $part (sort keys %queries)
	{
		push @lines, map { "$part: $_" } sort split(/\n/, $node->safe_psql($db, qq{
			SET search_path = pg_catalog;
			$members SELECT regexp_replace(q::text, '\\s+', ' ', 'g') FROM ($queries{$part}) q}));
	}
	push @lines, map { "shipped: $_" } split(/\n/, $node->safe_psql($db, q{
		SELECT r FROM (SELECT 's' || s::text AS r FROM custseg.segmentation s WHERE shipped
		               UNION ALL SELECT 'r' || u::text FROM custseg.segment_rule u WHERE shipped) x ORDER BY r COLLATE "C"}));
	return join("\n", @lines) . "\n";
}

1;
