-- title: allocate_return, 1M rows of five curves with floors and caps / budget in proportion to a
-- goal: 4 s
-- The goal is an absolute time. A fifth of the rows each has curve log, power, negexp, saturation and hill, half of the
-- last ones S-shaped. The peer is what people do instead, a share in proportion to the size of the return within no
-- floors and caps: it is faster, and returns less. 'by bisection' is an optimum in SQL: 30 passes over the table look for
-- the price, for the four curves that have a closed form, and amounts do not add up to the budget. The check: the sum is
-- the budget, floors and caps hold, the gap to the bound is below 0.01 %, and the return is above that of the peer.
-- The table is made here, outside the measured statement.

--- custseg
CREATE UNLOGGED TABLE IF NOT EXISTS channels AS
SELECT id, (ARRAY['log', 'power', 'negexp', 'saturation', 'hill'])[1 + id % 5] AS curve, (50 + 500 * u)::float8 AS a,
	   (CASE id % 5 WHEN 1 THEN 0.2 + 0.6 * v ELSE 500 + 5000 * v END)::float8 AS b,
	   (CASE WHEN id % 5 = 4 THEN CASE WHEN id % 2 = 0 THEN 0.5 + 0.5 * w ELSE 1 + 2 * w END END)::float8 AS c,
	   floor(u * v * 500)::numeric AS low, 600 + floor(w * 20000)::numeric AS high
  FROM (SELECT id, (hashint8extended(id, 1) & 2147483647) / 2147483648.0 AS u, (hashint8extended(id, 2) & 2147483647) / 2147483648.0 AS v,
			   (hashint8extended(id, 3) & 2147483647) / 2147483648.0 AS w
		  FROM (SELECT customer_id::bigint AS id FROM measures) AS m OFFSET 0) AS s;
SELECT count(*)
  FROM (SELECT allocate_return(curve, a, b, 3000.00 * (SELECT count(*) FROM channels), low, high, id, c => c) OVER () AS x FROM channels) AS s
 WHERE x IS NOT NULL;

--- peer
SELECT count(*)
  FROM (SELECT round((3000.00 * count(*) OVER () * a / sum(a) OVER ())::numeric, 2) AS x FROM channels) AS s
 WHERE x IS NOT NULL;

--- peer by bisection
WITH RECURSIVE p(pass, low_price, high_price) AS (
	SELECT 0, -12.0::float8, 8.0::float8
	UNION ALL
	SELECT pass + 1, CASE WHEN spent > budget THEN middle ELSE low_price END, CASE WHEN spent > budget THEN high_price ELSE middle END
	  FROM (SELECT pass, low_price, high_price, (low_price + high_price) / 2 AS middle FROM p WHERE pass < 30) AS q,
		   LATERAL (SELECT 3000.00 * count(*) AS budget,
						   sum(greatest(low::float8, least(high::float8, CASE curve
							   WHEN 'log' THEN a / exp(middle) - b
							   WHEN 'power' THEN (a * b / exp(middle)) ^ (1 / (1 - b))
							   WHEN 'negexp' THEN b * (ln(a / b) - middle)
							   ELSE sqrt(a * b / exp(middle)) - b END))) AS spent FROM channels) AS s)
SELECT (SELECT count(*)
		  FROM (SELECT round(greatest(low, least(high, CASE curve
						   WHEN 'log' THEN a / exp(price) - b
						   WHEN 'power' THEN (a * b / exp(price)) ^ (1 / (1 - b))
						   WHEN 'negexp' THEN b * (ln(a / b) - price)
						   ELSE sqrt(a * b / exp(price)) - b END::numeric)), 2) AS x FROM channels) AS s WHERE x IS NOT NULL)
  FROM (SELECT high_price AS price FROM p WHERE pass = 30) AS f;

--- check
WITH r AS MATERIALIZED (
	SELECT *, allocate_return(curve, a, b, 3000.00 * (SELECT count(*) FROM channels), low, high, id, c => c) OVER () AS x,
		   allocate_return_bound(curve, a, b, 3000.00 * (SELECT count(*) FROM channels), low, high, id, c => c) OVER () AS bound,
		   3000.0 * count(*) OVER () * a / sum(a) OVER () AS share
	  FROM channels
)
SELECT CASE WHEN sum(x) <> 3000.00 * count(*) THEN 'the sum is not the budget'
			WHEN bool_or(x < low OR x > high) THEN 'a floor or a cap is broken'
			WHEN sum(return_at(curve, a, b, x, c)) < max(bound) * 0.9999 THEN 'a gap of 0.01 % or more'
			WHEN sum(return_at(curve, a, b, x, c)) < sum(return_at(curve, a, b, least(greatest(share, low), high), c)) THEN 'worse than in proportion'
			ELSE 'ok' END FROM r;
