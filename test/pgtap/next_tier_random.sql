-- next_tier against slow and obvious PL/pgSQL, day by day along seeded random histories of random policies. Each side
-- goes on from its own state, so that what it forgets shows later; now and then both get a new one.
BEGIN;
CREATE EXTENSION IF NOT EXISTS pgtap;
CREATE EXTENSION IF NOT EXISTS custseg;
SET LOCAL search_path = public, custseg;
\ir include/tier_policies.psql

SELECT plan(8);
SELECT setseed(0.20260228);

-- --- the oracle itself, on cases worked out by hand ---

-- Tiers a < b < c. What is NULL in the policy is not set.
CREATE FUNCTION pg_temp.by_hand(settings jsonb, current text, since date, grace_since date, enters text, keeps text, overrides jsonb, as_of date)
    RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    f policy_facts := pg_temp.facts('{"tiers": [{"tier": "a"}, {"tier": "b"}, {"tier": "c"}]}' || settings);
    d record;
BEGIN
    d := pg_temp.decide(f,
        ARRAY[true, strpos(enters, 'b') > 0, strpos(enters, 'c') > 0], ARRAY[true, strpos(keeps, 'b') > 0, strpos(keeps, 'c') > 0],
        array_position(f.tiers, current), since, grace_since, overrides, as_of);
    RETURN concat_ws(' ', d.transition, f.tiers[d.tier], d.since, 'grace ' || d.grace_since, 'until ' || d.valid_until);
END $$;

CREATE TABLE hand (title text, got text, want text);
INSERT INTO hand VALUES
('a new customer enters at the highest tier', pg_temp.by_hand('{}', NULL, NULL, NULL, 'c', 'bc', NULL, '2024-03-05'), 'enter c 2024-03-05'),
('or at the base', pg_temp.by_hand('{}', NULL, NULL, NULL, '', '', NULL, '2024-03-05'), 'enter a 2024-03-05'),
('upgrade at once, over a tier', pg_temp.by_hand('{}', 'a', '2024-01-01', NULL, 'c', 'c', NULL, '2024-03-05'), 'upgrade c 2024-03-05'),
('upgrade waits for the period''s end', pg_temp.by_hand('{"upgrade": "period_end"}', 'a', '2024-01-01', NULL, 'c', 'c', NULL, '2024-03-05'), 'keep a 2024-01-01'),
('upgrade at the end of a leap February', pg_temp.by_hand('{"upgrade": "period_end"}', 'a', '2024-01-01', NULL, 'c', 'c', NULL, '2024-02-29'), 'upgrade c 2024-02-29'),
('28 February is no period end in 2024', pg_temp.by_hand('{"upgrade": "period_end"}', 'a', '2024-01-01', NULL, 'c', 'c', NULL, '2024-02-28'), 'keep a 2024-01-01'),
('nor is the quarter''s the end of February', pg_temp.by_hand('{"upgrade": "period_end", "period": "quarter"}', 'a', '2024-01-01', NULL, 'c', 'c', NULL, '2024-02-29'), 'keep a 2024-01-01'),
('the half ends in June', pg_temp.by_hand('{"upgrade": "period_end", "period": "half"}', 'a', '2024-01-01', NULL, 'c', 'c', NULL, '2024-06-30'), 'upgrade c 2024-06-30'),
('hysteresis: kept below entry', pg_temp.by_hand('{}', 'b', '2024-01-01', NULL, '', 'b', NULL, '2024-03-05'), 'keep b 2024-01-01'),
('soft landing', pg_temp.by_hand('{}', 'c', '2024-01-01', NULL, '', '', NULL, '2024-03-05'), 'downgrade b 2024-03-05'),
('to base', pg_temp.by_hand('{"downgrade": "to_base"}', 'c', '2024-01-01', NULL, 'b', 'b', NULL, '2024-03-05'), 'downgrade a 2024-03-05'),
('requalify', pg_temp.by_hand('{"downgrade": "requalify"}', 'c', '2024-01-01', NULL, '', 'b', NULL, '2024-03-05'), 'downgrade b 2024-03-05'),
('requalify by entry', pg_temp.by_hand('{"downgrade": "requalify", "requalify_by": "enter"}', 'c', '2024-01-01', NULL, '', 'b', NULL, '2024-03-05'), 'downgrade a 2024-03-05'),
('never', pg_temp.by_hand('{"downgrade": "never"}', 'c', '2024-01-01', NULL, '', '', NULL, '2024-03-05'), 'keep c 2024-01-01'),
('inside the minimum stay', pg_temp.by_hand('{"stay": "1 month"}', 'c', '2024-01-31', NULL, '', '', NULL, '2024-02-28'), 'keep c 2024-01-31'),
('31 January and a month is 29 February', pg_temp.by_hand('{"stay": "1 month"}', 'c', '2024-01-31', NULL, '', '', NULL, '2024-02-29'), 'downgrade b 2024-02-29'),
('inside validity', pg_temp.by_hand('{"validity": "1 year"}', 'c', '2024-02-29', NULL, '', '', NULL, '2025-02-27'), 'keep c 2024-02-29 until 2025-02-28'),
('validity from 29 February ends on 28', pg_temp.by_hand('{"validity": "1 year"}', 'c', '2024-02-29', NULL, '', '', NULL, '2025-02-28'), 'downgrade b 2025-02-28 until 2026-02-28'),
('renew', pg_temp.by_hand('{"validity": "1 year"}', 'c', '2022-05-01', NULL, '', 'c', NULL, '2024-06-01'), 'renew c 2024-05-01 until 2025-05-01'),
('terms are counted from the first day', pg_temp.by_hand('{"validity": "1 month"}', 'c', '2024-01-31', NULL, '', 'c', NULL, '2024-04-02'), 'renew c 2024-03-31 until 2024-04-30'),
('grace begins', pg_temp.by_hand('{"grace": "30 days"}', 'c', '2024-01-01', NULL, '', '', NULL, '2024-03-05'), 'grace c 2024-01-01 grace 2024-03-05'),
('grace goes on', pg_temp.by_hand('{"grace": "30 days"}', 'c', '2024-01-01', '2024-03-05', '', '', NULL, '2024-04-03'), 'grace c 2024-01-01 grace 2024-03-05'),
('grace is over', pg_temp.by_hand('{"grace": "30 days"}', 'c', '2024-01-01', '2024-03-05', '', '', NULL, '2024-04-04'), 'downgrade b 2024-04-04'),
('grace ends when the rule holds again', pg_temp.by_hand('{"grace": "30 days"}', 'c', '2024-01-01', '2024-03-05', '', 'c', NULL, '2024-03-06'), 'keep c 2024-01-01'),
('but is not judged in between', pg_temp.by_hand('{"grace": "30 days", "check": "period_end"}', 'c', '2024-01-01', '2024-02-29', '', 'c', NULL, '2024-03-06'), 'keep c 2024-01-01 grace 2024-02-29'),
('judged at the period''s end only', pg_temp.by_hand('{"check": "period_end"}', 'c', '2024-01-01', NULL, '', '', NULL, '2024-03-06'), 'keep c 2024-01-01'),
('at most a move a day', pg_temp.by_hand('{}', 'c', '2024-03-05', NULL, '', '', NULL, '2024-03-05'), 'keep c 2024-03-05'),
('pin', pg_temp.by_hand('{}', 'a', '2024-01-01', NULL, 'c', 'c', '[{"kind": "pin", "tier": "b"}]', '2024-03-05'), 'upgrade b 2024-03-05'),
('an override ends before its last day', pg_temp.by_hand('{}', 'b', '2024-01-01', NULL, '', '', '[{"kind": "floor", "tier": "b", "until": "2024-03-05"}]', '2024-03-05'), 'downgrade a 2024-03-05'),
('floor', pg_temp.by_hand('{"downgrade": "to_base"}', 'c', '2024-01-01', NULL, '', '', '[{"kind": "floor", "tier": "b"}]', '2024-03-05'), 'downgrade b 2024-03-05'),
('a floor lifts at once, no further', pg_temp.by_hand('{"upgrade": "period_end"}', 'a', '2024-01-01', NULL, 'c', 'c', '[{"kind": "floor", "tier": "b"}]', '2024-03-05'), 'upgrade b 2024-03-05'),
('exclude goes before pin', pg_temp.by_hand('{}', 'a', '2024-01-01', NULL, '', '', '[{"kind": "pin", "tier": "b"}, {"kind": "exclude"}]', '2024-03-05'), 'exit');
SELECT is_empty('SELECT * FROM hand WHERE got IS DISTINCT FROM want', 'the oracle agrees with cases worked out by hand');

-- Its two readings of a condition.
CREATE FUNCTION pg_temp.readings_differ() RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
    p jsonb;
    tree jsonb;
    m float8[];
    as_sql boolean;
    r record;
BEGIN
    FOR i IN 1..2000 LOOP
        p := pg_temp.make_policy(false);
        CONTINUE WHEN jsonb_array_length(p -> 'tiers') = 1;
        tree := p -> 'tiers' -> 1 -> 'enter';
        SELECT array_agg(CASE WHEN random() < 0.9 THEN pg_temp.measure_value(floor(random() * 30)::numeric, d::int, (p ->> 'unit')::numeric) END)
            INTO m FROM jsonb_array_elements_text(p -> 'directions') d;
        EXECUTE 'SELECT ' || pg_temp.condition_sql(tree, '$1[%s]') INTO as_sql USING m;
        r := pg_temp.missing(tree, ARRAY(SELECT jsonb_array_elements_text(p -> 'names')), m);
        IF as_sql IS DISTINCT FROM r.holds THEN
            RETURN NEXT format('%s %s', tree, m);
        END IF;
    END LOOP;
END $$;
SELECT is_empty('SELECT pg_temp.readings_differ()', 'conditions as SQL and as a tree agree');

-- --- histories ---

SELECT count(pg_temp.make_history(pg_temp.make_policy(random() < 0.8))) AS made FROM generate_series(1, 10600) \gset

CREATE TABLE refused (id int, document text, message text);
CREATE TABLE difference (id int, as_of date, what text, got text, want text);
CREATE TABLE step (transition text, downgrade text, tiers int, form int);

-- Goes along a history on both sides, up to the first day on which they differ.
CREATE FUNCTION pg_temp.replay(h history) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    policy tier_policy;
    f policy_facts := pg_temp.facts(h.policy);
    names text[];
    shuffled text[];
    used text[];
    r record;               -- what holds on a day
    o record;               -- the oracle's result
    n record;               -- next_tier's
    tier int := h.current;
    since date := h.since;
    grace date;
    n_tier text := f.tiers[h.current];
    n_since date := h.since;
    n_grace date;
    as_of date;
    overrides jsonb;
    form int := h.id % 3;
    m jsonb;
BEGIN
    BEGIN
        policy := h.document::tier_policy;
    EXCEPTION WHEN OTHERS THEN
        INSERT INTO refused VALUES (h.id, h.document, SQLERRM);
        RETURN;
    END;
    SELECT array_agg(e ORDER BY i), array_agg(e ORDER BY random()) INTO names, shuffled
    FROM jsonb_array_elements_text(h.policy -> 'names') WITH ORDINALITY u(e, i);
    used := tier_policy_measures(policy);
    FOR r IN EXECUTE format('SELECT i, %s AS enters, %s AS keeps FROM generate_subscripts($1, 1) i',
        pg_temp.rules_sql(h.policy, 'enter', '$1[i][%s]'), pg_temp.rules_sql(h.policy, 'keep', '$1[i][%s]')) USING h.measures
    LOOP
        as_of := h.days[r.i];
        overrides := CASE WHEN r.i < h.switch THEN h.overrides ELSE h.later_overrides END;
        o := pg_temp.decide(f, r.enters, r.keeps, tier, since, grace, overrides, as_of);
        m := (SELECT jsonb_object_agg(names[j], h.measures[r.i][j]) || '{"not used": 1}' FROM generate_subscripts(names, 1) j);
        IF form = 0 THEN
            n := next_tier(policy, n_tier, n_since, m, overrides, as_of, n_grace);
        ELSIF form = 1 THEN
            n := next_tier(policy, n_tier, n_since, ARRAY(SELECT (m ->> e)::float8 FROM unnest(shuffled) WITH ORDINALITY u(e, i) ORDER BY i),
                shuffled, overrides, as_of, n_grace);
        ELSE
            n := next_tier(policy, n_tier, n_since, ARRAY(SELECT (m ->> e)::float8 FROM unnest(used) WITH ORDINALITY u(e, i) ORDER BY i),
                NULL::text[], overrides, as_of, n_grace);
        END IF;
        IF (f.tiers[o.tier], o.transition, o.since, o.grace_since, o.valid_until)
            IS DISTINCT FROM (n.tier, n.transition, n.tier_since, n.in_grace_since, n.valid_until)
        THEN
            INSERT INTO difference VALUES (h.id, as_of, format('from %s since %s grace %s; holds: enter %s keep %s; overrides %s; %s',
                    f.tiers[tier], since, grace, r.enters, r.keeps, overrides, h.document),
                (n.tier, n.transition, n.tier_since, n.in_grace_since, n.valid_until, n.reason)::text,
                (f.tiers[o.tier], o.transition, o.since, o.grace_since, o.valid_until)::text);
            RETURN;
        END IF;
        IF (n.missing_keep IS NULL) IS DISTINCT FROM coalesce(r.keeps[o.tier], true)
            OR (n.missing_next IS NULL) IS DISTINCT FROM coalesce(o.tier = cardinality(f.tiers), true) OR coalesce(n.reason, '') = ''
        THEN
            INSERT INTO difference VALUES (h.id, as_of, format('texts; holds: enter %s keep %s; %s', r.enters, r.keeps, h.document), n::text);
        END IF;
        INSERT INTO step VALUES (o.transition, f.downgrade, cardinality(f.tiers), form);
        tier := o.tier;
        since := o.since;
        grace := o.grace_since;
        n_tier := n.tier;
        n_since := n.tier_since;
        n_grace := n.in_grace_since;
        -- now and then both go on from some other state that can be
        IF random() < 0.06 THEN
            tier := 1 + floor(random() * cardinality(f.tiers))::int;
            since := as_of - floor(random() * random() * 400)::int;
            grace := CASE WHEN random() < 0.5 THEN as_of - floor(random() * (as_of - since + 1))::int END;
            n_tier := f.tiers[tier];
            n_since := since;
            n_grace := grace;
        END IF;
    END LOOP;
EXCEPTION WHEN OTHERS THEN
    INSERT INTO difference VALUES (h.id, as_of, format('from %s since %s grace %s; overrides %s; %s', f.tiers[tier], since, grace, overrides, h.document),
        SQLSTATE || ' ' || SQLERRM);
END $$;

SELECT count(pg_temp.replay(h)) AS replayed FROM history h \gset

SELECT is_empty('SELECT * FROM difference ORDER BY length(what) LIMIT 3',
    format('%s histories, %s days: no difference', :replayed, (SELECT count(*) FROM step)));
SELECT is((SELECT count(*) FROM difference), 0::bigint, 'number of histories that differ');
SELECT cmp_ok((SELECT count(*) FROM history) - (SELECT count(*) FROM refused), '>=', 10000::bigint, 'at least 10,000 histories');
SELECT is_empty($$
    SELECT * FROM refused JOIN history USING (id, document)
    WHERE NOT jsonb_path_exists(policy, 'strict $.** ? (@.op == "=" || @.op == "<>" || @.op == "between")')
        OR message !~ 'can never be entered|can never hold|can be entered and not kept' LIMIT 3$$,
    'refused was what the generator does not know to be in order');
SELECT is((SELECT array_agg(transition || CASE WHEN n < 1000 THEN ' only ' || n ELSE '' END ORDER BY transition)
           FROM (SELECT transition, count(*) AS n FROM step GROUP BY transition) s),
    ARRAY['downgrade', 'enter', 'exit', 'grace', 'keep', 'none', 'renew', 'upgrade'], 'each transition more than a thousand times');
SELECT cmp_ok((SELECT count(*) FROM (SELECT FROM step WHERE transition = 'downgrade' GROUP BY downgrade, tiers > 2, form HAVING count(*) >= 20) s), '>=', 18::bigint,
    'downgrades in each mode, with measures in each form');

SELECT * FROM finish();
ROLLBACK;
