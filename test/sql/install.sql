--
-- Creating and dropping the extension. What it consists of is checked in test/pgtap/catalog.sql.
--
\set VERBOSITY terse

-- The schema is fixed: objects never land in another one.
CREATE EXTENSION custseg SCHEMA public;
CREATE EXTENSION custseg;
SELECT e.extversion, n.nspname AS schema, e.extrelocatable
FROM pg_extension e
JOIN pg_namespace n ON n.oid = e.extnamespace
WHERE e.extname = 'custseg';
ALTER EXTENSION custseg SET SCHEMA public;

-- Everybody may use the schema, nobody else may create in it.
CREATE ROLE regress_custseg_anyone;
SELECT has_schema_privilege('regress_custseg_anyone', 'custseg', 'USAGE') AS usage,
	has_schema_privilege('regress_custseg_anyone', 'custseg', 'CREATE') AS "create";
DROP ROLE regress_custseg_anyone;

-- No function of the extension lives outside the schema.
SELECT pg_describe_object(classid, objid, 0)
FROM pg_depend d
JOIN pg_proc p ON p.oid = d.objid AND d.classid = 'pg_proc'::regclass
WHERE d.refclassid = 'pg_extension'::regclass
	AND d.refobjid = (SELECT oid FROM pg_extension WHERE extname = 'custseg')
	AND p.pronamespace <> 'custseg'::regnamespace;

-- Dropping it leaves the schema, empty: PostgreSQL made it for the extension, but not as a part of it.
DROP EXTENSION custseg;
SELECT pg_describe_object(classid, objid, objsubid)
FROM pg_depend
WHERE refclassid = 'pg_namespace'::regclass AND refobjid = 'custseg'::regnamespace;

-- It can be created again there, with any search_path, and into no schema at all.
SET search_path = pg_temp;
CREATE EXTENSION custseg;
RESET search_path;
DROP EXTENSION custseg;
DROP SCHEMA custseg;
CREATE EXTENSION custseg;
SELECT obj_description('custseg'::regnamespace) IS NOT NULL AS schema_has_comment;
DROP EXTENSION custseg;
