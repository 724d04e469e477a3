--
-- choose_offer: the notice of a search that was too long.
--
CREATE EXTENSION custseg;
SET search_path = public, custseg;

-- Forty customers with costs of nine digits, worth what they cost: many choices nearly use up the budget, and which
-- one is the best cannot be told with so little memory.
CREATE TABLE candidate AS
SELECT customer, offer, 1 + (customer * 5 + offer) * 7919191 % 999999937 AS cost
FROM generate_series(1::bigint, 40) customer, generate_series(1, 5) offer;

SET work_mem = '1MB';
SELECT count(*), sum(cost) FROM (
    SELECT *, choose_offer(customer, offer, cost, cost, 10000000000) OVER () AS chosen FROM candidate) s
WHERE chosen;

-- Costs in millions: the search is short.
SELECT count(*), sum(cost), sum(round(cost, -6)) FROM (
    SELECT *, choose_offer(customer, offer, round(cost, -6), round(cost, -6), 10000000000) OVER () AS chosen FROM candidate) s
WHERE chosen;

RESET work_mem;
DROP TABLE candidate;
DROP EXTENSION custseg;
RESET search_path;
