--
-- Breaks and scores: what they are for, on a small shop.
--
CREATE EXTENSION custseg;
SET search_path = public, custseg;

-- Twenty customers. Most of them bought once, as in most shops.
CREATE TABLE customer (id int PRIMARY KEY, purchases int, spend numeric(10,2), days_since int);
INSERT INTO customer
SELECT i, (ARRAY[1,1,1,1,1,1,1,1,1,1,1,2,2,2,3,3,4,6,9,15])[i], 10 * i + 0.99, (i * 37) % 400
FROM generate_series(1, 20) i;

-- Fit: an aggregate reads the column and returns cut points.
SELECT quantile_breaks(spend, 5), balanced_breaks(spend, 5) FROM customer;

-- Apply: a customer's score is 1 + the number of cut points below the value.
SELECT id, spend, score(spend, '{40.99,80.99,120.99,160.99}') FROM customer WHERE id % 4 = 1 ORDER BY id;

-- Eleven of the twenty bought once. Equal customers must have equal scores, so quantile breaks lose a class.
-- Balanced breaks keep all five, as even as they can be.
SELECT quantile_breaks(purchases, 5), balanced_breaks(purchases, 5) FROM customer;
WITH fitted AS (
    SELECT quantile_breaks(purchases, 5) AS quantile, balanced_breaks(purchases, 5) AS balanced FROM customer)
SELECT purchases, count(*), score(purchases, quantile) AS quantile_score, score(purchases, balanced) AS balanced_score
FROM customer, fitted
GROUP BY purchases, quantile, balanced ORDER BY purchases;

-- Fewer days since the last purchase are better.
SELECT id, days_since, score(days_since, ARRAY[30,90,180,365], descending => true) FROM customer WHERE id <= 5 ORDER BY id;

-- Fit and apply in one go, here within halves of the customers.
SELECT id, spend, quantile_score(spend, 2) OVER (PARTITION BY id <= 10) FROM customer WHERE id % 3 = 0 ORDER BY id;

-- A model is a value: store it, and the scores of last month stay reproducible.
CREATE TABLE model AS SELECT date '2025-06-30' AS as_of, balanced_breaks(spend, 5) AS breaks FROM customer;
UPDATE customer SET spend = spend * 2;
SELECT as_of, score(100, breaks) AS then_, score(100, (SELECT balanced_breaks(spend, 5) FROM customer)) AS now_ FROM model;

-- What the aggregates collect can be stored, too, and rolled up.
CREATE TABLE part AS SELECT id % 2 AS part, count_values(purchases, 5) AS counts FROM customer GROUP BY 1;
SELECT part, counts FROM part ORDER BY part;
SELECT rollup(counts), balanced_breaks_final(rollup(counts)) FROM part;
SELECT rollup(counts)::jsonb -> 'values' AS values FROM part;

-- Mistakes are explained.
SELECT quantile_breaks(spend, 0) FROM customer;
SELECT balanced_breaks(spend, id) FROM customer;
SELECT balanced_breaks('NaN'::float8, 5);
SELECT score(5, ARRAY[10,20,15]);
SELECT score(5, ARRAY[[1,2],[3,4]]);
SELECT quantile_score(spend, 2000) OVER () FROM customer;
SELECT '{"classes":5,"values":[1,2],"counts":[3,4],"epsilon":0.1}'::value_counts;

DROP TABLE customer, model, part;
DROP EXTENSION custseg;
