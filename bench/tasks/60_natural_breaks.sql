-- title: natural_breaks and score, 1M distinct float8, 7 classes / 7 x NTILE, which is no equivalent
-- goal: 3 s
-- SQL has no natural breaks. NTILE over the same column stands beside it as the
-- classes that people make instead; the goal is a time of custseg alone. The
-- column is a hash of the customer's id: uniform, all values distinct. The check:
-- seven classes, each value nearer to the mean of its class than to that of the
-- next (which an optimum must be), and a sum of squares below that of NTILE.

--- custseg
WITH b AS MATERIALIZED (
	SELECT natural_breaks(hashint8extended(customer_id, 0)::float8, 7) AS breaks FROM measures)
SELECT count(*), sum(score)
  FROM (SELECT score(hashint8extended(customer_id, 0)::float8, breaks) FROM measures, b) AS s;

--- peer
SELECT count(*), sum(class)
  FROM (SELECT ntile(7) OVER (ORDER BY hashint8extended(customer_id, 0)::float8) AS class FROM measures) AS s;

--- check
WITH x AS MATERIALIZED (
	SELECT hashint8extended(customer_id, 0)::float8 / 2.0 ^ 62 AS x,
		   ntile(7) OVER (ORDER BY hashint8extended(customer_id, 0)::float8) AS tile
	  FROM measures
), b AS MATERIALIZED (
	SELECT natural_breaks(x, 7) AS breaks FROM x
), classed AS (
	SELECT score(x, breaks) AS class, avg(x) AS mean, min(x) AS low, max(x) AS high, var_pop(x) * count(*) AS squares
	  FROM x, b GROUP BY 1
), tile AS (
	SELECT sum(squares) AS squares FROM (SELECT var_pop(x) * count(*) AS squares FROM x GROUP BY tile) AS t
)
SELECT CASE WHEN (SELECT count(*) FROM classed) <> least(7, (SELECT count(DISTINCT x) FROM x)) THEN 'not seven classes'
			WHEN (SELECT sum(squares) FROM classed) > (SELECT squares FROM tile) THEN 'worse than NTILE'
			WHEN EXISTS (SELECT FROM classed AS n JOIN classed AS m ON m.class = n.class + 1
						  WHERE n.high > (n.mean + m.mean) / 2 * (1 + 1e-9) OR m.low < (n.mean + m.mean) / 2 * (1 - 1e-9))
			THEN 'no optimum' ELSE 'ok' END;
