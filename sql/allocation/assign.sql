-- assign: who serves which customer, and its kin.
--
-- They run queries, so they are VOLATILE and PARALLEL UNSAFE, and have no SET clause: the queries'
-- names are the caller's.

CREATE FUNCTION custseg.assign(edges text, agents text, current text DEFAULT NULL,
	stickiness float8 DEFAULT 0, balance boolean DEFAULT false)
RETURNS TABLE (customer text, agent text, value numeric, gap numeric)
AS 'MODULE_PATHNAME', 'custseg_assign' LANGUAGE C VOLATILE PARALLEL UNSAFE
COST 1000000 ROWS 100000;
COMMENT ON FUNCTION custseg.assign(text, text, text, float8, boolean) IS
'Assigns customers to agents with capacities: the most customers served, and among these ways the highest total value; exact. The first three arguments are SELECTs, run read-only with the caller''s rights, columns by position. edges: customer, agent, value [, load], a row for each pair that may be; agent NULL declares a customer whom nobody may serve; a pair twice: error 21000; value NULL: 22004, NaN or infinite: 22023; an agent who is not in agents: 22023; rows without a customer are skipped and counted in a NOTICE. agents: agent, capacity [, minimum], whole numbers from 0 to 10^12, one row each; minimums that cannot be met: error 22023. current: customer, agent, who serves whom today; pairs without an edge are ignored. stickiness, at least 0, in the unit of the values: added to the edge of the current agent for the decision only, so that nobody changes for less. balance: among the best ways, loads as even in proportion to the capacities as can be. load, a whole number from 1 to 10^9, the same in all rows of a customer: capacities and minimums are in units of load; this is NP-hard, so the assignment is a good one and not always the best, see assign_bound, and a minimum that is missed is a WARNING; all loads together at most 2^53, otherwise error 22003. Keys: integers, uuid, text. Values are counted in integers of up to 2^40 (about 10^12): exact decimals as far as the largest allows, which leaves two decimals up to 10,995,116,277, the rest is rounded; float8 is read as its shortest decimal; beyond 2^40: error 22003. Result, in the order of customers (texts by bytes): every customer; agent and value NULL when not served; gap: how much more the best eligible agent would be worth, NULL when there is none. A NOTICE tells how many are not served, and why. Equal solutions are decided by keys; the order of rows does not matter. Memory beyond work_mem: 12 bytes an edge (28 while reading), 90 a customer and its key, and that of the solver, see the documentation.';

CREATE FUNCTION custseg.assign(customer_key anyelement, agent_key anycompatible, edges text, agents text,
	current text DEFAULT NULL, stickiness float8 DEFAULT 0, balance boolean DEFAULT false)
RETURNS TABLE (customer anyelement, agent anycompatible, value numeric, gap numeric)
AS 'MODULE_PATHNAME', 'custseg_assign_key' LANGUAGE C VOLATILE PARALLEL UNSAFE
COST 1000000 ROWS 100000;
COMMENT ON FUNCTION custseg.assign(anyelement, anycompatible, text, text, text, float8, boolean) IS
'The same with customer and agent in the types of the first two arguments, whose values do not matter: assign(NULL::bigint, NULL::uuid, ''SELECT ...'', ''SELECT ...'').';

CREATE FUNCTION custseg.assign_summary(edges text, agents text, current text DEFAULT NULL,
	stickiness float8 DEFAULT 0, balance boolean DEFAULT false)
RETURNS TABLE (agent text, load bigint, capacity bigint, shadow_customers bigint, shadow_value numeric, shadow_load bigint)
AS 'MODULE_PATHNAME', 'custseg_assign_summary' LANGUAGE C VOLATILE PARALLEL UNSAFE
COST 1000000 ROWS 1000;
COMMENT ON FUNCTION custseg.assign_summary(text, text, text, float8, boolean) IS
'The agents of an assignment, in key order; arguments, errors and memory as in assign, which it solves anew. load: customers, or their loads where edges has a load. shadow_customers, shadow_value: what one more slot of this agent would bring, in customers served and in value (stickiness included), exactly; the second alone may be negative when the first is positive. shadow_load: the size of that slot, 1 without loads. With loads the prices are those of the bound, in which customers can be divided.';

CREATE FUNCTION custseg.assign_summary(agent_key anyelement, edges text, agents text, current text DEFAULT NULL,
	stickiness float8 DEFAULT 0, balance boolean DEFAULT false)
RETURNS TABLE (agent anyelement, load bigint, capacity bigint, shadow_customers bigint, shadow_value numeric, shadow_load bigint)
AS 'MODULE_PATHNAME', 'custseg_assign_summary_key' LANGUAGE C VOLATILE PARALLEL UNSAFE
COST 1000000 ROWS 1000;
COMMENT ON FUNCTION custseg.assign_summary(anyelement, text, text, text, float8, boolean) IS
'The same with agent in the type of agent_key, whose value does not matter: assign_summary(NULL::bigint, ''SELECT ...'', ''SELECT ...'').';

CREATE FUNCTION custseg.assign_bound(edges text, agents text, current text DEFAULT NULL,
	stickiness float8 DEFAULT 0, balance boolean DEFAULT false)
RETURNS TABLE (customers bigint, served bigint, load bigint, value numeric, bound_served bigint, bound_value numeric)
AS 'MODULE_PATHNAME', 'custseg_assign_bound' LANGUAGE C VOLATILE PARALLEL UNSAFE
COST 1000000 ROWS 1;
COMMENT ON FUNCTION custseg.assign_bound(text, text, text, float8, boolean) IS
'How good an assignment is, in one row; arguments, errors and memory as in assign, which it solves anew. customers: all; served: those with an agent; load, value: what they add up to, stickiness included. bound_served: no assignment serves more customers. bound_value: none that serves as many as this one, or more, is worth more. Without loads both are reached; with loads, where both are reached, the assignment is the best there is.';

CREATE FUNCTION custseg.assign_explain(customer text, edges text, agents text, current text DEFAULT NULL,
	stickiness float8 DEFAULT 0, balance boolean DEFAULT false)
RETURNS TABLE (agent text, value numeric, bonus numeric, shadow_customers bigint, shadow_value numeric, net_value numeric,
	load bigint, capacity bigint, chosen boolean, reason text)
AS 'MODULE_PATHNAME', 'custseg_assign_explain' LANGUAGE C VOLATILE PARALLEL UNSAFE
COST 1000000 ROWS 20;
COMMENT ON FUNCTION custseg.assign_explain(text, text, text, text, float8, boolean) IS
'Why a customer got this agent: one row for each eligible agent, best first; other arguments, errors and memory as in assign, which it solves anew. customer: the key as a text; one who is not in edges: error 22023. bonus: the stickiness, for the current agent. shadow_customers, shadow_value: what one more slot of the agent is worth, as in assign_summary. net_value: value + bonus - shadow_value (with loads, for the load of the customer), which decides among agents of equal shadow_customers. reason: in words. No row, and a NOTICE, for a customer without an eligible agent.';

CREATE FUNCTION custseg.assign_next(edges text, loads text, strategy text)
RETURNS TABLE (customer text, agent text, value numeric, reason text)
AS 'MODULE_PATHNAME', 'custseg_assign_next' LANGUAGE C VOLATILE PARALLEL UNSAFE
COST 10000 ROWS 1;
COMMENT ON FUNCTION custseg.assign_next(text, text, text) IS
'Gives new customers an agent now, one after the other in key order, without a new assignment of the others. edges: a SELECT of customer, agent [, value [, load]] as in assign; agents who are not in loads are left out. loads: a SELECT of agent, load, capacity [, weight [, last]], one row for each agent who is there: load and capacity whole numbers from 0 to 10^12, weight above 0 (NULL: 1), last when a customer was last given: date, timestamp, timestamptz or integer (NULL: never). strategy: round_robin (longest not served, never served first; then the least loaded), least_loaded (load / capacity; then the highest value), weighted ((load + the new one) / weight; then the highest value), best_value (needs values; then the least loaded); at last the agent''s key. Nobody gets more than the capacity. agent NULL where nobody can: reason says why. An agent twice in loads or a pair twice in edges: error 21000; another strategy, a number out of range: 22023.';

CREATE FUNCTION custseg.assign_next(customer_key anyelement, agent_key anycompatible, edges text, loads text, strategy text)
RETURNS TABLE (customer anyelement, agent anycompatible, value numeric, reason text)
AS 'MODULE_PATHNAME', 'custseg_assign_next_key' LANGUAGE C VOLATILE PARALLEL UNSAFE
COST 10000 ROWS 1;
COMMENT ON FUNCTION custseg.assign_next(anyelement, anycompatible, text, text, text) IS
'The same with customer and agent in the types of the first two arguments, whose values do not matter: assign_next(NULL::bigint, NULL::uuid, ''SELECT ...'', ''SELECT ...'', ''best_value'').';
