-- purchase_summary and every accessor against plain SQL, on the orders of include/orders.psql.
\set ON_ERROR_STOP 1
BEGIN;
CREATE EXTENSION IF NOT EXISTS pgtap;
CREATE EXTENSION IF NOT EXISTS custseg;
SET LOCAL search_path = public, custseg;
SET LOCAL max_parallel_workers_per_gather = 0;

SELECT plan(36);
\ir include/orders.psql

-- --- ours ---

CREATE TABLE ours AS
SELECT shape, customer, purchase_summary(day, amount, cost) AS p, purchase_summary(day, amount) AS without_cost
FROM orders GROUP BY shape, customer;

-- --- the oracle ---

CREATE VIEW counted AS
SELECT *, amount < 0 AS is_refund, min(day) FILTER (WHERE amount >= 0) OVER (PARTITION BY customer) AS first_day
FROM orders WHERE day IS NOT NULL AND amount IS NOT NULL;

CREATE TABLE gaps AS
SELECT customer, CASE WHEN count(gap) >= 2 THEN stddev_pop(gap::float8) / avg(gap::float8) END AS variation
FROM (SELECT customer, day - lag(day) OVER (PARTITION BY customer ORDER BY day) AS gap
      FROM (SELECT DISTINCT customer, day FROM counted WHERE NOT is_refund) d) g
GROUP BY customer;

-- amount * 0 keeps the digits that the amount shows, which decide how many a quotient has.
CREATE TABLE oracle AS
SELECT shape, customer,
    count(*) FILTER (WHERE NOT is_refund) AS orders,
    count(DISTINCT day) FILTER (WHERE NOT is_refund) AS days,
    array_agg(DISTINCT day ORDER BY day) FILTER (WHERE NOT is_refund) AS dates,
    min(day) FILTER (WHERE NOT is_refund) AS first,
    max(day) FILTER (WHERE NOT is_refund) AS last,
    sum(amount) AS spend,
    coalesce(-sum(amount) FILTER (WHERE is_refund), 0) AS refunds,
    CASE WHEN count(cost) = count(*) THEN sum(cost) END AS cost,
    sum(CASE WHEN NOT is_refund AND day > first_day THEN amount ELSE amount * 0 END) AS repeat_spend,
    count(DISTINCT (extract(year FROM day), extract(month FROM day))) FILTER (WHERE NOT is_refund) AS months
FROM counted
GROUP BY shape, customer;

-- --- side by side ---

CREATE TABLE compared AS
SELECT o.shape, o.customer, c.what, c.got, c.want
FROM oracle o JOIN ours USING (customer) LEFT JOIN gaps g USING (customer),
LATERAL (SELECT least(o.last, date '5870000-01-01') + (o.customer % 5) * 100 AS as_of) a,
LATERAL (VALUES
    ('orders', orders(p)::text, o.orders::text),
    ('purchase_days', purchase_days(p)::text, o.days::text),
    ('frequency', frequency(p)::text, o.days::text),
    ('purchase_dates', purchase_dates(p)::text, coalesce(o.dates, '{}')::text),
    ('first_purchase', first_purchase(p)::text, o.first::text),
    ('last_purchase', last_purchase(p)::text, o.last::text),
    ('spend', spend(p)::text, o.spend::text),
    ('monetary', monetary(p)::text, o.spend::text),
    ('refunds', trim_scale(refunds(p))::text, trim_scale(o.refunds)::text),
    ('cost', cost(p)::text, o.cost::text),
    ('profit', profit(p)::text, (o.spend - o.cost)::text),
    ('margin', margin(p)::text, (CASE WHEN o.spend > 0 THEN (o.spend - o.cost) / o.spend END)::text),
    ('cost not given', num_nulls(cost(without_cost), profit(without_cost), margin(without_cost))::text, '3'),
    ('spend without cost', spend(without_cost)::text, o.spend::text),
    ('average_order', average_order(p)::text, (o.spend / nullif(o.orders, 0))::text),
    ('days_between', days_between(p)::text, ((o.last - o.first)::float8 / nullif(o.days - 1, 0))::text),
    ('is_repeat', is_repeat(p)::text, (o.days > 1)::text),
    ('repeat_purchases', repeat_purchases(p)::text, nullif(o.days - 1, -1)::text),
    ('repeat_span', repeat_span(p)::text, (o.last - o.first)::text),
    ('repeat_value', repeat_value(p)::text, (o.repeat_spend / CASE WHEN o.days > 1 THEN o.days - 1 END)::text),
    ('active_months', active_months(p)::text, o.months::text),
    ('gap_variation', 'close', CASE
        WHEN gap_variation(p) IS NULL AND g.variation IS NULL THEN 'close'
        WHEN abs(gap_variation(p) - g.variation) <= 1e-12 * (1 + abs(g.variation)) THEN 'close'
        ELSE format('%s, not %s', gap_variation(p), g.variation) END),
    ('recency', CASE WHEN a.as_of >= o.last THEN recency(p, a.as_of)::text END, CASE WHEN a.as_of >= o.last THEN (a.as_of - o.last)::text END),
    ('tenure', CASE WHEN a.as_of >= o.last THEN tenure(p, a.as_of)::text END, CASE WHEN a.as_of >= o.last THEN (a.as_of - o.first)::text END),
    ('age', CASE WHEN a.as_of >= o.last THEN age(p, a.as_of)::text END, CASE WHEN a.as_of >= o.last THEN (a.as_of - o.first)::text END),
    ('annual_spend', CASE WHEN a.as_of >= o.last THEN annual_spend(p, a.as_of)::text END,
        (CASE WHEN a.as_of < o.last THEN NULL WHEN a.as_of - o.first <= 365.25 THEN o.spend
              ELSE o.spend * 365.25 / round((a.as_of - o.first)::numeric, 2) END)::text)
) c(what, got, want);

SELECT is_empty(format('SELECT shape, customer, got, want FROM compared WHERE what = %L AND got IS DISTINCT FROM want LIMIT 5', what),
    what || ' is what plain SQL says')
FROM (SELECT DISTINCT what COLLATE "C" FROM compared) w ORDER BY what;

SELECT is_empty($$SELECT customer FROM ours LEFT JOIN oracle o USING (customer) WHERE (p IS NULL) <> (o.customer IS NULL)$$,
    'who has no row that counts has no summary, all others have one');
SELECT is_empty($$SELECT what FROM compared GROUP BY what HAVING count(want) < 500$$, 'every accessor was compared many times');
SELECT cmp_ok((SELECT count(*) FROM compared WHERE what = 'cost' AND want IS NULL), '>', 10::bigint, 'costs that are not known were among them');

-- --- the first day's amount, which only repeat_value shows, and only with a second day ---
SELECT is_empty($$
    SELECT customer, p, want
    FROM ours JOIN (SELECT customer, sum(CASE WHEN NOT is_refund AND day = first_day THEN amount ELSE amount * 0 END) AS want
                    FROM counted GROUP BY customer) o USING (customer)
    WHERE (p::jsonb ->> 'first_day_spend')::numeric IS DISTINCT FROM want$$, 'first_day_spend is what plain SQL says');

-- --- integer amounts ---
CREATE TABLE whole AS
SELECT i % 40 AS customer, date '2024-01-01' + floor(random() * 30)::int AS day,
    (CASE WHEN i % 10 = 0 THEN -32768 WHEN i % 10 = 1 THEN 32767 ELSE floor(random() * 1000 - 100) END)::int2 AS small,
    (CASE WHEN i % 10 = 0 THEN -2147483648 WHEN i % 10 = 1 THEN 2147483647 ELSE floor(random() * 1e6 - 1e5) END)::int4 AS medium,
    (CASE WHEN i % 20 = 0 THEN -9223372036854775808 WHEN i % 10 = 1 THEN 9223372036854775807
          ELSE floor(random() * 1e12)::int8 END) AS large
FROM generate_series(1, 2000) i;

SELECT is_empty(format($$
    SELECT customer FROM whole GROUP BY customer
    HAVING purchase_summary(day, %1$I)::text IS DISTINCT FROM purchase_summary(day, %1$I::numeric)::text
        OR purchase_summary(day, %1$I, %1$I)::text IS DISTINCT FROM purchase_summary(day, %1$I::numeric, %1$I::numeric)::text
        OR purchase_summary(day, %1$I, nullif(%1$I, 32767))::text
           IS DISTINCT FROM purchase_summary(day, %1$I::numeric, nullif(%1$I, 32767)::numeric)::text
        OR spend(purchase_summary(day, %1$I)) IS DISTINCT FROM sum(%1$I::numeric)$$, type),
    type || ' amounts give what the same numeric amounts give')
FROM unnest(ARRAY['small', 'medium', 'large']) type;

-- --- no rows, and NULL summaries ---
SELECT is((SELECT purchase_summary(day, amount) FROM orders WHERE false)::text, NULL, 'no rows: NULL');
SELECT is(num_nulls(spend(NULL), recency(NULL, '2024-01-01'), purchase_dates(NULL), is_repeat(NULL)), 4, 'accessors of NULL are NULL');
SELECT is((SELECT num_nulls(recency(p, NULL), tenure(p, NULL), annual_spend(p, NULL)) FROM ours LIMIT 1), 3, 'as_of NULL: NULL');

SELECT * FROM finish();
ROLLBACK;
