-- title: choose_offer, 1M customers x 5 offers / greedy
-- goal: -
-- As a5_choose_offer, with ten times the customers and no goal.
-- The tables are made here, outside the measured statement. Costs are in cents, the value of an offer is the chance of a
-- response times the margin.

--- custseg
CREATE UNLOGGED TABLE IF NOT EXISTS offers_million AS
SELECT customer, offer, cost, (chance * chance * margin)::float8 AS value
  FROM (SELECT customer, offer, ((100 + (hashint8extended(customer * 5 + offer, 1) & 2147483647) % 2400) / 100.0)::numeric(10,2) AS cost,
			   (hashint8extended(customer * 5 + offer, 2) & 2147483647) / 2147483648.0 AS chance,
			   20 + (hashint8extended(customer, 3) & 2147483647) % 180 AS margin
		  FROM generate_series(1::bigint, 1000000) AS customer, generate_series(1, 5) AS offer OFFSET 0) AS s
 ORDER BY hashint8extended(customer * 5 + offer, 4);
SELECT count(*), sum(cost) FILTER (WHERE chosen), sum(value) FILTER (WHERE chosen)::numeric(20,2)
  FROM (SELECT cost, value, choose_offer(customer, offer, cost, value, 5000000) OVER () AS chosen FROM offers_million) AS c;

--- peer greedy
SELECT sum(n), sum(cost) FILTER (WHERE spent <= 5000000), sum(value) FILTER (WHERE spent <= 5000000)::numeric(20,2)
  FROM (SELECT n, cost, value, sum(cost) OVER (ORDER BY value / cost DESC, customer) AS spent
		  FROM (SELECT DISTINCT ON (customer) customer, cost, value, count(*) OVER (PARTITION BY customer) AS n
				  FROM offers_million ORDER BY customer, value / cost DESC, offer) AS best) AS s;

--- check
WITH c AS MATERIALIZED (
	SELECT customer, cost, value, choose_offer(customer, offer, cost, value, 5000000) OVER () AS chosen FROM offers_million
), t AS (
	SELECT sum(cost) AS cost, sum(value) AS value, count(*) AS n, count(DISTINCT customer) AS customers FROM c WHERE chosen
), g AS (
	SELECT sum(value) FILTER (WHERE spent <= 5000000) AS value
	  FROM (SELECT value, sum(cost) OVER (ORDER BY value / cost DESC, customer) AS spent
			  FROM (SELECT DISTINCT ON (customer) customer, cost, value FROM offers_million ORDER BY customer, value / cost DESC, offer) AS best) AS s
), b AS (
	SELECT choose_offer_bound(customer, offer, cost, value, 5000000) OVER () AS bound FROM offers_million LIMIT 1
)
SELECT CASE WHEN t.cost > 5000000 THEN 'the budget is overspent'
			WHEN n > customers THEN 'a customer has two offers'
			WHEN t.value < g.value THEN 'greedy is better'
			WHEN t.value > bound * (1 + 1e-12) THEN 'above the bound'
			WHEN t.value < bound * (1 - 1e-6) THEN 'too far below the bound: ' || 1 - t.value / bound
			ELSE 'ok' END FROM t, g, b;
