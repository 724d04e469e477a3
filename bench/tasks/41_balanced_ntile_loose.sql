-- title: balanced_breaks and score, 3 measures / 3 x NTILE, ties at random
-- goal: -
-- The same against an NTILE that leaves ties to chance, which is cheaper to sort.
-- Its scores change from run to run, so the goal is that of the pair before.

--- custseg
WITH b AS MATERIALIZED (
	SELECT balanced_breaks(recency, 5) AS r, balanced_breaks(frequency, 5) AS f,
		   balanced_breaks(monetary, 5) AS m
	  FROM measures)
SELECT count(*), ROW(sum(r), sum(f), sum(m))
  FROM (SELECT score(recency, b.r, true) AS r, score(frequency, b.f) AS f, score(monetary, b.m) AS m
		  FROM measures, b) AS s;

--- peer ties at random
SELECT count(*), ROW(sum(r), sum(f), sum(m))
  FROM (SELECT ntile(5) OVER (ORDER BY recency DESC) AS r,
			   ntile(5) OVER (ORDER BY frequency) AS f,
			   ntile(5) OVER (ORDER BY monetary) AS m
		  FROM measures) AS s;

