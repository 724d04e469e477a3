-- What the extension puts into the catalog: every object explains itself, every function states how it
-- behaves, and nothing in a function's body depends on the caller's search_path.
BEGIN;
CREATE EXTENSION IF NOT EXISTS pgtap;
CREATE EXTENSION IF NOT EXISTS custseg;

SELECT plan(12);

-- The extension's own objects. Array types and row types of tables come along with another object.
CREATE TEMPORARY TABLE member ON COMMIT DROP AS
SELECT d.classid, d.objid, pg_describe_object(d.classid, d.objid, 0) AS name
FROM pg_depend d
JOIN pg_extension e ON d.refclassid = 'pg_extension'::regclass AND e.oid = d.refobjid
WHERE e.extname = 'custseg' AND d.deptype = 'e';

CREATE TEMPORARY TABLE routine ON COMMIT DROP AS
SELECT p.*, m.name, l.lanname, lower(pg_get_functiondef(p.oid)) AS definition
FROM member m
JOIN pg_proc p ON m.classid = 'pg_proc'::regclass AND p.oid = m.objid
JOIN pg_language l ON l.oid = p.prolang
WHERE p.prokind <> 'a';

SELECT cmp_ok((SELECT count(*) FROM member), '>', 0::bigint, 'the extension has objects');

-- --- comments ---
SELECT is_empty($$
	SELECT name FROM member
	WHERE classid <> 'pg_class'::regclass
		AND obj_description(objid, (SELECT relname FROM pg_class WHERE oid = classid)) IS NULL
		AND NOT (classid = 'pg_type'::regclass
			AND EXISTS (SELECT FROM pg_type t WHERE t.oid = objid AND (t.typcategory = 'A' OR t.typrelid <> 0)))
		AND classid NOT IN ('pg_amop'::regclass, 'pg_amproc'::regclass)
	ORDER BY 1$$,
	'every function, aggregate, type, operator, operator class and cast has a comment');

SELECT is_empty($$
	SELECT name FROM member JOIN pg_class c ON c.oid = objid
	WHERE classid = 'pg_class'::regclass AND c.relkind NOT IN ('i', 'S', 't')
		AND obj_description(objid, 'pg_class') IS NULL
	ORDER BY 1$$,
	'every table and view has a comment');

SELECT is_empty($$
	SELECT name, a.attname FROM member
	JOIN pg_class c ON c.oid = objid
	JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
	WHERE classid = 'pg_class'::regclass AND c.relkind IN ('r', 'p', 'v', 'm', 'c')
		AND col_description(c.oid, a.attnum) IS NULL
	ORDER BY 1, a.attnum$$,
	'every column of a table, view or composite type has a comment');

SELECT is_empty($$
	SELECT name FROM member
	WHERE classid <> 'pg_operator'::regclass
		AND length(obj_description(objid, (SELECT relname FROM pg_class WHERE oid = classid))) < 15
	ORDER BY 1$$,
	'and only that of an operator may be a word or two');

-- --- functions ---
SELECT is_empty($$
	SELECT name FROM routine
	WHERE proparallel <> 's' AND provolatile <> 'v'$$,
	'a function that does not write is parallel safe');

-- An aggregate's support functions are run in parallel workers whenever the aggregate is.
SELECT is_empty($$
	SELECT DISTINCT a.aggfnoid::regprocedure, f.oid::regprocedure
	FROM member m
	JOIN pg_aggregate a ON m.classid = 'pg_proc'::regclass AND a.aggfnoid = m.objid
	JOIN pg_proc g ON g.oid = a.aggfnoid
	JOIN pg_proc f ON f.oid IN (a.aggtransfn, a.aggcombinefn, a.aggfinalfn, a.aggmtransfn, a.aggmfinalfn)
	WHERE g.prokind = 'a' AND (g.proparallel <> 's' OR f.proparallel <> 's')$$,
	'every aggregate and its support functions are parallel safe');

SELECT is_empty($$
	SELECT a.aggfnoid::regprocedure
	FROM member m
	JOIN pg_aggregate a ON m.classid = 'pg_proc'::regclass AND a.aggfnoid = m.objid
	WHERE a.aggkind = 'n' AND (a.aggcombinefn = 0 OR a.aggtranstype = 'internal'::regtype)$$,
	'every aggregate has a combine function and a state that is a real type');

SELECT is_empty($$
	SELECT name FROM routine WHERE prosecdef$$,
	'no function runs with the rights of its owner');

-- A body of text is parsed at each call with the caller's search_path: it pins it. A parsed body
-- (BEGIN ATOMIC) holds its objects by identity.
SELECT is_empty($$
	SELECT name FROM routine
	WHERE lanname IN ('sql', 'plpgsql') AND prosqlbody IS NULL
		AND NOT coalesce(array_to_string(proconfig, ' ') LIKE '%search\_path=pg_catalog, pg_temp%', false)
		AND (definition !~ 'operator\(pg_catalog\.' AND definition ~ '[^:]=[^>]|<|>| \+ | - ')$$,
	'no body of text uses operators by the caller''s search_path');

SELECT is_empty($$
	SELECT name, symbol FROM (SELECT name, prosrc AS symbol FROM routine WHERE lanname = 'c') c
	WHERE symbol NOT LIKE 'custseg\_%'$$,
	'a C function''s symbol carries the extension''s prefix');

-- --- names that would collide with PostgreSQL's own in a search_path ---
SELECT is_empty($$
	SELECT name FROM member JOIN pg_proc p ON classid = 'pg_proc'::regclass AND p.oid = objid
	WHERE p.proname IN ('sum', 'avg', 'count', 'rank', 'ntile', 'mode', 'min', 'max')
		OR p.proname LIKE 'percentile\_%'$$,
	'no function has the name of a standard aggregate');

SELECT * FROM finish();
ROLLBACK;
