-- The demo shop: 20,000 customers and their orders over three years, made from a seed.
--
-- Customers follow a model of the "buy till you die" family, MBG/NBD (Batislam, Denizel, Filiztekin 2007):
-- while active, a customer buys at random at a personal rate (Poisson; rates differ by a gamma distribution),
-- and after every purchase, the first one too, leaves for good with a personal probability (beta distribution).
-- What an order is worth follows the gamma-gamma model (Fader, Hardie 2005): a personal level, and orders around it.
-- The true values are kept in shop.parameter and shop.customer_truth, so that a fitted model can be compared with them.
--
-- The same rows come out on every platform and every major version: the random numbers are bits of SHA-256
-- over a text that names what is drawn, and everything that comes out of a floating-point function is rounded
-- before it is compared or added. (random() is no help: its generator changed in PostgreSQL 15.)
--
-- Run by demo/run and demo/shell in a database of their own: psql -v ON_ERROR_STOP=1 -f demo/shop.sql

BEGIN;
SET LOCAL jit = off;

CREATE SCHEMA shop;

CREATE TABLE shop.parameter (
	name	text PRIMARY KEY,
	value	numeric NOT NULL,
	meaning	text NOT NULL
);
COMMENT ON TABLE shop.parameter IS 'What the shop is made from. Times are in days.';

INSERT INTO shop.parameter VALUES
	('seed',			1,		'another seed makes another shop'),
	('customers',		20000,	'number of customers'),
	('days',			1096,	'length of the history: 2022-01-01 to 2024-12-31'),
	('growth',			0.85,	'first purchases come at days * u ^ growth, u uniform: below 1, more of them late'),
	('r',				0.80,	'purchase rate per day ~ gamma(shape r, rate alpha)'),
	('alpha',			48,		'purchase rate per day ~ gamma(shape r, rate alpha)'),
	('a',				0.70,	'probability to leave after a purchase ~ beta(a, b)'),
	('b',				2.30,	'probability to leave after a purchase ~ beta(a, b)'),
	('p',				4.0,	'amount of an order ~ gamma(shape p, rate v)'),
	('q',				3.5,	'v of a customer ~ gamma(shape q, rate gamma)'),
	('gamma',			42,		'v of a customer ~ gamma(shape q, rate gamma)'),
	('cost_low',		0.45,	'cost of an order, share of its amount: at least'),
	('cost_high',		0.75,	'cost of an order, share of its amount: at most'),
	('refund',			0.045,	'share of orders with a refund'),
	('full_refund',		0.60,	'share of refunds that return the whole order; the others return 20 to 80 %'),
	('refund_days',		21,		'a refund comes 2 to so many days after its order');

-- The same as one row.
CREATE TEMPORARY TABLE p ON COMMIT DROP AS
SELECT max(value) FILTER (WHERE name = 'seed')::bigint AS seed,
	   max(value) FILTER (WHERE name = 'customers')::bigint AS customers,
	   max(value) FILTER (WHERE name = 'days')::bigint * 86400 AS seconds,
	   max(value) FILTER (WHERE name = 'growth')::float8 AS growth,
	   max(value) FILTER (WHERE name = 'r')::float8 AS r,
	   max(value) FILTER (WHERE name = 'alpha')::float8 AS alpha,
	   max(value) FILTER (WHERE name = 'a')::float8 AS a,
	   max(value) FILTER (WHERE name = 'b')::float8 AS b,
	   max(value) FILTER (WHERE name = 'p')::float8 AS p,
	   max(value) FILTER (WHERE name = 'q')::float8 AS q,
	   max(value) FILTER (WHERE name = 'gamma')::float8 AS gamma,
	   max(value) FILTER (WHERE name = 'cost_low')::float8 AS cost_low,
	   max(value) FILTER (WHERE name = 'cost_high')::float8 AS cost_high,
	   max(value) FILTER (WHERE name = 'refund')::float8 AS refund,
	   max(value) FILTER (WHERE name = 'full_refund')::float8 AS full_refund,
	   max(value) FILTER (WHERE name = 'refund_days')::bigint AS refund_days
FROM shop.parameter;

-- --- Random numbers ------------------------------------------------------------------------------
-- Each is a function of the seed and of a key such as 'rate/17': no state, so no order of evaluation matters.
-- The functions are temporary and go with the session.

-- Uniform in (0, 1): 52 bits of the hash and a half, exact in a float8.
CREATE FUNCTION pg_temp.uniform(key text) RETURNS float8
LANGUAGE sql IMMUTABLE AS
$$
	SELECT (('x' || substr(encode(sha256(convert_to(key, 'UTF8')), 'hex'), 1, 13))::bit(52)::bigint + 0.5::float8)
		/ 4503599627370496
$$;

-- Standard normal, by Box and Muller.
CREATE FUNCTION pg_temp.normal(key text) RETURNS float8
LANGUAGE sql IMMUTABLE AS
$$
	SELECT sqrt(-2 * ln(pg_temp.uniform(key || '/radius'))) * cos(2 * pi() * pg_temp.uniform(key || '/angle'))
$$;

-- Gamma with rate 1, by Marsaglia and Tsang (2000).
CREATE FUNCTION pg_temp.gamma(shape float8, key text) RETURNS float8
LANGUAGE plpgsql IMMUTABLE AS
$$
DECLARE
	d	float8 := shape - 1.0 / 3;
	c	float8;
	x	float8;
	v	float8;
	try	int := 0;
BEGIN
	IF shape < 1 THEN
		RETURN pg_temp.gamma(shape + 1, key || '/up') * pg_temp.uniform(key || '/down') ^ (1 / shape);
	END IF;
	c := 1 / sqrt(9 * d);
	LOOP
		try := try + 1;
		x := pg_temp.normal(key || '/' || try);
		v := (1 + c * x) ^ 3;
		IF v > 0 AND ln(pg_temp.uniform(key || '/' || try || '/accept')) < x * x / 2 + d - d * v + d * ln(v) THEN
			RETURN d * v;
		END IF;
	END LOOP;
END
$$;

-- --- Customers -----------------------------------------------------------------------------------

CREATE TABLE shop.customers (
	customer_id	bigint PRIMARY KEY,
	name		text NOT NULL,
	country		text NOT NULL
);
COMMENT ON TABLE shop.customers IS 'The shop''s customers.';

INSERT INTO shop.customers
SELECT c,
	   first_name[1 + floor(pg_temp.uniform(seed || '/first/' || c) * cardinality(first_name))::int] || ' ' ||
	   last_name[1 + floor(pg_temp.uniform(seed || '/last/' || c) * cardinality(last_name))::int],
	   country[1 + floor(pg_temp.uniform(seed || '/country/' || c) * cardinality(country))::int]
FROM p,
	 (SELECT ARRAY['Ada','Amara','Anna','Boris','Carla','Chen','Daniel','Elena','Emil','Fatima','Felix','Greta',
				   'Hana','Ida','Ivan','Jakob','Jana','Jonas','Karim','Lara','Leo','Lin','Marta','Mateo','Mei',
				   'Mila','Noah','Nora','Olga','Omar','Paul','Petra','Ravi','Rosa','Samir','Sara','Tariq','Tomas',
				   'Vera','Yuki'],
			 ARRAY['Adler','Ahmed','Bauer','Berger','Costa','Dubois','Evans','Fischer','Garcia','Haas','Ito',
				   'Jansen','Kaya','Keller','Khan','Kowalski','Larsen','Lehmann','Lopez','Marino','Meyer','Moreau',
				   'Nagy','Novak','Okafor','Olsen','Patel','Petrov','Richter','Rossi','Santos','Sato','Schmidt',
				   'Silva','Svensson','Tanaka','Visser','Wagner','Wang','Weber'],
			 ARRAY['DE','DE','DE','DE','DE','DE','AT','AT','CH','NL','FR','PL']) list (first_name, last_name, country),
	 generate_series(1, p.customers) c;

CREATE TABLE shop.customer_truth (
	customer_id		bigint PRIMARY KEY REFERENCES shop.customers,
	first_second	bigint NOT NULL,
	purchase_rate	numeric NOT NULL,
	leave_chance	numeric NOT NULL,
	mean_order		numeric NOT NULL,
	active			boolean
);
COMMENT ON TABLE shop.customer_truth IS
'What no shop knows: each customer''s true purchases per day, probability to leave after a purchase, mean amount of an order, and whether still active at the end.';
COMMENT ON COLUMN shop.customer_truth.first_second IS 'First purchase, in seconds since the shop opened.';

INSERT INTO shop.customer_truth
SELECT customer_id,
	   floor(p.seconds * round((pg_temp.uniform(seed || '/joined/' || customer_id) ^ p.growth)::numeric, 10)::float8)::bigint,
	   greatest(round((pg_temp.gamma(p.r, seed || '/rate/' || customer_id) / p.alpha)::numeric, 9), 0.000000001),
	   round((left_a / (left_a + left_b))::numeric, 9),
	   greatest(round((p.p * p.gamma / pg_temp.gamma(p.q, seed || '/level/' || customer_id))::numeric, 4), 0.01)
FROM p,
	 shop.customers,
	 LATERAL (SELECT pg_temp.gamma(p.a, seed || '/leave a/' || customer_id) AS left_a,
					 pg_temp.gamma(p.b, seed || '/leave b/' || customer_id) AS left_b) beta;

-- --- Orders --------------------------------------------------------------------------------------

-- The purchases of one customer, in seconds since the shop opened; the last row says whether the customer left.
CREATE FUNCTION pg_temp.purchases(customer shop.customer_truth, seed bigint, finish bigint,
	OUT n int, OUT at_second bigint, OUT leaves boolean)
RETURNS SETOF record
LANGUAGE plpgsql IMMUTABLE AS
$$
DECLARE
	rate	float8 := customer.purchase_rate;
	chance	float8 := customer.leave_chance;
	key		text := seed || '/purchase/' || customer.customer_id || '/';
BEGIN
	n := 0;
	at_second := customer.first_second;
	WHILE at_second < finish LOOP
		n := n + 1;
		leaves := pg_temp.uniform(key || n || '/leaves') < chance;
		RETURN NEXT;
		EXIT WHEN leaves;
		at_second := at_second + 1 + floor(-ln(pg_temp.uniform(key || n || '/gap')) / rate * 86400)::bigint;
	END LOOP;
END
$$;

CREATE TEMPORARY TABLE purchase ON COMMIT DROP AS
SELECT t.customer_id, h.n, h.at_second, h.leaves,
	   greatest(round((pg_temp.gamma(p.p, key || '/amount') / p.p)::numeric, 6) * t.mean_order, 1.00)::numeric(12,2) AS amount,
	   round((p.cost_low + (p.cost_high - p.cost_low) * pg_temp.uniform(key || '/cost'))::numeric, 4) AS cost_share,
	   pg_temp.uniform(key || '/refund') < p.refund AS refunded,
	   key
FROM p,
	 shop.customer_truth t,
	 LATERAL pg_temp.purchases(t, seed, seconds) h,
	 LATERAL (SELECT seed || '/order/' || t.customer_id || '/' || h.n AS key) k;

UPDATE shop.customer_truth t
SET active = NOT last.leaves
FROM (SELECT DISTINCT ON (customer_id) customer_id, leaves FROM purchase ORDER BY customer_id, n DESC) last
WHERE last.customer_id = t.customer_id;

ALTER TABLE shop.customer_truth ALTER COLUMN active SET NOT NULL;

CREATE TEMPORARY TABLE line ON COMMIT DROP AS
SELECT customer_id, n, false AS is_refund, at_second, amount, round(amount * cost_share, 2) AS cost
FROM purchase
UNION ALL
SELECT customer_id, n, true,
	   at_second + 86400 * (2 + floor((p.refund_days - 1) * pg_temp.uniform(key || '/refund day'))::bigint),
	   CASE WHEN whole THEN -amount ELSE -greatest(round(amount * part, 2), 0.01) END,
	   CASE WHEN whole THEN -round(amount * cost_share, 2) ELSE 0 END
FROM p,
	 purchase,
	 LATERAL (SELECT pg_temp.uniform(key || '/refund whole') < p.full_refund AS whole,
					 round((0.2 + 0.6 * pg_temp.uniform(key || '/refund part'))::numeric, 4) AS part) r
WHERE refunded;

CREATE TABLE shop.orders (
	order_id	bigint PRIMARY KEY,
	customer_id	bigint NOT NULL REFERENCES shop.customers,
	ordered_at	timestamptz NOT NULL,
	amount		numeric(12,2) NOT NULL,
	cost		numeric(12,2) NOT NULL,
	refund_of	bigint REFERENCES shop.orders
);
COMMENT ON TABLE shop.orders IS
'Orders, and refunds as rows of their own with a negative amount. The shop''s days are days in Europe/Berlin.';
COMMENT ON COLUMN shop.orders.refund_of IS 'The order that this refund gives money back for; NULL for an order.';

INSERT INTO shop.orders
SELECT order_id, customer_id,
	   ('2022-01-01'::timestamp + at_second * '1 second'::interval) AT TIME ZONE 'Europe/Berlin',
	   amount, cost,
	   CASE WHEN is_refund THEN first_value(order_id) OVER (PARTITION BY customer_id, n ORDER BY is_refund) END
FROM (SELECT line.*, row_number() OVER (ORDER BY at_second, customer_id, n, is_refund) AS order_id
	  FROM p, line
	  WHERE at_second < p.seconds) numbered
ORDER BY order_id;

COMMIT;

ANALYZE shop.customers, shop.customer_truth, shop.orders;
