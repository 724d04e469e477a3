-- title: apportion, 435 seats over 50 rows, 10,000 partitions, huntington_hill, minimum 1 / hamilton by row_number(), which is another method
-- goal: 1 s
-- Nobody writes a divisor method in plain SQL; the peer is what people do write, the
-- method of largest remainders, without bounds. The goal is a time of custseg alone.
-- Weights are hashes, 0.1 to 10 million. The comparable part is the number of rows
-- and of seats, the same by both methods. The check: every partition has its seats,
-- minimums hold, no row claims more by w^2 / (a (a + 1)) than another has last
-- got, and hamilton gives the same as the peer.

--- custseg
WITH w AS (
	SELECT p, s, (100000 + (hashint8extended(p * 64 + s, 0) & 8388607))::numeric AS w
	  FROM generate_series(1::bigint, 10000) AS p, generate_series(1::bigint, 50) AS s)
SELECT count(*) || ' ' || sum(seats), sum(seats * s)
  FROM (SELECT s, apportion(w, 435, 'huntington_hill', 1, key => s) OVER (PARTITION BY p) AS seats FROM w) AS a;

--- peer
WITH w AS (
	SELECT p, s, (100000 + (hashint8extended(p * 64 + s, 0) & 8388607))::numeric AS w
	  FROM generate_series(1::bigint, 10000) AS p, generate_series(1::bigint, 50) AS s),
quota AS (
	SELECT p, s, w, div(435 * w, total) AS whole, mod(435 * w, total) AS rest
	  FROM (SELECT *, sum(w) OVER (PARTITION BY p) AS total FROM w) AS t)
SELECT count(*) || ' ' || sum(seats), sum(seats * s)
  FROM (SELECT s, whole + (row_number() OVER (PARTITION BY p ORDER BY rest DESC, w DESC, s)
						   <= 435 - sum(whole) OVER (PARTITION BY p))::int AS seats FROM quota) AS a;

--- check
WITH w AS (
	SELECT p, s, (100000 + (hashint8extended(p * 64 + s, 0) & 8388607))::numeric AS w
	  FROM generate_series(1::bigint, 300) AS p, generate_series(1::bigint, 50) AS s),
a AS MATERIALIZED (
	SELECT *, apportion(w, 435, 'huntington_hill', 1, key => s) OVER (PARTITION BY p) AS seats,
		   apportion(w, 435, 'hamilton', key => s) OVER (PARTITION BY p) AS hamilton
	  FROM w),
quota AS (
	SELECT *, div(435 * w, total) AS whole, mod(435 * w, total) AS rest
	  FROM (SELECT *, sum(w) OVER (PARTITION BY p) AS total FROM a) AS t)
SELECT CASE WHEN EXISTS (SELECT FROM a GROUP BY p HAVING sum(seats) <> 435 OR min(seats) < 1) THEN 'seats or minimums are wrong'
			WHEN EXISTS (SELECT FROM a AS x JOIN a AS y USING (p)
						  WHERE y.seats > 1 AND x.s <> y.s
							AND x.w * x.w * y.seats * (y.seats - 1) > y.w * y.w * x.seats * (x.seats + 1))
			THEN 'a row claims more'
			WHEN EXISTS (SELECT FROM (SELECT hamilton, whole + (row_number() OVER (PARTITION BY p ORDER BY rest DESC, w DESC, s)
											  <= 435 - sum(whole) OVER (PARTITION BY p))::int AS expected FROM quota) AS h
						  WHERE hamilton <> expected) THEN 'not hamilton' ELSE 'ok' END;
