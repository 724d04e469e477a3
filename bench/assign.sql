-- The tables of one instance of assign. psql variables: customers_n, agents_n
-- (a multiple of 10, at least 50).
--
-- Numbers come from the row number by arithmetic modulo the prime 2^31 - 1, as in
-- load.sql, so every machine makes the same rows.
--
--   assign_edges   5 to 20 eligible agents for each customer, in steps that share
--                  no divisor with the number of agents, so that none comes twice.
--                  What an agent makes of a customer: the customer's worth, cubed
--                  so that few are worth much, by a fit of 20 % to 100 %.
--   assign_agents  Capacities of 1 to 3, scaled to 4 % more than the customers.
--
-- Rows are in the order of the customers, whose ids are scattered.

DROP TABLE IF EXISTS assign_edges, assign_agents;

CREATE UNLOGGED TABLE assign_agents AS
SELECT agent, (weight * 1.04 * :customers_n / sum(weight) OVER ())::int + 1 AS capacity
  FROM (SELECT agent, 1000 + (agent * 48271 + 7) % 2003 AS weight
		  FROM generate_series(0, :agents_n::bigint - 1) AS agent) AS w;
VACUUM ANALYZE assign_agents;

CREATE UNLOGGED TABLE assign_edges AS
SELECT 100000 + (i * 7368787) % 2147483647 AS customer_id,
	   ((a + k * step) % :agents_n)::int AS agent,
	   round((1 + worth) * (20 + ((a * 31 + k * 69621 + b) % 2147483647 * (k + 11)) % 81) / 100.0, 2)::numeric(12,2) AS value
  FROM (SELECT i, a, b, 5 + c % 16 AS n,
			   b % (:agents_n / 10) * 10 + (ARRAY[1, 3, 7, 9])[1 + a % 4] AS step,
			   (((c * c) >> 31) * c >> 31) * 5000 / 2147483647 AS worth
		  FROM (SELECT i, (a * a + i) % 2147483647 AS a, (b * b + i) % 2147483647 AS b, (c * c + i) % 2147483647 AS c
				  FROM (SELECT i, (i * 48271 + 7) % 2147483647 AS a, (i * 69621 + 1009) % 2147483647 AS b,
							   (i * 16807 + 500009) % 2147483647 AS c
						  FROM generate_series(1, :customers_n::bigint) AS i
						OFFSET 0) AS linear
				OFFSET 0) AS squared
		OFFSET 0) AS customer,
	   generate_series(1, n) AS k;
VACUUM ANALYZE assign_edges;
CHECKPOINT;
