--
-- Purchase summaries: what they are for, on a small shop.
--
CREATE EXTENSION custseg;
SET search_path = public, custseg;

CREATE TABLE orders (customer text, day date, amount numeric(10,2), cost numeric(10,2));
INSERT INTO orders VALUES
	('anna', '2024-01-05', 40.00, 25.00),
	('anna', '2024-01-17', 60.50, 31.00),
	('anna', '2024-01-17', 20.00, 12.00),    -- a second order on the same day
	('anna', '2024-02-20', -20.00, -12.00),  -- and given back
	('bert', '2024-03-01', 9.99, NULL),      -- nobody knows what it cost
	('carl', '2024-02-02', 0.00, 3.00),      -- a sample, free of charge
	('dora', '2024-02-03', -5.00, 0.00),     -- the purchase was before our time
	('emil', NULL, 7.00, 1.00),
	('emil', '2024-02-03', NULL, 1.00);

-- Summarise: one value per customer. Rows without day or amount are skipped.
CREATE TABLE customer AS
SELECT customer, purchase_summary(day, amount, cost) AS p FROM orders GROUP BY customer;
SELECT customer, p FROM customer ORDER BY customer;

-- Read it.
SELECT customer, first_purchase(p), last_purchase(p), orders(p), purchase_days(p), spend(p), refunds(p) FROM customer ORDER BY customer;
SELECT customer, cost(p), profit(p), round(margin(p), 4) AS margin, round(average_order(p), 4) AS average_order FROM customer ORDER BY customer;
SELECT customer, recency(p, '2024-03-31'), frequency(p), monetary(p), tenure(p, '2024-03-31'), is_repeat(p) FROM customer ORDER BY customer;
SELECT customer, days_between(p), gap_variation(p), active_months(p), purchase_dates(p) FROM customer ORDER BY customer;
SELECT customer, repeat_purchases(p), repeat_span(p), age(p, '2024-03-31'), repeat_value(p), annual_spend(p, '2025-03-31') FROM customer ORDER BY customer;

-- The summaries of months, or of all customers, add up.
SELECT rollup(p) FROM (
	SELECT purchase_summary(day, amount) AS p FROM orders WHERE customer = 'anna' GROUP BY date_trunc('month', day)) AS month;
SELECT orders(p), purchase_days(p), spend(p) FROM (SELECT rollup(p) AS p FROM customer) AS everybody;

-- A summary is an ordinary value: it can be stored, sorted, compared and taken apart.
SELECT customer FROM customer WHERE p IS NOT NULL ORDER BY p;
SELECT jsonb_pretty(p::jsonb) FROM customer WHERE customer = 'anna';
SELECT purchase_summary('2024-01-01', 1.0) = purchase_summary('2024-01-01', 1.00) AS equal;
SELECT customer, pg_column_size(p) AS bytes FROM customer WHERE customer = 'anna';

-- From the text of a query, for large tables.
SELECT customer_id, purchases FROM customer_purchases('SELECT customer, day, amount, cost FROM orders') ORDER BY 1;

-- The key in its own type, the days of a time zone.
SELECT customer_id + 1 AS next, purchase_dates(purchases)
FROM customer_purchases(NULL::bigint, $$SELECT 7, timestamptz '2024-01-01 23:30:00+00', 10$$, time_zone => 'Europe/Berlin');

-- Lines of an order are netted first.
SELECT customer_id, orders(purchases), spend(purchases), refunds(purchases) FROM customer_purchases($$
	VALUES ('anna', date '2024-01-01', 50, NULL::int, 1),
	       ('anna', '2024-01-01', -5, NULL, 1),       -- a discount
	       ('anna', '2024-01-09', 30, NULL, 2),
	       ('anna', '2024-01-12', -30, NULL, 2),      -- all of it came back
	       ('anna', '2024-01-20', -4, NULL, NULL)     -- a line without order
$$);

-- Errors say what to do.
SELECT recency(p, '2024-01-10') FROM customer WHERE customer = 'anna';
SELECT purchase_summary('2024-01-01', 'NaN'::numeric);
SELECT '{"orders": 1}'::purchases;
SELECT * FROM customer_purchases('SELECT customer, day, amoun FROM orders');
SELECT * FROM customer_purchases('SELECT customer, amount, day FROM orders');
SELECT * FROM customer_purchases('SELECT customer FROM orders');
SELECT * FROM customer_purchases('SELECT 1, now(), 1');
SELECT * FROM customer_purchases(NULL::text, 'SELECT customer, day, amount FROM orders');

DROP TABLE customer, orders;
DROP EXTENSION custseg;
DROP SCHEMA custseg;
RESET search_path;
