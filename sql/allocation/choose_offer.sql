-- One offer for each customer under a budget: choose_offer, choose_offer_bound, choose_offer_price.

CREATE FUNCTION custseg.choose_offer(customer anyelement, offer anycompatible, cost numeric, value float8, budget numeric) RETURNS boolean
AS 'MODULE_PATHNAME', 'custseg_choose_offer' LANGUAGE C WINDOW IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION custseg.choose_offer(anyelement, anycompatible, numeric, float8, numeric) IS
'Window function: whether the customer of a row gets the offer of the row. At most one offer for each customer; the costs of the chosen offers of the partition add up to at most budget, and their value is the greatest that is possible (multiple-choice knapsack problem; Pisinger 1995). customer, offer: keys of any types that can be sorted, a pair only once, otherwise error 21000; equally good choices are decided by them, not by the order of rows. cost: not negative, in the unit of budget; exact, error 22003 when the largest costs of all customers, in units of the last decimal, add up to more than 2^62. value: what the offer is worth, finite; an offer is chosen only for a value above 0. Values are compared as decimals where all of them are of at most 15 decimals and few digits, otherwise in steps of 2^-61 of their total or finer. budget: not negative (22023), not null (22004), the same in all rows (22023). NaN and infinity: error 22023. A row whose customer, offer, cost or value is null takes no part and gets null. The problem is NP-hard: a search that would be too long ends with the best choice found and a notice that says how far from the best it may be at most; choose_offer_bound gives the bound. It ends after a number of steps, about two seconds, or when it has used work_mem * hash_mem_multiplier, at least 32 MB. Order and frame of the window do not matter. Memory beside that: about 60 bytes a row, and keys that are not integers. Rows and customers of a partition together: at most 2,147,483,647, otherwise error 54000.';

CREATE FUNCTION custseg.choose_offer(customer text, offer anycompatible, cost numeric, value float8, budget numeric) RETURNS boolean
AS 'MODULE_PATHNAME', 'custseg_choose_offer' LANGUAGE C WINDOW IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION custseg.choose_offer(text, anycompatible, numeric, float8, numeric) IS
'Window function: the same for customers that are text, or literals without a type.';

CREATE FUNCTION custseg.choose_offer_bound(customer anyelement, offer anycompatible, cost numeric, value float8, budget numeric) RETURNS float8
AS 'MODULE_PATHNAME', 'custseg_choose_offer_bound' LANGUAGE C WINDOW IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION custseg.choose_offer_bound(anyelement, anycompatible, numeric, float8, numeric) IS
'Window function: no choice of offers under the budget has more value than this. It is the value of the linear relaxation, in which one customer may take a part of an offer (Zemel 1984, Dyer 1984), so the best choice is below it by less than one step of that customer. The same in all rows of a partition. Offers dearer than the budget do not count. Arguments and errors as in choose_offer; a total beyond float8: error 22003.';

CREATE FUNCTION custseg.choose_offer_bound(customer text, offer anycompatible, cost numeric, value float8, budget numeric) RETURNS float8
AS 'MODULE_PATHNAME', 'custseg_choose_offer_bound' LANGUAGE C WINDOW IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION custseg.choose_offer_bound(text, anycompatible, numeric, float8, numeric) IS
'Window function: the same for customers that are text, or literals without a type.';

CREATE FUNCTION custseg.choose_offer_price(customer anyelement, offer anycompatible, cost numeric, value float8, budget numeric) RETURNS float8
AS 'MODULE_PATHNAME', 'custseg_choose_offer_price' LANGUAGE C WINDOW IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION custseg.choose_offer_price(anyelement, anycompatible, numeric, float8, numeric) IS
'Window function: the price of the budget, that is the value that one more unit of it would bring, in the linear relaxation. It explains a choice: all customers but the few around which the budget runs out get the offer with the greatest value - price * cost, or none where that is below 0. 0: the budget is enough for the most valuable offer of every customer, of those that it could pay at all. The same in all rows of a partition. Arguments and errors as in choose_offer; a price beyond float8: error 22003.';

CREATE FUNCTION custseg.choose_offer_price(customer text, offer anycompatible, cost numeric, value float8, budget numeric) RETURNS float8
AS 'MODULE_PATHNAME', 'custseg_choose_offer_price' LANGUAGE C WINDOW IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION custseg.choose_offer_price(text, anycompatible, numeric, float8, numeric) IS
'Window function: the same for customers that are text, or literals without a type.';
