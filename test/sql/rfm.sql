--
-- RFM: from orders to scores and segments.
--
CREATE EXTENSION custseg;
SET search_path = public, custseg;

-- Forty customers over half a year. Customer n buys every n-th day or so, and most buy once.
CREATE TABLE orders (customer int, day date, amount numeric(10,2));
INSERT INTO orders
SELECT c, date '2024-01-01' + (c * 37 + n * (3 + c)) % 180, 5 + (c * 53 + n * 7) % 90 + 0.99
FROM generate_series(1, 40) c, generate_series(1, greatest(1, 12 - c / 2)) n;
INSERT INTO orders VALUES (41, '2024-05-05', -30.00), (NULL, '2024-05-05', 1), (1, NULL, 1), (1, '2024-05-05', NULL), (1, '2024-07-01', 1000);

-- One row per customer. What is skipped is counted.
CREATE TABLE scored AS
SELECT * FROM rfm(NULL::int, 'SELECT customer, day, amount FROM orders', as_of => '2024-06-30');
SELECT * FROM scored WHERE customer_id % 5 = 1 ORDER BY customer_id;
SELECT segment, count(*), sum(monetary) FROM scored GROUP BY segment ORDER BY segment;

DELETE FROM orders WHERE customer IS NULL OR day IS NULL OR amount IS NULL;

-- The cut points. Orders after as_of do not count.
SELECT rfm_fit('SELECT customer, day, amount FROM orders', '2024-06-30') AS model \gset
SELECT :'model' AS model;
SELECT :'model'::rfm_model -> 'recency' AS recency, :'model'::rfm_model -> 'frequency' AS frequency;

-- The same cut points a month later: who did nothing keeps his scores of frequency and spend.
SELECT s.customer_id, s.cell AS june, l.cell AS july
FROM scored s JOIN rfm(NULL::int, 'SELECT customer, day, amount FROM orders', '2024-07-31', :'model'::rfm_model) l USING (customer_id)
WHERE s.customer_id % 8 = 1 ORDER BY 1;

DELETE FROM orders WHERE amount = 1000;

-- Other segmentations, other numbers of classes, scores alone.
SELECT segment, count(*) FROM rfm('SELECT customer, day, amount FROM orders', '2024-07-31', segmentation => 'rf_10') GROUP BY 1 ORDER BY 1;
SELECT segment, count(*) FROM rfm('SELECT customer, day, amount FROM orders', '2024-07-31', 2, 'rfm_8_en') GROUP BY 1 ORDER BY 1;
SELECT max(r) AS r, max(f) AS f, max(m) AS m, count(segment) FROM rfm('SELECT customer, day, amount FROM orders', '2024-07-31', 9, NULL);

-- Few distinct values make fewer classes, and a NOTICE says so.
SELECT customer_id, cell, segment FROM rfm('SELECT n, date ''2024-01-01'', n / 3 FROM generate_series(1, 5) n', '2024-01-31') ORDER BY 1;
SELECT * FROM rfm('SELECT customer, day, amount FROM orders WHERE false', '2024-06-30');

-- Errors. Those in the query point into it.
SELECT * FROM rfm('SELECT customer, day, amount FROM orders', '2023-12-31');
SELECT * FROM rfm('SELECT customer, day, amount FROM orders', '2024-06-30', 10);
SELECT * FROM rfm('SELECT customer, day, amount FROM orders', '2024-06-30', 4);
SELECT * FROM rfm('SELECT customer, day, amount FROM orders', '2024-06-30', segmentation => 'mine');
SELECT * FROM rfm('SELECT customer, day, amount FORM orders', '2024-06-30');
SELECT * FROM rfm('SELECT customer, day, sum(amount) FROM orders', '2024-06-30');
SELECT * FROM rfm('', '2024-06-30');
SELECT * FROM rfm('SELECT 1; SELECT 2', '2024-06-30');
SELECT * FROM rfm('WITH gone AS (DELETE FROM orders RETURNING *) SELECT * FROM gone', '2024-06-30');
CREATE SEQUENCE receipt;
SELECT * FROM rfm('SELECT customer, day, nextval(''receipt'') FROM orders', '2024-06-30');
DROP SEQUENCE receipt;

DROP TABLE scored, orders;
DROP EXTENSION custseg;
DROP SCHEMA custseg;
RESET search_path;
