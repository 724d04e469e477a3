-- What a refresh reads of its orders. What is counted in the result is not told in a NOTICE, too.
\set VERBOSITY terse
CREATE EXTENSION custseg;
SET search_path = public, custseg;

CREATE TABLE orders (customer text, day date, amount numeric);
INSERT INTO orders VALUES
	('anna', '2024-01-05', 40.00),
	('anna', '2024-01-17', -20.00),
	('bert', '2024-03-01', 0.00),
	('bert', '2024-03-02', 9.99),	-- after as_of
	(NULL, '2024-02-02', 1.00),
	('carl', NULL, 2.00),
	('carl', '2024-02-02', NULL);

SELECT customer_id, orders(purchases), spend(purchases), jsonb_pretty(counts) AS counts
FROM _portfolio_purchases(NULL::text, 'SELECT customer, day, amount FROM orders', '2024-03-01', '2024-01-31')
ORDER BY customer_id;

-- All orders after as_of are no error.
SELECT counts ->> 'after' AS after, counts ->> 'customers' AS customers
FROM _portfolio_purchases(NULL::text, 'SELECT customer, day, amount FROM orders', '2023-12-31');

DROP TABLE orders;
DROP EXTENSION custseg;
DROP SCHEMA custseg;
RESET search_path;
