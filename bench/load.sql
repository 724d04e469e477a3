-- The tables of the benchmark. psql variables: orders_n, customers_n,
-- shuffled (true or false).
--
-- All numbers come from the row number by arithmetic modulo the prime
-- 2^31 - 1, squared twice, so every machine makes the same rows. OFFSET 0 keeps
-- the planner from merging the levels and evaluating each square many times.
--
--   customers  Each has one order, and four of ten have no other. The rest of
--              the orders fall by a sixth-power curve on the other six: a few
--              customers have several hundred times the mean. Ids are scattered.
--   rows       Customers come in no order. Days rise, as in an order table that
--              grows, except that orders are up to two days late; with shuffled,
--              days come in no order either, the worst case for a summary.
--   days       2023-01-01 to 2025-12-31.
--   amounts    0.99 to about 2,500, most of them small; no refunds, since GROUP
--              BY with max, count and sum would need a FILTER for them.
--
-- The columns are laid out as in an order table of a shop. Unlogged, because
-- nothing here needs to survive a crash; reading does not differ.

CREATE UNLOGGED TABLE orders (
	order_id bigint NOT NULL,
	customer_id bigint NOT NULL,
	day date NOT NULL,
	amount numeric(12,2) NOT NULL
);

INSERT INTO orders
SELECT i,
	   100000 + (customer * 7368787) % :customers_n,
	   DATE '2023-01-01' + CASE WHEN :shuffled THEN b % 1096
								ELSE greatest((i * 1096) / (:orders_n + 1) - b % 3, 0) END::int,
	   -- cube of a uniform number, by a price level of the customer
	   (99 + ((((c * c) >> 31) * c) >> 31) * (20000 + (customer * 104729) % 230000) / 2147483647) / 100.0
  FROM (SELECT i, b, c,
			   CASE WHEN i % (:orders_n / :customers_n) = 0 AND i / (:orders_n / :customers_n) <= :customers_n
					THEN i / (:orders_n / :customers_n) - 1
					-- (v^6 - 1/4^6) / (1 - 1/4^6) of the way, with 31 binary digits
					ELSE ((((v3 * v3) >> 31) - 524288) * (:customers_n * 6 / 10)) / (2147483648 - 524288)
			   END AS customer
		  FROM (SELECT i, b, c, (((v * v) >> 31) * v) >> 31 AS v3
				  -- v: uniform from 1/4 to 1
				  FROM (SELECT i, 536870912 + ((3 * ((a * a + i) % 2147483647)) >> 2) AS v,
							   (b * b + i) % 2147483647 AS b,
							   (c * c + i) % 2147483647 AS c
						  FROM (SELECT i,
									   (a * a + 11 * i) % 2147483647 AS a,
									   (b * b + 13 * i) % 2147483647 AS b,
									   (c * c + 17 * i) % 2147483647 AS c
								  FROM (SELECT i,
											   (i * 48271 + 7) % 2147483647 AS a,
											   (i * 69621 + 1009) % 2147483647 AS b,
											   (i * 16807 + 500009) % 2147483647 AS c
										  FROM generate_series(1, :orders_n::bigint) AS i
										OFFSET 0) AS linear
								OFFSET 0) AS once
						OFFSET 0) AS twice
				OFFSET 0) AS powers
		OFFSET 0) AS drawn;

-- The planner's estimate from a sample would be too low; the exact number gives
-- GROUP BY its best plan.
ALTER TABLE orders ALTER COLUMN customer_id SET (n_distinct = :customers_n);
VACUUM ANALYZE orders;

-- One row per customer with the three measures, as a nightly job would keep it.
SET work_mem = '256MB';
CREATE UNLOGGED TABLE measures AS
SELECT customer_id, DATE '2025-12-31' - max(day) AS recency,
	   count(*) AS frequency, sum(amount)::numeric(14,2) AS monetary
  FROM orders GROUP BY customer_id ORDER BY customer_id;
VACUUM ANALYZE measures;

-- One row per customer with the three scores.
CREATE UNLOGGED TABLE scores AS
SELECT customer_id,
	   (6 - ntile(5) OVER (ORDER BY recency, customer_id))::smallint AS r,
	   ntile(5) OVER (ORDER BY frequency, customer_id)::smallint AS f,
	   ntile(5) OVER (ORDER BY monetary, customer_id)::smallint AS m
  FROM measures ORDER BY customer_id;
VACUUM ANALYZE scores;

-- One row per customer with the measures, the tier and its first day, as a run
-- keeps them: the tier is that of up to 30 % more or less money, some time ago.
CREATE UNLOGGED TABLE memberships AS
SELECT customer_id, recency, frequency, monetary,
	   CASE WHEN then_monetary >= 10000 AND frequency >= 18 THEN 'vip'
			WHEN then_monetary >= 1000 AND frequency >= 4 THEN 'regular' ELSE 'potential' END AS tier,
	   DATE '2025-12-31' - (customer_id * 7919 % 700)::int AS since
  FROM (SELECT *, monetary * (70 + customer_id * 31 % 61) / 100 AS then_monetary FROM measures) AS m
 ORDER BY customer_id;
VACUUM ANALYZE memberships;
RESET work_mem;
CHECKPOINT;
