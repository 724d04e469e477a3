-- title: customer_purchases / a bare SELECT count(*), sum(amount)
-- goal: 0.333
-- How far the roll-up is from just reading the table: at most 3 times its time.

--- custseg
SELECT ROW(sum(orders(purchases)), sum(spend(purchases)))
  FROM customer_purchases(NULL::bigint, 'SELECT customer_id, day, amount FROM orders');

--- peer scan
SELECT ROW(count(*), sum(amount)) FROM orders;
