-- title: waterfall with a base / cumulative sum, 1M rows
-- goal: -
-- Hours by priority: the larger customers first, half an hour for everybody. No
-- two customers share a priority here, so plain SQL can do it with a running sum.

--- custseg
SELECT count(*), sum(amount), sum(hashint8(customer_id) % 1000 * amount)
  FROM (SELECT customer_id, waterfall(1 + frequency % 20, budget, 0.5) OVER (ORDER BY monetary DESC, customer_id) AS amount
		  FROM measures, (SELECT 3 * count(*) AS budget FROM measures) AS b) AS a;

--- peer
SELECT count(*), sum(amount), sum(hashint8(customer_id) % 1000 * amount)
  FROM (SELECT customer_id, base + least(greatest(budget - bases - (up_to - more), 0), more) AS amount
		  FROM (SELECT customer_id, budget, base, more, sum(base) OVER () AS bases,
					   sum(more) OVER (ORDER BY monetary DESC, customer_id) AS up_to
				  FROM (SELECT customer_id, monetary, 0.50 AS base, frequency % 20 + 0.50 AS more, budget
						  FROM measures, (SELECT 3 * count(*) AS budget FROM measures) AS b) AS r) AS w) AS a;

--- check
SELECT CASE WHEN sum(amount) = 3 * count(*) AND min(amount) >= 0.5 THEN 'ok' ELSE 'not the budget' END
  FROM (SELECT waterfall(1 + frequency % 20, budget, 0.5) OVER (ORDER BY monetary DESC, customer_id) AS amount
		  FROM measures, (SELECT 3 * count(*) AS budget FROM measures) AS b) AS a;
