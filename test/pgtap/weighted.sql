-- Bands, weighted scores and their explanation: the definitions, the arguments, the errors; against slow and obvious
-- SQL in numeric on seeded random cases.
BEGIN;
CREATE EXTENSION IF NOT EXISTS pgtap;
CREATE EXTENSION IF NOT EXISTS custseg;
SET LOCAL search_path = public, custseg;

SELECT plan(65);
SELECT setseed(0.23);

-- --- band ---

SELECT is((SELECT string_agg(band(x, '{10,20}', '{low,medium,high}'), ' ' ORDER BY i) FROM unnest('{-infinity,5,10,10.5,20,21,infinity}'::float8[]) WITH ORDINALITY u(x, i)),
    'low low low medium medium high high', 'a value equal to a break belongs to the lower class');
SELECT is(band(7, '{}', '{all}'), 'all', 'no breaks: one label');
SELECT is(band(7.5::numeric, '{7.5}', '{a,b}'), 'a', 'numeric');
SELECT is(band(8, '{7,9}', '{other,middle,other}'), 'middle', 'two classes may share a label');
SELECT is(band(NULL::float8, '{1}', '{a,b}'), NULL, 'null');
SELECT is_empty($$
    SELECT x FROM (SELECT random() * 20 - 5 AS x, i FROM generate_series(1, 3000) i) s, (VALUES ('{0,1,5,10}'::float8[], '{a,bb,ccc,dddd,eeeee}'::text[]), ('{3}', '{x,yy}')) v(b, l)
    WHERE band(x, b, l) <> l[score(x, b)] OR band(x::numeric, b, l) <> l[score(x::numeric, b)]$$, 'band is the label of the score, with breaks that change');
SELECT throws_ok($$SELECT band('NaN'::float8, '{1}', '{a,b}')$$, '22023', 'x must not be NaN');
SELECT throws_ok($$SELECT band(1, '{2,1}', '{a,b,c}')$$, '22023', 'breaks must be strictly ascending');
SELECT throws_ok($$SELECT band(1, '{1,2}', '{a,b}')$$, '22023', 'labels must have one element more than breaks, not 2 for 2');
SELECT throws_ok($$SELECT band(1, '{1}', '{a,NULL}')$$, '22023', 'labels must not contain null');
SELECT throws_ok($$SELECT band(1, '{1}', ARRAY['a', ''])$$, '22023', 'labels must not contain an empty label');
SELECT throws_ok($$SELECT band(1, '{1}', '{{a,b}}')$$, '22023', 'labels must be a one-dimensional array, not one of 2 dimensions');

-- --- weighted_score ---

SELECT is(weighted_score('{1,2,3}', '{1,1,2}'), 2.25::float8, 'the weighted mean');
SELECT is(weighted_score('{1,NULL,3}', '{1,5,3}'), 2.5::float8, 'the others share the weight of a missing one');
SELECT is(weighted_score('{1,NULL,3}', '{1,5,3}', 'renormalise'), 2.5::float8, 'which is called renormalise');
SELECT is(weighted_score('{1,NULL,3}', '{1,4,3}', 'zero'), 1.25::float8, 'zero: it is 0');
SELECT is(weighted_score('{1,NULL,3}', '{1,5,3}', 'null'), NULL, 'null: there is no score');
SELECT is(weighted_score('{1,2,3}', '{1,1,2}', 'null'), 2.25::float8, 'unless all are there');
SELECT is(weighted_score('{NULL,NULL}', '{1,1}'), NULL, 'all missing: null');
SELECT is(weighted_score('{NULL,NULL}', '{1,1}', 'zero'), 0::float8, 'or 0');
SELECT is(weighted_score('{NULL,2}', '{1,0}'), NULL, 'only weights of 0 are left: null');
SELECT is(weighted_score('{5,2}', '{1,0}'), 5::float8, 'a weight of 0 does not count');
SELECT is(weighted_score('{0.7,0.7,0.7}', '{0.1,0.2,0.4}'), 0.7::float8, 'equal components give just their value');
SELECT is(weighted_score('{1e308,1.7e308,1.5e308}', '{1e308,1e308,1e308}'), 1.4e308::float8, 'no overflow on the way');
SELECT is(weighted_score('{1e16,1,-1e16}', '{1,1,1}'), 1::float8 / 3, 'no cancellation');
SELECT is(weighted_score('{5e-324,0}', '{5e-324,5e-324}') IN (0, 5e-324), true, 'no underflow on the way');
SELECT is(weighted_score(NULL, '{1}'), NULL, 'null arguments: null');
SELECT is(weighted_score(ARRAY[1, 2], ARRAY[1, 3]), 1.75::float8, 'integers');
SELECT is(weighted_score(ARRAY[1.5, 2.5], ARRAY[1, 3.0]), 2.25::float8, 'numerics');
SELECT is(weighted_score('[0:1]={1,2}', '{1,1}'), 1.5::float8, 'bounds of arrays do not matter');
SELECT is((SELECT weighted_score(array_agg(i), array_agg(1)) FROM generate_series(1, 1001) i), 501::float8, 'many components');
SELECT is((SELECT weighted_score(array_agg(nullif(i, 7)), array_agg(i)) FROM generate_series(1, 100) i), (SELECT sum(i * i) / sum(i)::float8 FROM generate_series(1, 100) i WHERE i <> 7), 'many components, one missing');

-- Random cases; sizes differ widely in some.
CREATE TABLE cases AS
SELECT id, array_agg(CASE WHEN random() < 0.15 AND id % 3 = 0 THEN NULL WHEN id % 5 = 0 THEN floor(random() * 5)
        WHEN id % 5 = 1 THEN (random() - 0.5) * 10 ^ (floor(random() * 25) - 12) ELSE round(random()::numeric, 3) END::float8) AS c,
    array_agg(CASE WHEN random() < 0.1 THEN 0 WHEN id % 2 = 0 THEN round(random()::numeric, 2) ELSE random() END::float8) AS w
FROM generate_series(1, 4000) id, LATERAL generate_series(1, 1 + id % 9) k GROUP BY id;
DELETE FROM cases WHERE 0 = ALL (w);

-- Digits of a float8 that its cast to numeric leaves out.
CREATE FUNCTION pg_temp.exactly(x float8) RETURNS numeric LANGUAGE sql IMMUTABLE AS 'SELECT x::text::numeric';
CREATE FUNCTION pg_temp.score_oracle(c float8[], w float8[], missing text) RETURNS numeric LANGUAGE sql AS $$
    SELECT CASE WHEN missing = 'null' AND bool_or(v IS NULL) THEN NULL
        ELSE sum(pg_temp.exactly(u) * coalesce(pg_temp.exactly(v), 0)) / nullif(sum(pg_temp.exactly(u)) FILTER (WHERE v IS NOT NULL OR missing = 'zero'), 0) END
    FROM unnest(c, w) t(v, u)
$$;
CREATE TABLE scored AS
SELECT id, c, w, missing, weighted_score(c, w, missing) AS score, pg_temp.score_oracle(c, w, missing) AS expected, (SELECT max(abs(v)) FROM unnest(c) v) AS size
FROM cases, unnest(ARRAY['renormalise', 'zero', 'null']) missing;
SELECT is_empty($$
    SELECT * FROM scored WHERE (score IS NULL) <> (expected IS NULL) OR abs(pg_temp.exactly(score) - expected) > 4e-16 * size LIMIT 3$$,
    'weighted_score equals the sums of numeric');
SELECT cmp_ok((SELECT count(*) FROM scored WHERE score IS NOT NULL), '>=', 9000::bigint, 'thousands of them');
SELECT is_empty($$
    SELECT id FROM scored, LATERAL (SELECT array_agg(v ORDER BY md5(i::text)) AS c2, array_agg(u ORDER BY md5(i::text)) AS w2 FROM unnest(c, w) WITH ORDINALITY t(v, u, i)) s
    WHERE weighted_score(c2, w2, missing) IS DISTINCT FROM score$$, 'in any order of components, to the last bit');
SELECT is_empty($$
    SELECT id FROM scored, LATERAL (SELECT array_agg(u * 4) AS w2 FROM unnest(w) u) s WHERE weighted_score(c, w2, missing) IS DISTINCT FROM score$$,
    'only the proportions of weights count');
SELECT is_empty($$
    SELECT id FROM scored, LATERAL (SELECT min(v), max(v) FROM unnest(c, w) t(v, u) WHERE u > 0) s(low, high)
    WHERE missing = 'renormalise' AND score NOT BETWEEN low AND high$$, 'a score lies among its components');

SELECT throws_ok($$SELECT weighted_score('{1,2}', '{1}')$$, '22023', 'components and weights must have the same length, not 2 and 1');
SELECT throws_ok($$SELECT weighted_score('{1,2}', '{1,-0.5}')$$, '22023', 'weights must not be negative');
SELECT throws_ok($$SELECT weighted_score('{1,2}', '{0,-0}')$$, '22023', 'weights must not all be 0');
SELECT throws_ok($$SELECT weighted_score('{}', '{}')$$, '22023', 'weights must not be empty');
SELECT throws_ok($$SELECT weighted_score('{1,2}', '{1,NULL}')$$, '22023', 'weights must not contain null');
SELECT throws_ok($$SELECT weighted_score('{1,2}', '{1,NaN}')$$, '22023', 'weights must not contain NaN');
SELECT throws_ok($$SELECT weighted_score('{1,2}', '{1,infinity}')$$, '22023', 'weights must not contain infinity');
SELECT throws_ok($$SELECT weighted_score('{1,NaN}', '{1,1}')$$, '22023', 'components must not contain NaN');
SELECT throws_ok($$SELECT weighted_score('{-infinity,NULL}', '{0,1}')$$, '22023', 'components must not contain -infinity');
SELECT throws_ok($$SELECT weighted_score('{1,2}', '{1,1}', 'skip')$$, '22023', 'missing must be ''renormalise'', ''zero'' or ''null'', not "skip"');
SELECT throws_ok($$SELECT weighted_score('{{1,2}}', '{1,1}')$$, '22023', 'components must be a one-dimensional array, not one of 2 dimensions');
SELECT throws_ok($$SELECT weighted_score('{1,2}', '{{1,1}}')$$, '22023', 'weights must be a one-dimensional array, not one of 2 dimensions');

-- --- explain_weighted ---

SELECT results_eq($$SELECT * FROM explain_weighted('{value,loyalty,need}', '{0.8,0.5,0.25}', '{5,3,2}')$$,
    $$VALUES ('value', 0.8::float8, 0.5::float8, 0.4000, 0.6667), ('loyalty', 0.5, 0.3, 0.1500, 0.2500), ('need', 0.25, 0.2, 0.0500, 0.0833)$$, 'an explanation');
SELECT results_eq($$SELECT component, contribution, share FROM explain_weighted('{a,b,c}', '{1,1,1}', '{1,1,1}', digits => 2)$$,
    $$VALUES ('a', 0.34, 0.34), ('b', 0.33, 0.33), ('c', 0.33, 0.33)$$, 'among equal remainders the first gets the unit');
SELECT results_eq($$SELECT weight, value, contribution, share FROM explain_weighted('{a,b}', '{3,NULL}', '{1,3}')$$,
    $$VALUES (1::float8, 3::float8, 3.0000, 1.0000), (0, NULL, 0.0000, 0.0000)$$, 'a missing component contributes 0');
SELECT results_eq($$SELECT weight, contribution FROM explain_weighted('{a,b}', '{3,NULL}', '{1,3}', 'zero')$$,
    $$VALUES (0.25::float8, 0.7500), (0.75, 0.0000)$$, 'but its weight counts with zero');
SELECT results_eq($$SELECT weight, value, contribution, share FROM explain_weighted('{a,b}', '{3,NULL}', '{1,3}', 'null')$$,
    $$VALUES (NULL::float8, 3::float8, NULL::numeric, NULL::numeric), (NULL, NULL, NULL, NULL)$$, 'no score, no contributions');
SELECT results_eq($$SELECT contribution, share FROM explain_weighted('{a,b}', '{1,-1}', '{1,1}')$$,
    $$VALUES (0.5000, NULL::numeric), (-0.5000, NULL)$$, 'a score of 0 has no shares');
SELECT results_eq($$SELECT contribution, share FROM explain_weighted('{a,b}', '{3,-1}', '{1,1}')$$,
    $$VALUES (1.5000, 1.5000), (-0.5000, -0.5000)$$, 'shares of both signs add up to 1, too');

-- Contributions and shares add up exactly, for every number of digits, and are near what they show.
CREATE TABLE explained AS
SELECT s.id, missing, digits, score, round(score::numeric, digits) AS shown, size, e.*
FROM (SELECT *, id % 8 AS digits FROM scored) s,
    LATERAL explain_weighted((SELECT array_agg('c' || i) FROM generate_series(1, cardinality(c)) i), c, w, missing, digits) e
WHERE size * 10 ^ digits < 1e14;
SELECT cmp_ok((SELECT count(*) FROM explained), '>=', 25000::bigint, 'thousands of explanations');
SELECT is_empty($$
    SELECT id, missing, shown, sum(contribution), sum(share) FROM explained GROUP BY id, missing, shown
    HAVING sum(contribution) IS DISTINCT FROM shown OR sum(share) <> 1 LIMIT 3$$, 'contributions add up to the score as shown, shares to 1');
SELECT is_empty($$
    SELECT * FROM explained WHERE score IS NOT NULL AND (scale(contribution) <> digits
        OR abs(contribution - pg_temp.exactly(weight * coalesce(value, 0))) > 1.001 * 10::numeric ^ -digits + 1e-14 * size::numeric) LIMIT 3$$, 'each is off by less than a unit');
SELECT is_empty($$
    SELECT id, missing FROM explained WHERE score IS NOT NULL GROUP BY 1, 2 HAVING abs(sum(weight) - 1) > 1e-15$$, 'weights add up to 1');
SELECT is_empty($$
    SELECT * FROM explained WHERE (share IS NULL) <> (coalesce(score, 0) = 0) AND abs(score) > 1e-3 * size LIMIT 3$$, 'there are shares where there is a score');

SELECT throws_ok($$SELECT explain_weighted('{a}', '{1,2}', '{1,1}')$$, '22023', 'names and weights must have the same length, not 1 and 2');
SELECT throws_ok($$SELECT explain_weighted('{a,NULL}', '{1,2}', '{1,1}')$$, '22023', 'names must not contain null');
SELECT throws_ok($$SELECT explain_weighted('{a,b}', '{1,2}', '{1,1}', digits => 16)$$, '22023', 'digits must be between 0 and 15, not 16');
SELECT throws_ok($$SELECT explain_weighted('{a,b}', '{1e12,2}', '{1,1}')$$, '22003', 'contributions are too large to be shown with 4 digits');

SELECT * FROM finish();
ROLLBACK;
