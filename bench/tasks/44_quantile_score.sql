-- title: quantile_score OVER () / NTILE OVER (ORDER BY), ties by customer_id
-- goal: -
-- One measure, numeric. The check is that of quantile_breaks: the score is the
-- lowest tile among equal values.

--- custseg
SELECT count(*), sum(score)
  FROM (SELECT quantile_score(monetary, 5) OVER () AS score FROM measures) AS s;

--- peer ties by customer_id
SELECT count(*), sum(score)
  FROM (SELECT ntile(5) OVER (ORDER BY monetary, customer_id) AS score FROM measures) AS s;

--- peer ties at random
SELECT count(*), sum(score)
  FROM (SELECT ntile(5) OVER (ORDER BY monetary) AS score FROM measures) AS s;

--- check
SELECT CASE WHEN count(*) = 0 THEN 'ok' ELSE count(*) || ' values differ' END
  FROM (SELECT low, high, dense_rank() OVER (ORDER BY tile) AS class
		  FROM (SELECT min(score) AS low, max(score) AS high, min(tile) AS tile
				  FROM (SELECT monetary, ntile(5) OVER (ORDER BY monetary) AS tile,
							   quantile_score(monetary, 5) OVER () AS score
						  FROM measures) AS s
				 GROUP BY monetary) AS v) AS c
 WHERE low <> class OR high <> class;
