-- title: p_alive of bgnbd, 1M rows / its formula in SQL
-- goal: 0.6 s
-- needs: customers
-- The goal is an absolute time, of the whole statement. Its formula is short for this model; the peer
-- fails where a power overflows, which does not happen here. The check compares row by row.

--- custseg
SELECT round(sum(p_alive(:bgnbd, x, t_x, age))::numeric, 4) FROM customers_bgnbd;

--- peer
SELECT round(sum(CASE WHEN x = 0 THEN 1 ELSE 1 / (1 + 0.793::float8 / (2.426::float8 + x - 1)
			* ((4.414::float8 + age) / (4.414::float8 + t_x)) ^ (0.243::float8 + x)) END)::numeric, 4)
  FROM customers_bgnbd;

--- check
SELECT CASE WHEN count(*) = 0 THEN 'ok' ELSE count(*) || ' rows differ' END
  FROM customers_bgnbd
 WHERE NOT abs(p_alive(:bgnbd, x, t_x, age)
			/ (CASE WHEN x = 0 THEN 1 ELSE 1 / (1 + 0.793::float8 / (2.426::float8 + x - 1)
			   * ((4.414::float8 + age) / (4.414::float8 + t_x)) ^ (0.243::float8 + x)) END) - 1) < 1e-12;
