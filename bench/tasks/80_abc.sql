-- title: abc_breaks and abc_class / cumulative sum OVER (ORDER BY) and CASE, numeric
-- goal: 4
-- A, B and C at 80 and 95 % of the spend. Comparable is the number of customers:
-- the usual window query divides equal customers where a class ends. The check is
-- that of every class by exact sums before tie groups.

--- custseg
WITH b AS MATERIALIZED (SELECT abc_breaks(monetary, ARRAY[0.8,0.95]) AS breaks FROM measures)
SELECT count(*), ROW(count(*) FILTER (WHERE class = 'A'), count(*) FILTER (WHERE class = 'B'))
  FROM (SELECT abc_class(monetary, (SELECT breaks FROM b)) AS class FROM measures) AS s;

--- peer without regard to ties
SELECT count(*), ROW(count(*) FILTER (WHERE class = 'A'), count(*) FILTER (WHERE class = 'B'))
  FROM (SELECT CASE WHEN (up_to - monetary) / total < 0.8 THEN 'A' WHEN (up_to - monetary) / total < 0.95 THEN 'B' ELSE 'C' END AS class
		  FROM (SELECT monetary, sum(monetary) OVER (ORDER BY monetary DESC) AS up_to, sum(monetary) OVER () AS total
				  FROM measures) AS w) AS s;

--- peer by tie groups
SELECT count(*), ROW(count(*) FILTER (WHERE class = 'A'), count(*) FILTER (WHERE class = 'B'))
  FROM (SELECT CASE WHEN before / total < 0.8 THEN 'A' WHEN before / total < 0.95 THEN 'B' ELSE 'C' END AS class
		  FROM (SELECT sum(monetary) OVER (ORDER BY monetary DESC) - monetary * count(*) OVER (PARTITION BY monetary) AS before,
					   sum(monetary) OVER () AS total
				  FROM measures) AS w) AS s;

--- check
SELECT CASE WHEN count(*) = 0 THEN 'ok' ELSE count(*) || ' values differ' END
  FROM (SELECT monetary, sum(monetary * n) OVER (ORDER BY monetary DESC) - monetary * n AS before, sum(monetary * n) OVER () AS total
		  FROM (SELECT monetary, count(*) AS n FROM measures GROUP BY monetary) AS g) AS w,
	   (SELECT abc_breaks(monetary, ARRAY[0.8,0.95]) AS breaks FROM measures) AS b
 WHERE abc_class(monetary, breaks) <> CASE WHEN before < 0.8 * total THEN 'A' WHEN before < 0.95 * total THEN 'B' ELSE 'C' END;
