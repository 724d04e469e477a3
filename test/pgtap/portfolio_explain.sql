-- explain_score, explain_tier and customer_profile: their numbers are those of the views and of tier_gap, what they say is
-- missing is enough, and each row has a sentence in both languages.
BEGIN;
CREATE EXTENSION IF NOT EXISTS pgtap;
CREATE EXTENSION IF NOT EXISTS custseg;
SELECT no_plan();

-- --- Sentences ------------------------------------------------------------------

SELECT is_empty($$
	SELECT e.code FROM custseg.sentence AS e
	LEFT JOIN custseg.sentence AS z ON z.language = 'zh' AND z.code = e.code
	WHERE e.language = 'en' AND z.code IS NULL$$,
	'every English sentence is there in Chinese');
SELECT is_empty($$
	SELECT e.code FROM custseg.sentence AS e JOIN custseg.sentence AS z ON z.language = 'zh' AND z.code = e.code
	WHERE e.language = 'en' AND (SELECT array_agg(DISTINCT m[1] ORDER BY m[1]) FROM regexp_matches(e.template, '\{\w+\}', 'g') AS m)
		IS DISTINCT FROM (SELECT array_agg(DISTINCT m[1] ORDER BY m[1]) FROM regexp_matches(z.template, '\{\w+\}', 'g') AS m)$$,
	'with the same places');
SELECT throws_ok($$UPDATE custseg.sentence SET template = 'x' WHERE language = 'en' AND code = 'total'$$, '55000',
	'sentence "total" of language "en" is shipped and cannot be changed', 'a shipped sentence cannot be changed');
SELECT throws_ok($$DELETE FROM custseg.sentence WHERE code = 'total'$$, '55000', NULL, 'nor deleted');
SELECT throws_ok($$TRUNCATE custseg.sentence$$, '55000', NULL, 'nor truncated');
SELECT throws_ok($$INSERT INTO custseg.sentence VALUES ('xx', 'total', 'x', true)$$, '55000', NULL, 'nor added');
SELECT lives_ok($$INSERT INTO custseg.sentence (language, code, template) VALUES ('en_shop', 'total', 'It is {value} {value} {nothing}{')$$,
	'a sentence of one''s own is a row');
SELECT is(custseg._sentence('en_shop', 'total', '{"value": "{value}", "x": 1}'), 'It is {value} {value} {nothing}{',
	'values are put in once, what is no place stays');
SELECT is(custseg._sentence('en_shop', 'priority', '{"value": 3}'), 'The priority is 3.', 'what a language lacks is taken from that before _');
SELECT is(custseg._sentence('fr', 'priority', '{"value": 3}'), 'The priority is 3.', 'and from English');
SELECT is(custseg._measure_label('zh', 'spend'), U&'\6D88\8D39\91D1\989D', 'measures have names');
SELECT is(custseg._measure_label('zh', 'my own'), 'my own', 'their own, where there is no other');

-- In English the words of next_tier come back as they are.
CREATE TEMPORARY TABLE said (condition text, measures jsonb) ON COMMIT DROP;
INSERT INTO said VALUES
	('spend >= 5000 and frequency >= 3', '{"spend": 3750.1, "frequency": 1}'),
	('spend > 5000 or recency < 30', '{"spend": 3750.1, "recency": 30}'),
	('spend = 5 or recency <= 30', '{"spend": 3, "recency": 31}'),
	('any 2 of (spend >= 5, recency <= 3, "a or b, (c) 2 of" >= -4.25)', '{"spend": 3, "recency": 31, "a or b, (c) 2 of": -5}'),
	('spend between 10 and 20 and (recency <> 5 or f >= 5)', '{"spend": 1, "recency": 5, "f": 1}'),
	('spend between 10 and 20', '{"spend": 100}'),
	('spend between 10 and 20', '{"spend": null}'),
	('spend > 10 and f < 3 and m <= 4 and r = 3', '{"spend": null, "f": null, "m": null, "r": null}'),
	('f <> 3 or m >= 4', '{"f": null, "m": null}');
SELECT is_empty($$
	SELECT k.missing, custseg._missing_sentence('en', k.missing) FROM said AS s, custseg._check_rule(s.condition, s.measures, '2024-01-01') AS k
	WHERE k.holds OR k.missing IS NULL OR custseg._missing_sentence('en', k.missing) <> k.missing$$,
	'what is missing, in English, is what next_tier says');
SELECT is_empty($$
	SELECT custseg._missing_sentence('zh', k.missing) FROM said AS s, custseg._check_rule(s.condition, s.measures, '2024-01-01') AS k
	WHERE custseg._missing_sentence('zh', k.missing) ~ 'more|less|least|most|unknown|exactly|\mfrom\M|\{'$$,
	'and in Chinese nothing of it is left');
SELECT is(custseg._missing_sentence('zh', 'spend 1250 more or 2 of (frequency more than 2 less, x unknown, at least 3)'),
	U&'\6D88\8D39\91D1\989D\518D\589E\52A0 1250 \6216 \4EE5\4E0B\4EFB 2 \9879\FF1A(\8D2D\4E70\5929\6570\518D\51CF\5C11\8D85\8FC7 2\FF0Cx\672A\77E5\FF0C\987B\4E0D\4F4E\4E8E 3)',
	'a whole one');

CREATE TEMPORARY TABLE reason (reason text, code text) ON COMMIT DROP;
INSERT INTO reason VALUES
	('excluded from the tiers', NULL), ('excluded: fraud (eve)', NULL),
	('pinned to vip: contract (ann)', 'pinned'), ('pinned to vip (ann)', 'pinned'), ('pinned to gold plus', 'pinned'),
	('not below vip: a; b (ann); renewed', 'floor renewed'), ('not below vip: meets the rule to keep x', 'floor'),
	('meets no entry rule of a higher tier', 'base'), ('meets the entry rule of vip', 'enters'),
	('qualifies for vip; upgrade at 2024-12-31', 'upgrade later'),
	('qualifies for vip; upgrade at 2024-12-31; renewed', 'upgrade later renewed'),
	('qualifies for vip; came here today, and moves once a day', 'upgrade tomorrow'),
	('meets the rule to keep vip', 'keeps'), ('meets the rule to keep vip; renewed', 'renews'),
	('potential is the base tier', 'lowest'), ('potential is the base tier; renewed', 'lowest renewed'),
	('does not meet the rule to keep vip; the policy has no downgrades', 'never'),
	('does not meet the rule to keep vip; no downgrade before 2024-12-31 (minimum stay)', 'stay'),
	('does not meet the rule to keep vip; no downgrade before 2024-12-31 (validity)', 'validity'),
	('does not meet the rule to keep vip; judged at 2024-12-31', 'judged later'),
	('does not meet the rule to keep vip; the last day of grace is 2024-12-31', 'grace'),
	('does not meet the rule to keep vip; came here today, and moves once a day', 'moved today'),
	('does not meet the rule to keep vip; one step down', 'one step'),
	('does not meet the rule to keep vip; down to the tier whose rule is met', 'requalify'),
	('does not meet the rule to keep vip; down to the base tier', 'to base'),
	('does not meet the rule to keep vip; not lower: board (ann)', 'to floor'),
	('no longer in the sources', 'gone'), ('merged into 5', 'merged');
SELECT is_empty($$
	SELECT r.reason, s.* FROM reason AS r LEFT JOIN LATERAL custseg._policy_step(r.reason) AS s ON true
	WHERE r.code IS NOT NULL AND r.code IS DISTINCT FROM s.code$$,
	'every reason has its step');
SELECT is_empty($$
	SELECT r.reason, custseg._reason_sentence('en', r.reason) FROM reason AS r
	WHERE r.code IS NOT NULL AND r.code NOT LIKE 'lowest%' AND custseg._reason_sentence('en', r.reason) <> r.reason$$,
	'and comes back in English as it is');
SELECT is(custseg._reason_sentence('zh', 'quite another reason'), 'quite another reason', 'an unknown one stays');

-- --- A portfolio ------------------------------------------------------------------

SELECT setseed(0.42);
CREATE TABLE public.orders AS
SELECT (1 + power(random(), 2) * 35)::bigint AS customer, date '2023-01-01' + (random() * 540)::int AS day,
	round((random() * 100)::numeric, 2) AS amount, round((random() * 30)::numeric, 2) AS cost
FROM generate_series(1, 700);
SELECT custseg.create_portfolio('shop', 'orders', 'customer', 'day', 'amount', cost => 'cost') IS NOT NULL;
SELECT throws_ok($$SELECT * FROM custseg.explain_tier('shop', 1)$$, '42704', 'portfolio "shop" has no customer "1"', 'nothing to explain before the first run');
SELECT count(*) > 0 FROM custseg.refresh('shop', '2024-02-29');
-- Some buy no more.
DELETE FROM public.orders WHERE customer % 4 = 0 AND day BETWEEN '2023-04-01' AND '2024-02-29';
DELETE FROM public.orders WHERE customer = 33;
SELECT count(*) > 0 FROM custseg.refresh('shop', '2024-06-05');
SELECT custseg.set_resource('shop', 'gifts', 1000, weight_measure => 'spend');
SELECT custseg.set_agent('shop', 'ann', capacity => 10), custseg.set_agent('shop', 'bob', tiers => '{vip}');
SELECT custseg.add_source('shop', 'customers', 'SELECT DISTINCT customer AS customer_id, ''N'' || customer AS name, ''north'' AS region FROM orders') IS NOT NULL;
SELECT custseg.add_source('shop', 'needs', 'SELECT customer AS customer_id, need FROM (VALUES (2::bigint, ''advice''), (2, ''credit'')) AS n (customer, need)') IS NOT NULL;
INSERT INTO shop.override (customer_id, kind, tier, valid_from, valid_until, reason, author) VALUES
	(1, 'pin', 'potential', NULL, '2025-01-01', 'contract', 'ann'),
	(2, 'floor', 'regular', '2024-01-01', NULL, 'board', 'bob'),
	(3, 'exclude', NULL, NULL, '2024-12-01', 'fraud', 'eve'),
	(5, 'pin', 'vip', '2030-01-01', NULL, 'later', 'ann'),
	(4, 'pin', 'a tier of old', NULL, '2024-01-01', 'ended', 'ann');
SELECT count(*) > 0 FROM custseg.refresh('shop', '2024-06-10');

CREATE TEMPORARY TABLE score ON COMMIT DROP AS
SELECT c.customer_id, e.* FROM shop.customer AS c, custseg.explain_score('shop', c.customer_id) AS e;
CREATE TEMPORARY TABLE tier ON COMMIT DROP AS
SELECT c.customer_id, e.* FROM shop.customer AS c, custseg.explain_tier('shop', c.customer_id) AS e;

SELECT cmp_ok((SELECT count(DISTINCT customer_id) FROM tier), '>', 30::bigint, 'customers are there');
SELECT cmp_ok((SELECT count(DISTINCT name) FROM tier WHERE item = 'policy'), '>=', 3::bigint, 'in several states');
SELECT is_empty($$SELECT * FROM score WHERE sentence IS NULL OR sentence = '' OR sentence ~ '[{}]'$$, 'each row of a score has a sentence');
SELECT is_empty($$SELECT * FROM tier WHERE sentence IS NULL OR sentence = '' OR sentence ~ '[{}]'$$, 'each row of a tier has a sentence');
SELECT is_empty($$SELECT customer_id FROM tier GROUP BY 1 HAVING max(step) <> count(*) OR min(step) <> 1
	UNION ALL SELECT customer_id FROM score GROUP BY 1 HAVING max(step) <> count(*) OR min(step) <> 1$$, 'steps count from 1');
SELECT is_empty($$SELECT * FROM (SELECT DISTINCT ON (customer_id) customer_id, item FROM tier ORDER BY customer_id, step DESC) AS l
	WHERE l.item <> 'summary'$$, 'the last is the summary');

-- --- The numbers are those of the views -------------------------------------------

SELECT is_empty($$
	SELECT v.customer_id, v.score, s.sum FROM shop.current_customers AS v
	LEFT JOIN (SELECT customer_id, sum(contribution::float8) FROM score GROUP BY 1) AS s USING (customer_id)
	WHERE v.score IS NOT NULL AND abs(v.score - s.sum) < 1e-12 IS NOT TRUE$$,
	'contributions add up to the score');
SELECT is_empty($$
	SELECT v.customer_id FROM shop.current_customers AS v
	LEFT JOIN score AS s ON s.customer_id = v.customer_id AND s.item = 'score'
	LEFT JOIN score AS p ON p.customer_id = v.customer_id AND p.item = 'priority'
	LEFT JOIN score AS g ON g.customer_id = v.customer_id AND g.item = 'segment'
	WHERE (v.score, v.priority, v.segment) IS DISTINCT FROM (s.value, p.value, g.class)$$,
	'score, priority and segment are those of current_customers');
SELECT is_empty($$
	SELECT s.* FROM score AS s JOIN shop.customer_measures AS m USING (customer_id)
	WHERE s.item = 'component' AND ((m.measures ->> s.measure)::float8, (m.measures ->> (s.measure || '_score'))::float8)
		IS DISTINCT FROM (s.value, s.score)$$,
	'values and scores of components are those of customer_measures');
SELECT is_empty($$
	SELECT * FROM score WHERE item = 'component' AND (custseg.score(value, breaks), class, classes)
		IS DISTINCT FROM (score::int, score::int::text, cardinality(breaks) + 1)$$,
	'and are what the breaks make of the values');
SELECT is_empty($$
	SELECT s.* FROM score AS s JOIN shop.current_customers AS v USING (customer_id)
	WHERE s.item IN ('r', 'f', 'm') AND s.value IS NOT NULL
		AND ARRAY[custseg.score(s.value, s.breaks, s.item = 'r'), s.score::int, s.class::int]
		<> array_fill(CASE s.item WHEN 'r' THEN v.r WHEN 'f' THEN v.f ELSE v.m END::int, ARRAY[3])$$,
	'so are r, f and m');
SELECT is_empty($$
	SELECT t.* FROM tier AS t JOIN shop.customer_measures AS m USING (customer_id)
	WHERE t.item IN ('measure', 'score') AND (m.measures ->> t.name)::numeric IS DISTINCT FROM t.value$$,
	'measures of a tier are those of customer_measures');
SELECT is_empty($$
	SELECT v.customer_id, a.key, a.value::numeric FROM shop.current_customers AS v, jsonb_each_text(v.allocation) AS a
	EXCEPT SELECT customer_id, measure, value::numeric FROM score WHERE item = 'allocation'$$, 'allocations are those of current_customers');
SELECT is_empty($$
	SELECT v.customer_id, v.agent FROM shop.current_customers AS v WHERE v.agent IS NOT NULL
	EXCEPT SELECT customer_id, name FROM tier WHERE item = 'agent'$$, 'and agents');
SELECT is((SELECT count(DISTINCT item) FROM tier WHERE item IN ('agent', 'allocation') AND sentence ~ '^(gifts: [0-9.]+|Served by (ann|bob)) since 2024-06-10\.$'),
	2::bigint, 'in words');
SELECT is_empty($$
	SELECT customer_id, tier FROM shop.current_customers EXCEPT SELECT customer_id, tier FROM tier WHERE item = 'summary'$$,
	'tiers are those of current_customers');
SELECT is_empty($$
	(SELECT t.customer_id, t.rule, t.name, t.value, t.comparison, t.threshold, t.holds, t.missing FROM tier AS t
	WHERE t.item LIKE 'missing%' AND t.name IS NOT NULL)
	EXCEPT SELECT m.customer_id, g.rule, g.measure, g.value, g.comparison, g.threshold, g.holds, g.missing
	FROM shop.customer_measures AS m, shop.tier AS u, custseg.tier_gap(custseg._portfolio_policy('shop'::text), u.tier, m.measures) AS g$$,
	'comparisons are those of tier_gap');
SELECT is_empty($$
	SELECT m.customer_id, g.measure FROM shop.customer_measures AS m JOIN shop.customer AS c USING (customer_id)
	JOIN shop.tier AS t ON t.tier = c.tier
	JOIN shop.tier AS u ON u.position IN (t.position, t.position + 1)
	CROSS JOIN LATERAL custseg.tier_gap(custseg._portfolio_policy('shop'::text), u.tier, m.measures) AS g
	WHERE g.rule = CASE WHEN u.position = t.position THEN 'keep' ELSE 'enter' END
	EXCEPT SELECT customer_id, name FROM tier WHERE item LIKE 'missing%'$$,
	'and all of them');

-- --- Rules -------------------------------------------------------------------------

SELECT is_empty($$
	SELECT t.*, c.missing_keep FROM tier AS t JOIN shop.customer_measures AS m USING (customer_id)
	JOIN shop.customer AS w USING (customer_id)
	CROSS JOIN LATERAL custseg.next_tier(custseg._portfolio_policy('shop'::text), w.tier, w.tier_since, m.measures, NULL, m.as_of, w.grace_since) AS c
	WHERE t.item = 'rule' AND t.rule = 'keep' AND t.holds <> (c.missing_keep IS NULL)$$,
	'whether the rule to keep holds is what next_tier says');
-- What is missing is added to, or taken from, every measure that falls short.
SELECT is_empty($$
	SELECT t.customer_id, t.tier, t.rule FROM tier AS t
	JOIN shop.customer_measures AS m USING (customer_id)
	CROSS JOIN LATERAL (
		SELECT m.measures || coalesce(jsonb_object_agg(g.name, CASE WHEN g.comparison LIKE '>%' THEN g.value + g.missing
			ELSE g.value - g.missing END), '{}') AS measures
		FROM tier AS g
		WHERE g.customer_id = t.customer_id AND g.item = 'missing ' || CASE t.rule WHEN 'keep' THEN 'keep' ELSE 'next' END
			AND g.tier = t.tier AND g.name IS NOT NULL
	) AS better
	CROSS JOIN LATERAL custseg._check_rule(t.name, better.measures, '2024-06-10') AS k
	WHERE t.item = 'rule' AND NOT t.holds AND NOT k.holds
		AND EXISTS (SELECT FROM tier AS g WHERE g.customer_id = t.customer_id AND g.tier = t.tier AND g.rule = t.rule AND g.item LIKE 'missing%')$$,
	'what is missing is enough');
SELECT cmp_ok((SELECT count(*) FROM tier WHERE item = 'rule' AND NOT holds), '>', 10::bigint, 'some rules do not hold');
SELECT is_empty($$
	SELECT * FROM tier AS t WHERE t.item LIKE 'missing%' AND t.name IS NULL
		AND t.holds <> (SELECT r.holds FROM tier AS r WHERE r.customer_id = t.customer_id AND r.item = 'rule' AND r.rule = t.rule AND r.tier = t.tier)$$,
	'the rows in words agree with the rules');

-- What a score takes in its measure: just above the break it is reached, on the break not.
SELECT is_empty($$
	SELECT c.measure, t.t, n.x FROM shop.component AS c
	CROSS JOIN generate_series(2, 5) AS t (t)
	CROSS JOIN LATERAL (SELECT substring(custseg._score_needs('shop', 'en', c.score_name, '>=', t.t) FROM ' above (.*)$')::numeric) AS n (x)
	JOIN shop.model AS m ON m.name = 'score ' || c.measure AND m.as_of = (SELECT max(as_of) FROM shop.model)
	WHERE (custseg.score(n.x, m.breaks) < t.t AND custseg.score(n.x + 0.001, m.breaks) >= t.t) IS NOT TRUE$$,
	'a score takes more than the break below it');
SELECT is(custseg._score_needs('shop', 'en', 'spend_score', '>', 3), custseg._score_needs('shop', 'en', 'spend_score', '>=', 4), 'above 3 is 4');
SELECT is(custseg._score_needs('shop', 'en', 'spend_score', '>=', 6), NULL, 'there is no class 6');
SELECT is(custseg._score_needs('shop', 'en', 'spend', '>=', 3), NULL, 'spend itself is no score');

-- --- States --------------------------------------------------------------------------

SELECT is((SELECT sentence FROM tier WHERE customer_id = 1 AND item = 'policy'), 'pinned to potential: contract (ann)', 'pinned');
SELECT is((SELECT sentence FROM tier WHERE customer_id = 1 AND item = 'override'), 'Pinned to potential until 2025-01-01 by ann: contract', 'by whom and until when');
SELECT matches((SELECT sentence FROM tier WHERE customer_id = 1 AND item = 'summary'), 'This tier has been set for you until 2025-01-01\.', 'the customer is told');
SELECT unalike((SELECT sentence FROM tier WHERE customer_id = 1 AND item = 'summary'), '%ann%', 'but not by whom');
SELECT is((SELECT sentence FROM tier WHERE customer_id = 2 AND item = 'override'), 'Not below regular from 2024-01-01, by bob: board', 'a floor');
SELECT is((SELECT holds FROM tier WHERE customer_id = 5 AND item = 'override'), false, 'an override to come');
SELECT is((SELECT sentence FROM tier WHERE customer_id = 3 AND item = 'summary'), 'The tiers do not apply to you.', 'excluded');
SELECT is((SELECT sentence FROM tier WHERE customer_id = 3 AND item = 'policy'), 'excluded from the tiers: fraud (eve)', 'by the policy');
SELECT is((SELECT sentence FROM tier WHERE customer_id = 33 AND item = 'summary'), 'You are not a customer any more.', 'gone');
SELECT is((SELECT array_agg(name ORDER BY step) FROM tier WHERE customer_id = 33 AND item = 'history'), '{enter,exit}', 'with his history');
SELECT is_empty($$SELECT t.sentence FROM tier AS t JOIN shop.customer AS c USING (customer_id)
	WHERE t.item = 'summary' AND c.grace_since IS NOT NULL AND t.customer_id > 5 AND t.sentence !~ 'Until 2024-0\d-\d\d you keep it nevertheless\.$'$$,
	'who is in grace is told until when');
SELECT cmp_ok((SELECT count(*) FROM shop.customer WHERE grace_since IS NOT NULL), '>', 0::bigint, 'some are in grace');
SELECT is_empty($$SELECT day FROM tier WHERE item = 'policy' AND sentence ~ 'last day of grace' AND day IS DISTINCT FROM substring(sentence FROM '\S+$')::date$$,
	'and the day is in the row');
SELECT is_empty($$SELECT t.sentence FROM tier AS t JOIN shop.customer AS c USING (customer_id)
	WHERE t.item = 'summary' AND c.tier = 'vip' AND t.sentence !~ 'There is no higher tier\.'$$, 'vip is the top');
SELECT is_empty($$SELECT t.sentence FROM tier AS t JOIN shop.customer AS c USING (customer_id)
	WHERE t.item = 'summary' AND c.tier IS NOT NULL AND t.sentence !~ format('^You are in the tier %s since %s\.', c.tier, c.tier_since)$$,
	'every summary says the tier and since when');
SELECT is_empty($$SELECT customer_id, as_of, transition FROM shop.tier_transition EXCEPT SELECT customer_id, day, name FROM tier WHERE item = 'history'$$,
	'the history is complete');

SELECT is_empty($$
	SELECT e.* FROM shop.customer AS c, custseg.explain_tier('shop', c.customer_id, 'zh') AS e
	WHERE c.customer_id <= 12 AND (e.sentence IS NULL OR e.sentence ~ '[{}]'
		OR e.item NOT IN ('segment', 'rule', 'override', 'policy') AND e.sentence ~ '\m(is|the|more|you|missing)\M')$$,
	'in Chinese');
SELECT is((SELECT count(*) FROM custseg.explain_score('shop', 1, 'zh') WHERE sentence ~ U&'\6D88\8D39\91D1\989D'), 2::bigint, 'a score too');
INSERT INTO shop.setting (name, value) VALUES ('language', 'en_shop');
SELECT is((SELECT sentence FROM custseg.explain_score('shop', 1) WHERE item = 'score'),
	(SELECT format('It is %1$s %1$s {nothing}{', custseg._plain_number(score::numeric)) FROM shop.current_customers WHERE customer_id = 1),
	'the setting language chooses');
DELETE FROM shop.setting WHERE name = 'language';
SELECT lives_ok($$SELECT custseg.set_option('shop', 'language', 'zh')$$, 'an option takes a language');
SELECT throws_ok($$SELECT custseg.set_option('shop', 'language', 'fr')$$, '22023', NULL, 'that has sentences');
SELECT custseg.set_option('shop', 'language', 'en');

-- --- Other methods of components --------------------------------------------------------

SELECT custseg.create_portfolio('methods', 'orders', 'customer', 'day', 'amount', cost => 'cost') IS NOT NULL;
SELECT custseg.set_option('methods', 'lifetime', 'none');
DELETE FROM methods.component;
INSERT INTO methods.component (measure, position, weight, method, descending, classes, breaks, shares, score_name) VALUES
	('spend', 1, 2, 'zscore', false, NULL, NULL, NULL, 'spend_z'), ('recency', 2, 1, 'quantile', true, 4, NULL, NULL, 'recency_score'),
	('frequency', 3, 0.5, 'breaks', false, NULL, '{2,5,20}', NULL, 'frequency_score'), ('profit', 4, 3, 'none', false, NULL, NULL, NULL, 'profit_value'),
	('orders', 5, 1, 'abc', false, NULL, NULL, '{0.8,0.95}', 'orders_class'), ('margin', 6, 0, 'percentile', true, NULL, NULL, NULL, 'margin_rank');
UPDATE methods.tier SET enter = 'recency_score >= 3', keep = NULL WHERE tier = 'regular';
UPDATE methods.tier SET enter = 'orders_class <= 1', keep = 'spend_z > 0 or frequency_score >= 3 or orders_class <= 1' WHERE tier = 'vip';
SELECT custseg._make_views('methods');
SELECT count(*) >= 0 FROM custseg.refresh('methods', '2024-06-20');
CREATE TEMPORARY TABLE other ON COMMIT DROP AS
SELECT v.customer_id, v.score AS total, m.measures, e.* FROM methods.current_customers AS v JOIN methods.customer_measures AS m USING (customer_id),
	custseg.explain_score('methods', v.customer_id) AS e WHERE v.customer_id <= 20;
SELECT is_empty($$SELECT customer_id, total, sum(contribution) FROM other GROUP BY 1, 2
	HAVING abs(total - sum(contribution)::float8) < 1e-12 * greatest(1, abs(total)) IS NOT TRUE$$, 'contributions add up with other methods');
SELECT is_empty($$SELECT o.* FROM other AS o JOIN methods.component AS c USING (measure) WHERE o.item = 'component'
	AND o.score IS DISTINCT FROM (o.measures ->> c.score_name)::float8$$, 'scores are those of customer_measures');
SELECT is_empty($$SELECT * FROM other WHERE item = 'component' AND (measure IN ('spend', 'margin')) <> (scale IS NOT NULL)
	OR item = 'component' AND (measure IN ('recency', 'frequency', 'orders')) <> (breaks IS NOT NULL)$$, 'with a scale or breaks');
SELECT is_empty($$SELECT * FROM other WHERE measure = 'spend' AND item = 'component'
	AND abs(score - custseg.scale(value, scale::text::custseg.scale_model, false)) < 1e-12 IS NOT TRUE$$, 'the scale gives the score');
SELECT is_empty($$SELECT * FROM other WHERE sentence IS NULL OR sentence ~ '[{}]'$$, 'and sentences');
SELECT is_empty($$
	SELECT t.t, n.x FROM generate_series(2, 4) AS t (t)
	CROSS JOIN LATERAL (SELECT substring(custseg._score_needs('methods', 'en', 'recency_score', '>=', t.t) FROM ' at most (.*)$')::numeric) AS n (x)
	JOIN methods.model AS m ON m.name = 'score recency'
	WHERE (custseg.score(n.x, m.breaks, true) >= t.t AND custseg.score(n.x + 0.001, m.breaks, true) < t.t) IS NOT TRUE$$,
	'a descending score takes at most a break');
SELECT is_empty($$
	SELECT t.t, n.x FROM generate_series(1, 2) AS t (t)
	CROSS JOIN LATERAL (SELECT substring(custseg._score_needs('methods', 'en', 'orders_class', '<=', t.t) FROM ' above (.*)$')::numeric) AS n (x)
	JOIN methods.model AS m ON m.name = 'score orders'
	WHERE (4 - custseg.score(n.x + 0.001, m.breaks) <= t.t AND 4 - custseg.score(n.x, m.breaks) > t.t) IS NOT TRUE$$,
	'a class of abc takes more than a break');
SELECT is((SELECT count(*) FROM custseg.explain_tier('methods', 4) WHERE sentence IS NULL), 0::bigint, 'a tier by them');
UPDATE methods.component SET weight = 0;
SELECT custseg._make_views('methods');
SELECT is((SELECT array_agg(contribution) FROM custseg.explain_score('methods', 4) WHERE item = 'component'),
	array_fill(NULL::numeric, ARRAY[6]), 'without weights there is no score to explain');
SELECT is((SELECT sentence FROM custseg.explain_score('methods', 4) WHERE item = 'score'), 'The score is unknown.', 'and that is said');
DELETE FROM methods.component;
UPDATE methods.tier SET enter = 'spend >= 100', keep = NULL WHERE tier = 'regular';
UPDATE methods.tier SET enter = 'spend > 1000000', keep = NULL WHERE tier = 'vip';
SELECT custseg._make_views('methods');
SELECT ok((SELECT count(*) > 0 FROM custseg.explain_score('methods', 4)), 'nor without components');
UPDATE methods.tier SET tier = 'renamed' WHERE tier = (SELECT tier FROM methods.customer WHERE customer_id = 4);
SELECT is((SELECT count(*) FROM custseg.explain_tier('methods', 4) WHERE item IN ('rule', 'policy')), 0::bigint, 'a tier that is not declared any more has no rule');
INSERT INTO methods.setting (name, value) VALUES ('segmentation', 'none');
SELECT ok((SELECT sentence FROM custseg.explain_tier('methods', 4) WHERE item = 'segment') IS NOT NULL, 'without segmentation');

-- --- Profile -------------------------------------------------------------------------------

SELECT is(jsonb_build_object('score', p -> 'score', 'tier', p #> '{tier,tier}', 'segment', p #> '{segment,segment}',
		'spend', p #> '{purchases,spend}', 'as_of', p -> 'as_of', 'name', p #> '{identity,name}', 'region', p #> '{identity,region}',
		'gifts', p #> '{allocation,0,amount}', 'agent', p #> '{assignment,0,agent}', 'overrides', jsonb_array_length(p -> 'overrides'),
		'needs', p #> '{needs,1,need}'),
	jsonb_build_object('score', v.score, 'tier', v.tier, 'segment', v.segment, 'spend', v.spend, 'as_of', '2024-06-10',
		'name', 'N2', 'region', 'north', 'gifts', v.allocation -> 'gifts', 'agent', v.agent, 'overrides', 1, 'needs', 'credit'),
	'a profile has what current_customers and the sources have')
FROM shop.current_customers AS v, custseg.customer_profile('shop', v.customer_id) AS p WHERE v.customer_id = 2;
SELECT is(custseg.customer_profile('shop', '33') - '{entered,measures,membership,transitions,segment,tier,score,scores}'::text[],
	'{"customer": 33, "as_of": "2024-06-10", "purchases": null, "identity": null, "merged": [], "overrides": [], "allocation": [], "assignment": [], "needs": []}',
	'that of one who is gone');
SELECT is(jsonb_array_length(custseg.customer_profile('shop', '33') -> 'transitions'), 2, 'has his transitions');
SELECT is(custseg.customer_profile('methods', 2) -> 'identity', 'null', 'without a source of customers there is no identity');

-- --- Other types of customers, and bad input ------------------------------------------------

CREATE TABLE public.by_uuid AS SELECT md5(customer::text)::uuid AS customer, day, amount FROM public.orders;
CREATE TABLE public.by_text AS SELECT 'c ' || customer || ' ''"{value}' AS customer, day, amount FROM public.orders;
SELECT custseg.create_portfolio('by uuid', 'by_uuid', 'customer', 'day', 'amount') IS NOT NULL;
SELECT custseg.set_option('by uuid', 'lifetime', 'none');
SELECT custseg.create_portfolio('by''text', 'by_text', 'customer', 'day', 'amount') IS NOT NULL;
SELECT custseg.set_option('by''text', 'lifetime', 'none');
SELECT count(*) > 0 FROM custseg.refresh('by uuid', '2024-06-10');
SELECT count(*) > 0 FROM custseg.refresh('by''text', '2024-06-10');
SELECT ok(count(*) > 5, 'uuid') FROM custseg.explain_score('by uuid', md5('7')::uuid);
SELECT ok(count(*) > 5, 'uuid as text') FROM custseg.explain_tier('by uuid', upper(md5('7')));
SELECT is(custseg.customer_profile('by uuid', md5('7')::uuid) ->> 'customer', md5('7')::uuid::text, 'a profile by uuid');
SELECT ok(count(*) > 5, 'text') FROM custseg.explain_score('by''text', 'c 7 ''"{value}');
SELECT ok(count(*) > 5, 'text, tier') FROM custseg.explain_tier('by''text', 'c 7 ''"{value}');

SELECT throws_ok($$SELECT * FROM custseg.explain_score('shop', 999)$$, '42704', 'portfolio "shop" has no customer "999"', 'an unknown customer');
SELECT throws_ok($$SELECT * FROM custseg.explain_tier('shop', 'x')$$, '22023', 'argument "customer" is "x", which is not of type bigint', 'no number');
SELECT throws_ok($$SELECT * FROM custseg.explain_tier('shop', '99999999999999999999')$$, '22023', NULL, 'too large a number');
SELECT throws_ok($$SELECT * FROM custseg.explain_tier('shop', NULL::text)$$, '22004', 'argument "customer" must not be null', 'null');
SELECT throws_ok($$SELECT custseg.customer_profile('shop', repeat('x', 10000))$$, '22023', NULL, 'a long one');
SELECT throws_ok($$SELECT * FROM custseg.explain_score('by''text', repeat('x', 10000))$$, '42704',
	'portfolio "by''text" has no customer "' || repeat('x', 100) || '"', 'is cut in the message');
SELECT throws_ok($$SELECT * FROM custseg.explain_score('shop', 1, 'fr')$$, '22023', 'argument "language": there are no sentences in "fr"', 'an unknown language');
SELECT throws_ok($$SELECT * FROM custseg.explain_score('nothing', 1)$$, '42704', NULL, 'an unknown portfolio');

-- --- Rights ------------------------------------------------------------------------------------

CREATE ROLE explain_reader;
CREATE ROLE explain_nobody;
SELECT custseg.grant_portfolios('explain_reader'), custseg.grant_portfolios('explain_nobody');
GRANT USAGE ON SCHEMA shop TO explain_reader, explain_nobody;
GRANT SELECT ON shop.current_customers TO explain_reader;
SET LOCAL ROLE explain_reader;
SELECT ok(count(*) > 5, 'a reader is told') FROM custseg.explain_tier('shop', 4);
SELECT is(custseg.customer_profile('shop', 4) ->> 'customer', '4', 'and shown a profile');
SET LOCAL ROLE explain_nobody;
SELECT throws_ok($$SELECT * FROM custseg.explain_tier('shop', 4)$$, '42501', NULL, 'others are not');
RESET ROLE;

SELECT * FROM finish();
ROLLBACK;
