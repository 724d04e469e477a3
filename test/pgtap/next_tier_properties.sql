-- What next_tier promises of every decision, on seeded random policies and customers: no move twice on a day, none
-- without a reason, none in a protected time, never lower for better measures, overrides, and that what is missing is right.
BEGIN;
CREATE EXTENSION IF NOT EXISTS pgtap;
CREATE EXTENSION IF NOT EXISTS custseg;
SET LOCAL search_path = public, custseg;
\ir include/tier_policies.psql

SELECT plan(43);
SELECT setseed(0.20251231);

-- --- customers ---

CREATE TABLE customer (
    id int GENERATED ALWAYS AS IDENTITY, spec jsonb, f policy_facts, names text[], policy tier_policy,
    current text, since date, grace_since date, m jsonb, overrides jsonb, as_of date);

CREATE FUNCTION pg_temp.make_measures(p jsonb) RETURNS jsonb LANGUAGE sql VOLATILE AS $$
    SELECT jsonb_object_agg(n #>> '{}', CASE WHEN random() < 0.93
        THEN pg_temp.measure_value(round((random() * 60)::numeric, pg_temp.pick(ARRAY[0, 0, 1, 3])), d::text::int, (p ->> 'unit')::numeric) END)
    FROM ROWS FROM (jsonb_array_elements(p -> 'names'), jsonb_array_elements(p -> 'directions')) u(n, d)
$$;

-- Every measure at least as good: a little, a lot or not at all better; what was unknown may be known.
CREATE FUNCTION pg_temp.better(p jsonb, m jsonb) RETURNS jsonb LANGUAGE sql VOLATILE AS $$
    SELECT jsonb_object_agg(name, CASE
        WHEN random() < 0.3 THEN m -> name
        WHEN m -> name = 'null' THEN CASE WHEN random() < 0.5 THEN to_jsonb(pg_temp.measure_value(30, d, unit)) ELSE 'null' END
        ELSE to_jsonb((m ->> name)::numeric + d * unit * round((random() * random() * 40)::numeric, 2)) END)
    FROM (SELECT n #>> '{}', d::text::int, (p ->> 'unit')::numeric
          FROM ROWS FROM (jsonb_array_elements(p -> 'names'), jsonb_array_elements(p -> 'directions')) u(n, d)) s(name, d, unit)
$$;

-- Two customers under one random policy.
CREATE FUNCTION pg_temp.make_customers() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    p jsonb := pg_temp.make_policy();
    f policy_facts := pg_temp.facts(p);
    names text[] := ARRAY(SELECT jsonb_array_elements_text(p -> 'names'));
    policy tier_policy := pg_temp.policy_text(p);
    as_of date;
    current text;
    since date;
    grace date;
BEGIN
    FOR i IN 1..2 LOOP
        as_of := date '2023-02-20' + pg_temp.pick(ARRAY[floor(random() * 800)::int, floor(random() * 800)::int, 374, 373, 39, 191]);
        IF random() < 0.4 THEN
            as_of := date_trunc('month', as_of)::date - 1;
        END IF;
        current := CASE WHEN random() < 0.9 THEN pg_temp.pick(f.tiers) END;
        since := NULL;
        grace := NULL;
        IF current IS NOT NULL THEN
            since := CASE WHEN random() < 0.2 THEN (as_of - pg_temp.make_span()::interval)::date - floor(random() * 2)::int
                ELSE as_of - floor(random() * random() * 800)::int END;
            IF random() < 0.4 THEN
                grace := as_of - floor(random() * random() * (as_of - since + 1))::int;
            END IF;
        END IF;
        INSERT INTO customer (spec, f, names, policy, current, since, grace_since, m, overrides, as_of)
        VALUES (p, f, names, policy, current, since, grace, pg_temp.make_measures(p), pg_temp.make_overrides(f, as_of - 50, as_of + 50), as_of);
    END LOOP;
END $$;
SELECT count(pg_temp.make_customers()) AS made FROM generate_series(1, 5500) \gset

CREATE TABLE result AS
SELECT c.*, n.*, array_position((f).tiers, current) AS c, array_position((f).tiers, tier) AS t
FROM customer c, next_tier(policy, current, since, m, overrides, as_of, grace_since) n;
ANALYZE result;

SELECT cmp_ok((SELECT count(*) FROM result), '>=', 10000::bigint, 'at least 10,000 customers');
SELECT is((SELECT array_agg(DISTINCT transition ORDER BY transition) FROM result),
    ARRAY['downgrade', 'enter', 'exit', 'grace', 'keep', 'none', 'renew', 'upgrade'], 'every transition is among the results');
SELECT cmp_ok((SELECT min(n) FROM (SELECT count(*) AS n FROM result WHERE overrides IS NULL GROUP BY transition) s), '>=', 100::bigint,
    'and each of those without an override many times');

-- --- moves ---

SELECT is_empty($$
    SELECT r.id, r.tier, r.transition, r.tier_since, n.tier, n.transition, n.tier_since, n.reason, r.policy
    FROM result r, next_tier(policy, r.tier, r.tier_since, m, overrides, as_of, r.in_grace_since) n
    WHERE (n.tier, n.tier_since) IS DISTINCT FROM (r.tier, r.tier_since) OR n.transition NOT IN ('keep', 'grace', 'none')
    LIMIT 3$$, 'applied to its own result on the same day, nothing moves');
SELECT is_empty($$
    SELECT r.id, n1, n2
    FROM result r, next_tier(policy, r.tier, r.tier_since, m, overrides, as_of, r.in_grace_since) n1,
        next_tier(policy, n1.tier, n1.tier_since, m, overrides, as_of, n1.in_grace_since) n2
    WHERE n1 IS DISTINCT FROM n2 LIMIT 3$$, 'and from then on all results of the day are equal');
SELECT is_empty($$
    SELECT id, current, tier, transition FROM result
    WHERE transition IS DISTINCT FROM CASE WHEN c IS NULL AND t IS NULL THEN 'none' WHEN c IS NULL THEN 'enter' WHEN t IS NULL THEN 'exit'
            WHEN t > c THEN 'upgrade' WHEN t < c THEN 'downgrade' WHEN transition IN ('keep', 'grace', 'renew') THEN transition END LIMIT 3$$,
    'the transition says how the tier changed');
SELECT is_empty($$SELECT id, transition, reason FROM result WHERE coalesce(btrim(reason), '') = '' LIMIT 3$$, 'every result has a reason');
SELECT is_empty($$
    SELECT id, transition, since, tier_since, in_grace_since FROM result
    WHERE t IS DISTINCT FROM c AND (t IS NOT NULL AND tier_since IS DISTINCT FROM as_of OR in_grace_since IS NOT NULL)
        OR t IS NULL AND (tier_since, in_grace_since, valid_until, missing_keep) IS DISTINCT FROM (NULL::date, NULL::date, NULL::date, NULL::text)
        OR t = c AND transition <> 'renew' AND tier_since IS DISTINCT FROM since
        OR transition = 'renew' AND NOT (since < tier_since AND tier_since <= as_of AND as_of < valid_until)
        OR in_grace_since < tier_since OR in_grace_since > as_of LIMIT 3$$,
    'since when: the day of the move, of the renewal, or as before');
SELECT is_empty($$
    SELECT id, tier, tier_since, valid_until FROM result
    WHERE valid_until IS DISTINCT FROM (tier_since + (f).validity[t])::date LIMIT 3$$, 'valid until the end of the tier''s term');
SELECT is_empty($$
    SELECT id, current, since, as_of, (f).stay[c], (f).grace[c], (f).validity[c], grace_since FROM result
    WHERE transition = 'downgrade' AND NOT coalesce(jsonb_path_exists(overrides, '$[*] ? (@.kind == "pin")'), false)
        AND (as_of < since + (f).stay[c] OR as_of < since + (f).validity[c] OR as_of = since OR (f).downgrade = 'never'
            OR (f).grace[c] > '0' AND (grace_since IS NULL OR as_of < grace_since + (f).grace[c])
            OR (f).judged = 'period_end' AND NOT pg_temp.is_period_end(as_of, (f).period)) LIMIT 3$$,
    'no downgrade inside minimum stay, validity and grace, nor between the days of judgement');
SELECT is_empty($$
    SELECT id, current, tier FROM result
    WHERE transition = 'downgrade' AND (f).downgrade = 'one_step' AND t <> c - 1
        AND NOT coalesce(jsonb_path_exists(overrides, '$[*] ? (@.kind == "pin")'), false) LIMIT 3$$, 'a soft landing goes one step at a time');
SELECT is_empty($$
    SELECT id, m, m2, r.tier, n.tier, n.reason, policy
    FROM (SELECT *, pg_temp.better(spec, m) AS m2 FROM result OFFSET 0) r, next_tier(policy, current, since, m2, overrides, as_of, grace_since) n
    WHERE (r.tier IS NULL) <> (n.tier IS NULL) OR array_position((f).tiers, n.tier) < t LIMIT 3$$,
    'with every measure at least as good nobody ends lower');

SELECT is_empty($$
    SELECT id, reason, missing_next, want, due
    FROM (SELECT *, CASE WHEN reason ~ 'grace is' THEN in_grace_since + (f).grace[t] - interval '1 day'
              WHEN reason ~ 'no downgrade before' THEN greatest(since + (f).stay[c], since + (f).validity[c])
              WHEN reason ~ '(judged|upgrade) at' THEN due END::date AS want
          FROM (SELECT *, CASE WHEN reason ~ '(judged|upgrade) at' OR missing_next ~ 'due at [0-9]' THEN
                    (SELECT min(d)::date FROM generate_series(as_of, as_of + 370, interval '1 day') d WHERE pg_temp.is_period_end(d::date, (f).period)) END AS due
                FROM result) r) s
    WHERE want::text IS DISTINCT FROM substring(reason FROM '(?:is|before|at) (\d{4}-\d\d-\d\d)')
        OR missing_next ~ 'due at [0-9]' AND due::text <> substring(missing_next FROM 'at (.*)') LIMIT 3$$,
    'the day that a reason names');

-- --- equal inputs ---

SELECT is_empty($$
    SELECT r.id, r.tier, n.* FROM result r,
        LATERAL (SELECT array_agg(k ORDER BY random()) FROM (SELECT unnest(names) UNION ALL SELECT 'not used') u(k)) a(shuffled),
        next_tier(policy, current, since, ARRAY(SELECT (m ->> k)::float8 FROM unnest(shuffled) WITH ORDINALITY u(k, i) ORDER BY i), shuffled,
            overrides, as_of, grace_since) n
    WHERE n IS DISTINCT FROM (r.tier, r.transition, r.reason, r.missing_next, r.missing_keep, r.tier_since, r.in_grace_since, r.valid_until)
    LIMIT 3$$, 'measures as an array in any order');
SELECT is_empty($$
    SELECT r.id, r.tier, n.* FROM result r,
        next_tier(policy, current, since,
            ARRAY(SELECT (m ->> k)::float8 FROM unnest(tier_policy_measures(policy)) WITH ORDINALITY u(k, i) ORDER BY i), NULL,
            overrides, as_of, grace_since) n
    WHERE n IS DISTINCT FROM (r.tier, r.transition, r.reason, r.missing_next, r.missing_keep, r.tier_since, r.in_grace_since, r.valid_until)
    LIMIT 3$$, 'measures as an array without names, in the order of tier_policy_measures');
SELECT is_empty($$
    SELECT r.id, r.tier, n.* FROM (SELECT * FROM result ORDER BY random()) r,
        next_tier(as_of => as_of, policy => policy::text::tier_policy, measures => m || '{"more": null}', "current" => current, since => since,
            overrides => coalesce(overrides, '[]'), grace_since => grace_since) n
    WHERE n IS DISTINCT FROM (r.tier, r.transition, r.reason, r.missing_next, r.missing_keep, r.tier_since, r.in_grace_since, r.valid_until)
    LIMIT 3$$, 'in another order of rows, with named arguments, and no overrides as an empty list');
SELECT is_empty($$
    SELECT r.id, r.tier, n.* FROM result r,
        next_tier(policy, current, since, m, (SELECT jsonb_agg(e ORDER BY random()) FROM jsonb_array_elements(overrides) e), as_of, grace_since) n
    WHERE (n.tier, n.transition, n.missing_next, n.missing_keep, n.tier_since, n.in_grace_since, n.valid_until)
        IS DISTINCT FROM (r.tier, r.transition, r.missing_next, r.missing_keep, r.tier_since, r.in_grace_since, r.valid_until) LIMIT 3$$,
    'the order of overrides does not matter');
SELECT set_config(name, 'on', true) FROM pg_settings WHERE name IN ('force_parallel_mode', 'debug_parallel_query');
SELECT is_empty($$
    SELECT r.id, r.tier, n.* FROM result r, next_tier(policy, current, since, m, overrides, as_of, grace_since) n
    WHERE n IS DISTINCT FROM (r.tier, r.transition, r.reason, r.missing_next, r.missing_keep, r.tier_since, r.in_grace_since, r.valid_until)
    LIMIT 3$$, 'in a worker');
SELECT set_config(name, 'off', true) FROM pg_settings WHERE name IN ('force_parallel_mode', 'debug_parallel_query');

-- --- overrides ---

SELECT is_empty($$
    SELECT r.id, pin, n.* FROM (SELECT *, pg_temp.pick((f).tiers) AS pin FROM result OFFSET 0) r,
        next_tier(policy, current, since, m, jsonb_build_array(jsonb_build_object('kind', 'pin', 'tier', pin)), as_of, grace_since) n
    WHERE n.tier IS DISTINCT FROM pin OR n.in_grace_since IS NOT NULL OR (pin = current AND n.tier_since <> since) LIMIT 3$$,
    'a pin decides');
SELECT is_empty($$
    SELECT r.id, lowest, n.* FROM (SELECT *, pg_temp.pick((f).tiers) AS lowest FROM result OFFSET 0) r,
        next_tier(policy, current, since, m, jsonb_build_array(jsonb_build_object('kind', 'floor', 'tier', lowest)), as_of, grace_since) n,
        next_tier(policy, current, since, m, NULL, as_of, grace_since) plain
    WHERE coalesce(array_position((f).tiers, n.tier), 0)
        < greatest(array_position((f).tiers, lowest), array_position((f).tiers, plain.tier)) LIMIT 3$$,
    'a floor lifts, and never lowers');
SELECT is_empty($$
    SELECT r.id, n.* FROM result r,
        next_tier(policy, current, since, m, coalesce(overrides, '[]') || '[{"kind": "exclude"}]', as_of, grace_since) n
    WHERE n.tier IS NOT NULL OR n.transition <> CASE WHEN current IS NULL THEN 'none' ELSE 'exit' END LIMIT 3$$,
    'exclude goes before everything');
SELECT is_empty($$
    SELECT r.id, plain.*, n.* FROM result r,
        next_tier(policy, current, since, m, NULL, as_of, grace_since) plain,
        next_tier(policy, current, since, m, jsonb_build_array(
            jsonb_build_object('kind', 'pin', 'tier', (f).tiers[1], 'until', as_of), jsonb_build_object('kind', 'exclude', 'until', as_of),
            jsonb_build_object('kind', 'floor', 'tier', (f).tiers[cardinality((f).tiers)], 'from', as_of + 1),
            jsonb_build_object('kind', 'pin', 'tier', (f).tiers[cardinality((f).tiers)], 'from', as_of + 1, 'until', as_of + 2)), as_of, grace_since) n
    WHERE n IS DISTINCT FROM plain LIMIT 3$$,
    'an override before its first day, or on its last, is none');

-- --- what is missing ---

SELECT is_empty($$
    SELECT id, tier, missing_next FROM result
    WHERE (missing_next IS NULL) <> coalesce(t = cardinality((f).tiers), true) OR btrim(missing_next) = '' OR btrim(missing_keep) = '' LIMIT 3$$,
    'something is missing for the next tier, but at the top');

-- Which comparisons, and by how much: the items of a text against those of the rule's tree. The whole text, where the rule is flat.
CREATE FUNCTION pg_temp.items(said text) RETURNS text[] LANGUAGE sql AS $$
    SELECT coalesce(array_agg(i[1] ORDER BY i[1] COLLATE "C"), '{}') FROM regexp_matches(said,
        '((?:"(?:[^"]|"")+"|[^ ,()"]+) (?:unknown, (?:at least|more than|at most|less than) [-0-9.]+|(?:more than )?[-0-9.]+ (?:more|less)))', 'g') i
$$;
CREATE TABLE said AS
SELECT id, rule, tree, pg_temp.items(said) AS got, ARRAY(SELECT e FROM unnest(x.items) e ORDER BY e COLLATE "C") AS want, said, x.items, holds
FROM (SELECT id, names, m, 'keep' AS rule, missing_keep AS said,
          coalesce(nullif(spec -> 'tiers' -> (t - 1) -> 'keep', 'null'), spec -> 'tiers' -> (t - 1) -> 'enter') AS tree FROM result
      UNION ALL SELECT id, names, m, 'next', CASE WHEN missing_next !~ '^nothing' THEN missing_next END, spec -> 'tiers' -> t -> 'enter' FROM result) s,
    pg_temp.missing(tree, names, ARRAY(SELECT (m ->> n)::float8 FROM unnest(names) WITH ORDINALITY u(n, o) ORDER BY o)) x
WHERE tree IS NOT NULL;
SELECT is_empty('SELECT id, rule, said, want, tree FROM said WHERE want <> got OR (said IS NULL) <> holds ORDER BY length(said) LIMIT 3',
    'what is missing is what does not hold');
-- 'any of' and 'any 1 of' are the same tree: alternatives, or one of so many.
SELECT is_empty($$
    SELECT id, rule, said, tree
    FROM (SELECT *, tree ->> 'op' AS op, (tree ->> 'n')::int + cardinality(items) - jsonb_array_length(tree -> 'parts') AS n,
              array_to_string(items, ', ') AS listed, array_to_string(items, ' or ') AS alternatives FROM said
          WHERE NOT jsonb_path_exists(tree, '$.parts[*].parts') AND NOT holds) s
    WHERE CASE WHEN op = 'or' THEN said <> alternatives
        WHEN op = 'any' THEN said <> format('%s of (%s)', n, listed) AND NOT (tree ->> 'n' = '1' AND said = alternatives)
        ELSE said <> listed END LIMIT 3$$, 'in words: all, any, or so many of them');

-- Rules with a hundred members.
CREATE FUNCTION pg_temp.wide_texts_differ() RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
    rule text;
    n int;
    needed int;
    x int;
    said text;
    listed text;
    held int;
BEGIN
    FOR i IN 1..300 LOOP
        n := 1 + floor(random() * 120)::int;
        needed := 1 + floor(random() * n)::int;
        x := floor(random() * 60)::int;
        FOREACH rule IN ARRAY ARRAY['any ' || needed || ' of (', 'all of ('] LOOP
            said := (next_tier(format('{"tiers": [{"tier": "a"}, {"tier": "b", "enter": "%s)"}]}',
                rule || (SELECT string_agg('v >= ' || (k * 7) % 61, ', ' ORDER BY k) FROM generate_series(1, n) k))::tier_policy,
                'a', '2024-01-01', ARRAY[x], NULL, NULL, date '2024-02-01')).missing_next;
            SELECT string_agg(format('v %s more', (k * 7) % 61 - x), ', ' ORDER BY k) FILTER (WHERE (k * 7) % 61 > x), count(*) FILTER (WHERE (k * 7) % 61 <= x)
                INTO listed, held FROM generate_series(1, n) k;
            IF rule ^@ 'any' THEN
                listed := CASE WHEN held >= needed THEN NULL ELSE format('%s of (%s)', needed - held, listed) END;
            END IF;
            IF said IS DISTINCT FROM listed THEN
                RETURN NEXT format('%s of %s with %s: %s, not %s', rule, n, x, said, listed);
            END IF;
        END LOOP;
    END LOOP;
END $$;
SELECT is_empty('SELECT * FROM pg_temp.wide_texts_differ() LIMIT 3', 'in rules with many members, too');

-- Tiers that ask for so much of each measure. Thresholds and values have up to four digits after the point.
CREATE TABLE climber (
    id int GENERATED ALWAYS AS IDENTITY, names text[], thresholds numeric[], v numeric[], policy tier_policy, current int);
CREATE FUNCTION pg_temp.make_climber() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    n int := 2 + floor(random() * 4)::int;
    k int := 1 + floor(random() * 4)::int;
    names text[] := (ARRAY['spend', 'frequency', 'tenure', 'größe'])[1:k];
    scale numeric := pg_temp.pick(ARRAY[1, 10, 1000, 0.001, 123456]);
    t numeric[] := '{}';
    v numeric[];
    level int := 1;
    tiers jsonb := '[{"tier": "1"}]';
BEGIN
    FOR j IN 1..k LOOP
        v[j] := CASE WHEN random() < 0.05 THEN -1 ELSE 1 END * round((random() * n)::numeric * scale, pg_temp.pick(ARRAY[0, 1, 2, 4, 7]));
    END LOOP;
    FOR i IN 1..n LOOP
        FOR j IN 1..k LOOP
            t := t || round((i + random() * 0.9)::numeric * scale, greatest(pg_temp.pick(ARRAY[1, 2, 4, 7]), CASE WHEN scale < 1 THEN 4 END));
        END LOOP;
        IF i > 1 THEN
            tiers := tiers || jsonb_build_object('tier', i::text, 'enter',
                (SELECT string_agg(names[j] || ' >= ' || t[(i - 1) * k + j], ' and ' ORDER BY j) FROM generate_series(1, k) j));
            IF (SELECT bool_and(v[j] >= t[(i - 1) * k + j]) FROM generate_series(1, k) j) THEN
                level := i;
            END IF;
        END IF;
    END LOOP;
    INSERT INTO climber (names, thresholds, v, policy, current)
    VALUES (names, t, v, jsonb_build_object('tiers', tiers, 'downgrade', 'never')::text::tier_policy, level);
END $$;
SELECT count(pg_temp.make_climber()) AS made FROM generate_series(1, 11000) \gset

CREATE TABLE climb AS
SELECT c.*, n.tier, n.missing_next,
    ARRAY(SELECT greatest(thresholds[current * cardinality(names) + j] - v[j], 0) FROM generate_subscripts(names, 1) j) AS gap
FROM climber c, next_tier(policy, current::text, '2024-01-01', v::float8[], names, NULL, '2024-02-02') n;

SELECT is_empty('SELECT id, tier, current FROM climb WHERE tier::int <> current', 'customers at the tier that they qualify for stay');
SELECT is_empty($$
    SELECT id, missing_next, gap FROM climb
    WHERE tier::int * cardinality(names) < cardinality(thresholds) AND missing_next IS DISTINCT FROM
        (SELECT string_agg(format('%s %s more', names[j], trim_scale(gap[j])), ', ' ORDER BY j) FROM generate_subscripts(names, 1) j WHERE gap[j] > 0) LIMIT 3$$,
    'what is missing to the last digit, in decimals');
CREATE TABLE told AS
SELECT id, current, policy, names, v,
    ARRAY(SELECT coalesce((regexp_match(missing_next, '(?:^|, )' || names[j] || ' ([-0-9.e+]+) more'))[1]::numeric, 0) FROM generate_subscripts(names, 1) j) AS gap
FROM climb WHERE tier::int * cardinality(names) < cardinality(thresholds);
SELECT cmp_ok((SELECT count(*) FROM told), '>=', 7000::bigint, 'and it was asked of thousands');
SELECT is_empty($$
    SELECT t.id, n.tier, n.reason FROM told t,
        next_tier(policy, current::text, '2024-01-01', ARRAY(SELECT a + b FROM unnest(v, gap) u(a, b))::float8[], names, NULL, '2024-02-03') n
    WHERE n.tier::int <= current OR n.transition <> 'upgrade' LIMIT 3$$, 'whoever makes good what is missing is lifted at the next evaluation');
SELECT is_empty($$
    SELECT t.id, n.tier, n.reason FROM told t, generate_subscripts(names, 1) j,
        next_tier(policy, current::text, '2024-01-01',
            ARRAY(SELECT a + b - CASE WHEN i = j THEN 0.0000001 ELSE 0 END FROM unnest(v, gap) WITH ORDINALITY u(a, b, i))::float8[], names, NULL, '2024-02-03') n
    WHERE gap[j] > 0 AND n.tier::int <> current LIMIT 3$$, 'the smallest unit less, and nobody is');

-- --- forms of a policy ---

SELECT is_empty($$SELECT policy::text FROM customer WHERE policy::text::tier_policy::text <> policy::text
        OR tier_policy_send(policy::text::tier_policy) <> tier_policy_send(policy) LIMIT 3$$,
    'text and back');
SELECT is_empty($$SELECT policy::text FROM customer WHERE policy::jsonb::text::tier_policy::text <> policy::text LIMIT 3$$, 'jsonb and back');
SELECT is_empty($$SELECT policy::text FROM customer WHERE policy::jsonb <> policy::text::jsonb LIMIT 3$$, 'the cast to jsonb is the text');
CREATE TABLE sent AS SELECT id, policy FROM customer;
CREATE TABLE received (LIKE sent);
DO $$
DECLARE
    file text := quote_literal(current_setting('data_directory') || '/custseg_tier_policy.bin');
BEGIN
    EXECUTE 'COPY sent TO ' || file || ' (FORMAT binary)';
    EXECUTE 'COPY received FROM ' || file || ' (FORMAT binary)';
    EXECUTE format('COPY (SELECT WHERE false) TO PROGRAM %L', 'rm ' || file);
END $$;
SELECT is_empty($$SELECT s.policy::text, r.policy::text FROM sent s FULL JOIN received r USING (id)
    WHERE r.policy::text IS DISTINCT FROM s.policy::text LIMIT 3$$, 'binary and back');

-- What was put in comes out: settings, tiers, and rules that hold where the given ones do.
SELECT is_empty($$
    SELECT id, key, spec ->> key, j ->> key FROM (SELECT *, policy::jsonb AS j FROM customer) c,
        (VALUES ('upgrade', 'each_run'), ('downgrade', 'one_step'), ('check', 'each_run'), ('period', 'month'), ('requalify_by', 'keep')) s(key, otherwise)
    WHERE coalesce(spec ->> key, otherwise) <> coalesce(j ->> key, otherwise) OR j ->> key = otherwise LIMIT 3$$, 'settings, without defaults');
SELECT is_empty($$
    SELECT id, key, a, b FROM (SELECT *, policy::jsonb AS j FROM customer) c, unnest(ARRAY['stay', 'grace', 'validity']) key, generate_series(-1, cardinality((f).tiers) - 1) i,
        LATERAL (VALUES (CASE i WHEN -1 THEN spec ->> key ELSE spec -> 'tiers' -> i ->> key END, CASE i WHEN -1 THEN j ->> key ELSE j -> 'tiers' -> i ->> key END)) s(a, b)
    WHERE a::interval IS DISTINCT FROM b::interval OR extract(day FROM a::interval) <> extract(day FROM b::interval) LIMIT 3$$, 'spans of time');
SELECT is_empty($$
    SELECT id, (f).tiers FROM customer, LATERAL (SELECT array_agg(tier ORDER BY position), array_agg(position ORDER BY position) FROM tier_policy_tiers(policy)) s(tiers, positions)
    WHERE tiers IS DISTINCT FROM (f).tiers OR positions IS DISTINCT FROM ARRAY(SELECT generate_subscripts(tiers, 1)) LIMIT 3$$, 'tiers, the lowest first');
SELECT is_empty($$
    SELECT id, tier_policy_measures(policy) FROM customer
    WHERE NOT tier_policy_measures(policy) <@ names OR cardinality(tier_policy_measures(policy)) <> (SELECT count(DISTINCT e) FROM unnest(tier_policy_measures(policy)) e)
    LIMIT 3$$, 'measures, each once');

-- --- what is refused ---

CREATE FUNCTION pg_temp.refusal(current text, since date, grace_since date, m jsonb, overrides jsonb, as_of date) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    PERFORM next_tier('{"tiers": [{"tier": "a"}, {"tier": "b", "enter": "spend >= 5"}, {"tier": "c", "enter": "spend >= 10"}]}'::tier_policy,
        current, since, m, overrides, as_of, grace_since);
    RETURN 'ok';
EXCEPTION WHEN OTHERS THEN
    RETURN SQLSTATE;
END $$;
SELECT is_empty($$
    SELECT *, pg_temp.refusal(current, since::date, grace::date, m::jsonb, o::jsonb, as_of::date) AS got FROM (VALUES
        ('ok', 'a', '2024-01-01', '2024-01-02', '{"spend": 1}', NULL, '2024-01-03'),
        ('ok', 'a', '2024-01-03', '2024-01-03', '{"spend": null, "x": "y"}', '[]', '2024-01-03'),
        ('ok', NULL, NULL, NULL, NULL, '[{"kind": "pin", "tier": "a", "until": "2024-01-01"}, {"kind": "pin", "tier": "b", "from": "2024-01-01"}]', '2024-01-03'),
        ('ok', NULL, NULL, NULL, NULL, '[{"kind": "pin", "tier": "a"}, {"kind": "pin", "tier": "a", "reason": "again", "author": "b"}]', '2024-01-03'),
        ('22023', 'd', '2024-01-01', NULL, '{"spend": 1}', NULL, '2024-01-03'),
        ('22023', '', '2024-01-01', NULL, '{"spend": 1}', NULL, '2024-01-03'),
        ('22023', 'A', '2024-01-01', NULL, '{"spend": 1}', NULL, '2024-01-03'),
        ('22023', 'a', NULL, NULL, '{"spend": 1}', NULL, '2024-01-03'),
        ('22023', NULL, '2024-01-01', NULL, '{"spend": 1}', NULL, '2024-01-03'),
        ('22023', NULL, NULL, '2024-01-01', '{"spend": 1}', NULL, '2024-01-03'),
        ('22023', 'a', '2024-01-04', NULL, '{"spend": 1}', NULL, '2024-01-03'),
        ('22023', 'a', '2024-01-02', '2024-01-01', '{"spend": 1}', NULL, '2024-01-03'),
        ('22023', 'a', '2024-01-02', '2024-01-04', '{"spend": 1}', NULL, '2024-01-03'),
        ('22023', 'a', '2024-01-02', NULL, '{"spend": 1}', NULL, NULL),
        ('22023', 'a', '2024-01-02', NULL, '{"spend": 1}', NULL, 'infinity'),
        ('22023', 'a', '-infinity', NULL, '{"spend": 1}', NULL, '2024-01-03'),
        ('22023', 'a', '2024-01-02', NULL, '{}', NULL, '2024-01-03'),
        ('22023', 'a', '2024-01-02', NULL, '{"Spend": 1}', NULL, '2024-01-03'),
        ('22023', 'a', '2024-01-02', NULL, '{"spend": "1"}', NULL, '2024-01-03'),
        ('22023', 'a', '2024-01-02', NULL, '{"spend": true}', NULL, '2024-01-03'),
        ('22023', 'a', '2024-01-02', NULL, '{"spend": {"spend": 1}}', NULL, '2024-01-03'),
        ('22023', 'a', '2024-01-02', NULL, '[1]', NULL, '2024-01-03'),
        ('22023', 'a', '2024-01-02', NULL, '5', NULL, '2024-01-03'),
        ('22023', 'a', '2024-01-02', NULL, '{"spend": 1}', '{}', '2024-01-03'),
        ('22023', 'a', '2024-01-02', NULL, '{"spend": 1}', '{"kind": "exclude"}', '2024-01-03'),
        ('22023', 'a', '2024-01-02', NULL, '{"spend": 1}', '[1]', '2024-01-03'),
        ('22023', 'a', '2024-01-02', NULL, '{"spend": 1}', '[{}]', '2024-01-03'),
        ('22023', 'a', '2024-01-02', NULL, '{"spend": 1}', '[{"kind": "Pin", "tier": "a"}]', '2024-01-03'),
        ('22023', 'a', '2024-01-02', NULL, '{"spend": 1}', '[{"kind": "pin"}]', '2024-01-03'),
        ('22023', 'a', '2024-01-02', NULL, '{"spend": 1}', '[{"kind": "floor", "tier": null}]', '2024-01-03'),
        ('22023', 'a', '2024-01-02', NULL, '{"spend": 1}', '[{"kind": "floor", "tier": "d"}]', '2024-01-03'),
        ('22023', 'a', '2024-01-02', NULL, '{"spend": 1}', '[{"kind": "floor", "tier": "d", "until": "2020-01-01"}]', '2024-01-03'),
        ('22023', 'a', '2024-01-02', NULL, '{"spend": 1}', '[{"kind": "exclude", "Reason": "x"}]', '2024-01-03'),
        ('22023', 'a', '2024-01-02', NULL, '{"spend": 1}', '[{"kind": "exclude", "from": "2024-01-01", "until": "2024-01-01"}]', '2024-01-03'),
        ('22023', 'a', '2024-01-02', NULL, '{"spend": 1}', '[{"kind": "exclude", "from": 5}]', '2024-01-03'),
        ('22023', 'a', '2024-01-02', NULL, '{"spend": 1}', '[{"kind": "pin", "tier": "a"}, {"kind": "pin", "tier": "b", "from": "2030-01-01"}]', '2024-01-03'),
        ('22023', 'a', '2024-01-02', NULL, '{"spend": 1}', '[{"kind": "pin", "tier": "a", "until": "2030-01-02"}, {"kind": "exclude"}, {"kind": "pin", "tier": "b", "from": "2030-01-01", "until": "2030-02-01"}]', '2024-01-03')
        ) v(want, current, since, grace, m, o, as_of)
    WHERE pg_temp.refusal(current, since::date, grace::date, m::jsonb, o::jsonb, as_of::date) <> want$$, 'what is refused, and what is not');

-- --- why ---

-- The comparisons of a rule, one by one: tier_gap against the tree that the rule was printed from.
CREATE TABLE gap AS
SELECT r.id, i AS tier, wanted.rule, want.items AS want, got.items AS got
FROM result r, generate_series(2, 3) i, unnest(ARRAY['enter', 'keep']) wanted(rule),
    LATERAL (SELECT array_agg(format('%s %s %s value %s: %s', names[(e ->> 'm')::int], e ->> 'op', trim_scale((e ->> 'x')::numeric),
                coalesce(trim_scale((m ->> names[(e ->> 'm')::int])::numeric)::text, 'unknown'),
                (pg_temp.missing(e, names, ARRAY(SELECT (m ->> n)::float8 FROM unnest(names) WITH ORDINALITY u(n, o) ORDER BY o))).holds) ORDER BY o)
             FROM jsonb_path_query(coalesce(nullif(spec -> 'tiers' -> (i - 1) -> wanted.rule, 'null'), spec -> 'tiers' -> (i - 1) -> 'enter'), 'strict $.** ? (@.m > 0)')
                WITH ORDINALITY u(e, o)) want(items),
    LATERAL (SELECT array_agg(format('%s %s %s value %s: %s', g.measure, g.comparison, trim_scale(g.threshold),
                coalesce(trim_scale(g.value)::text, 'unknown'), g.holds) ORDER BY g.ordinality)
             FROM tier_gap(policy, (f).tiers[i], m) WITH ORDINALITY g WHERE g.rule = wanted.rule) got(items)
WHERE i <= cardinality((f).tiers) AND r.id <= 4000;
SELECT is_empty('SELECT * FROM gap WHERE want IS DISTINCT FROM got LIMIT 3', 'tier_gap has a row for each comparison of a rule');
SELECT is_empty($$
    SELECT r.id, g.* FROM result r, tier_gap(policy, (f).tiers[cardinality((f).tiers)], m) g
    WHERE NOT g.holds AND g.value IS NOT NULL AND g.missing IS DISTINCT FROM abs(g.threshold - g.value) LIMIT 3$$, 'and how much is missing');

-- --- windows ---

CREATE TABLE span AS
SELECT date '1999-01-01' + floor(random() * 12000)::int AS as_of, 1 + floor(random() * 40)::int AS months, floor(random() * 6000)::int AS ago,
    random() < 0.2 AS leap
FROM generate_series(1, 10000);
ALTER TABLE span ADD enrolled date;
UPDATE span SET enrolled = CASE WHEN leap THEN make_date((extract(year FROM as_of - ago)::int - 1) / 4 * 4, 2, 29) ELSE as_of - ago END;
SELECT is_empty($$
    SELECT as_of, "window", got, want FROM span, LATERAL (VALUES
        ('lifetime', NULL::date), ('rolling ' || months || ' months', (as_of + 1 - make_interval(months => months))::date),
        ('month', date_trunc('month', as_of)::date), ('quarter', date_trunc('quarter', as_of)::date), ('year', date_trunc('year', as_of)::date),
        ('half', make_date(extract(year FROM as_of)::int, CASE WHEN extract(month FROM as_of) < 7 THEN 1 ELSE 7 END, 1)),
        ('anniversary', (SELECT max(d) FROM generate_series(0, 40) y, LATERAL (SELECT (enrolled + make_interval(years => y))::date) s(d) WHERE d <= as_of))) w("window", first),
        LATERAL (SELECT daterange(first, as_of + 1), measure_window("window", as_of, enrolled)) r(want, got)
    WHERE got IS DISTINCT FROM want LIMIT 3$$, 'measure_window against date arithmetic');

SELECT * FROM finish();
ROLLBACK;
