-- title: allocate / largest remainder by windows, 1M rows, no floors or caps
-- goal: 4
-- A budget in proportion to the spend, to the cent. Cents that are left go to the
-- largest remainders, then to the larger spend, then to the lower id. Comparable
-- are the sum and a hash of all amounts.

--- custseg
SELECT count(*), sum(amount), sum(hashint8(customer_id) % 1000 * amount)
  FROM (SELECT customer_id, allocate(monetary, 250000, key => customer_id) OVER () AS amount FROM measures) AS a;

--- peer
SELECT count(*), sum(amount), sum(hashint8(customer_id) % 1000 * amount)
  FROM (SELECT customer_id,
			   (cents + (row_number() OVER (ORDER BY remainder DESC, monetary DESC, customer_id)
						 <= 25000000 - sum(cents) OVER ())::int) / 100.0 AS amount
		  FROM (SELECT customer_id, monetary, div(25000000 * monetary, total) AS cents, mod(25000000 * monetary, total) AS remainder
				  FROM (SELECT customer_id, monetary, sum(monetary) OVER () AS total FROM measures) AS t) AS s) AS a;

--- peer total in a subquery
WITH t AS MATERIALIZED (SELECT sum(monetary) AS total FROM measures), s AS MATERIALIZED (
	SELECT customer_id, monetary, div(25000000 * monetary, total) AS cents, mod(25000000 * monetary, total) AS remainder
	  FROM measures, t
), r AS MATERIALIZED (SELECT 25000000 - sum(cents) AS units FROM s)
SELECT count(*), sum(amount), sum(hashint8(customer_id) % 1000 * amount)
  FROM (SELECT customer_id,
			   (cents + (row_number() OVER (ORDER BY remainder DESC, monetary DESC, customer_id) <= units)::int) / 100.0 AS amount
		  FROM s, r) AS a;

--- check
SELECT CASE WHEN sum(amount) = 250000 AND count(*) FILTER (WHERE abs(amount - share) >= 0.01) = 0 THEN 'ok' ELSE 'not in proportion' END
  FROM (SELECT allocate(monetary, 250000, key => customer_id) OVER () AS amount, 250000 * monetary / sum(monetary) OVER () AS share
		  FROM measures) AS a;
