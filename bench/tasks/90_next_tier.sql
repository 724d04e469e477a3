-- title: next_tier / CASE with the same thresholds
-- goal: 0.5
-- Customers and spend by tier, as a report or a what-if asks for them.
-- Three tiers with hysteresis, a minimum stay of six months, one step down. The
-- CASE gives the tier and nothing else; next_tier also gives the transition, its
-- reason, what is missing for the next tier and to keep this one, and since when.
-- OFFSET 0 keeps the planner from evaluating either of them once per use.

--- custseg
SELECT array_agg(t)
  FROM (SELECT tier, count(*) AS customers, sum(monetary) AS spend
		  FROM (SELECT monetary, (next_tier('{"tiers": [{"tier": "potential"},
			{"tier": "regular", "enter": "monetary >= 1000 and frequency >= 4", "keep": "monetary >= 800"},
			{"tier": "vip", "enter": "monetary >= 10000 and frequency >= 20", "keep": "monetary >= 8000 and frequency >= 15"}],
			"stay": "6 months"}', tier, since, ARRAY[monetary, frequency], NULL, NULL, '2025-12-31')).tier
				  FROM memberships OFFSET 0) AS m
		 GROUP BY tier ORDER BY tier) AS t;

--- custseg all columns
SELECT array_agg(t)
  FROM (SELECT (n).tier, count((n).tier_since) AS customers, sum(monetary) AS spend
		  FROM (SELECT monetary, next_tier('{"tiers": [{"tier": "potential"},
				{"tier": "regular", "enter": "monetary >= 1000 and frequency >= 4", "keep": "monetary >= 800"},
				{"tier": "vip", "enter": "monetary >= 10000 and frequency >= 20", "keep": "monetary >= 8000 and frequency >= 15"}],
				"stay": "6 months"}', tier, since, ARRAY[monetary, frequency], NULL, NULL, '2025-12-31') AS n
				  FROM memberships OFFSET 0) AS m
		 GROUP BY 1 ORDER BY 1) AS t;

--- peer CASE
SELECT array_agg(t)
  FROM (SELECT tier, count(*) AS customers, sum(monetary) AS spend
		  FROM (SELECT monetary,
					   CASE WHEN monetary >= 10000 AND frequency >= 20 THEN 'vip'
							WHEN tier = 'vip' AND (monetary >= 8000 AND frequency >= 15
								OR since + interval '6 months' > DATE '2025-12-31') THEN 'vip'
							WHEN tier = 'vip' THEN 'regular'
							WHEN monetary >= 1000 AND frequency >= 4 THEN 'regular'
							WHEN tier = 'regular' AND (monetary >= 800
								OR since + interval '6 months' > DATE '2025-12-31') THEN 'regular'
							ELSE 'potential' END AS tier
				  FROM memberships OFFSET 0) AS m
		 GROUP BY tier ORDER BY tier) AS t;

--- check
SELECT CASE WHEN count(*) = 0 THEN 'ok' ELSE count(*) || ' customers differ' END
  FROM memberships AS m
 CROSS JOIN LATERAL next_tier('{"tiers": [{"tier": "potential"},
		{"tier": "regular", "enter": "monetary >= 1000 and frequency >= 4", "keep": "monetary >= 800"},
		{"tier": "vip", "enter": "monetary >= 10000 and frequency >= 20", "keep": "monetary >= 8000 and frequency >= 15"}],
		"stay": "6 months"}', tier, since, ARRAY[monetary, frequency], NULL, NULL, '2025-12-31') AS n
 WHERE n.tier IS DISTINCT FROM
	   CASE WHEN monetary >= 10000 AND frequency >= 20 THEN 'vip'
			WHEN m.tier = 'vip' AND (monetary >= 8000 AND frequency >= 15
				OR since + interval '6 months' > DATE '2025-12-31') THEN 'vip'
			WHEN m.tier = 'vip' THEN 'regular'
			WHEN monetary >= 1000 AND frequency >= 4 THEN 'regular'
			WHEN m.tier = 'regular' AND (monetary >= 800
				OR since + interval '6 months' > DATE '2025-12-31') THEN 'regular'
			ELSE 'potential' END;
