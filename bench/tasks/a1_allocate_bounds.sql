-- title: allocate with floors and caps / largest remainder without them
-- goal: -
-- The same with a floor and a cap in every row, which plain SQL has no short form
-- for; the peer is that of the pair before. The check: the sum, the bounds, and one
-- lambda for all rows that stand at neither.

--- custseg
SELECT count(*), sum(amount)
  FROM (SELECT allocate(monetary, 250000, 0.05 * (1 + customer_id % 4), 2 * (1 + customer_id % 3), key => customer_id) OVER () AS amount
		  FROM measures) AS a;

--- peer
SELECT count(*), sum(amount)
  FROM (SELECT (cents + (row_number() OVER (ORDER BY remainder DESC, monetary DESC, customer_id)
						 <= 25000000 - sum(cents) OVER ())::int) / 100.0 AS amount
		  FROM (SELECT customer_id, monetary, div(25000000 * monetary, total) AS cents, mod(25000000 * monetary, total) AS remainder
				  FROM (SELECT customer_id, monetary, sum(monetary) OVER () AS total FROM measures) AS t) AS s) AS a;

--- check
SELECT CASE WHEN sum(amount) <> 250000 THEN 'not the budget'
			WHEN count(*) FILTER (WHERE amount NOT BETWEEN floor AND cap) > 0 THEN 'out of bounds'
			-- what a free row could have at most and at least for its weight
			WHEN max((amount - 0.01) / monetary) FILTER (WHERE amount > floor)
				 >= min((amount + 0.01) / monetary) FILTER (WHERE amount < cap) THEN 'no common lambda'
			ELSE 'ok' END
  FROM (SELECT monetary, floor, cap, allocate(monetary, 250000, floor, cap, key => customer_id) OVER () AS amount
		  FROM (SELECT *, 0.05 * (1 + customer_id % 4) AS floor, 2 * (1 + customer_id % 3) AS cap FROM measures) AS m) AS a;
