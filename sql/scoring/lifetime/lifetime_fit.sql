-- Fits of models of customer lifetime and of spend: lifetime_state, bgnbd_fit, pareto_nbd_fit, mbgnbd_fit,
-- gamma_gamma_fit, sbg_fit, bgbb_fit.

-- The state.

CREATE TYPE custseg.lifetime_state;

CREATE FUNCTION custseg.lifetime_state_in(cstring) RETURNS custseg.lifetime_state
AS 'MODULE_PATHNAME', 'custseg_lifetime_state_in' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION custseg.lifetime_state_in(cstring) IS
'Input function of lifetime_state. Anything but a well-formed text: error 22P02.';

CREATE FUNCTION custseg.lifetime_state_out(custseg.lifetime_state) RETURNS cstring
AS 'MODULE_PATHNAME', 'custseg_lifetime_state_out' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION custseg.lifetime_state_out(custseg.lifetime_state) IS
'Output function of lifetime_state.';

CREATE FUNCTION custseg.lifetime_state_recv(internal) RETURNS custseg.lifetime_state
AS 'MODULE_PATHNAME', 'custseg_lifetime_state_recv' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION custseg.lifetime_state_recv(internal) IS
'Binary input function of lifetime_state. Anything but a well-formed message: error 22P03.';

CREATE FUNCTION custseg.lifetime_state_send(custseg.lifetime_state) RETURNS bytea
AS 'MODULE_PATHNAME', 'custseg_lifetime_state_send' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION custseg.lifetime_state_send(custseg.lifetime_state) IS
'Binary output function of lifetime_state.';

CREATE TYPE custseg.lifetime_state (
    INPUT = custseg.lifetime_state_in,
    OUTPUT = custseg.lifetime_state_out,
    RECEIVE = custseg.lifetime_state_recv,
    SEND = custseg.lifetime_state_send,
    INTERNALLENGTH = VARIABLE,
    ALIGNMENT = double,
    STORAGE = extended
);
COMMENT ON TYPE custseg.lifetime_state IS
'The state of the fits of lifetime and spend models: customers with the same history, counted. It can be stored, and combined by lifetime_state_combine. Text form: {"version":1,"kind":"bgnbd","unit":"week","excluded":0,"x":[0,1],"t_x":[0,3.5],"age":[39,39],"count":[1201,7]}, cells in order; with the options of the fit "prior" and "start". For gamma_gamma t_x is m_x, for sbg x is the period and t_x the survivors; both have no age. 32 bytes a slot, up to three quarters of which are taken: 43 to 86 bytes a distinct history, at most 12,582,912 of them (error 54000 beyond).';

-- Support functions of the aggregates.

CREATE FUNCTION custseg.bgnbd_fit_accum(state custseg.lifetime_state, x float8, t_x float8, age float8) RETURNS custseg.lifetime_state
AS 'MODULE_PATHNAME', 'custseg_bgnbd_fit_accum' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION custseg.bgnbd_fit_accum(custseg.lifetime_state, float8, float8, float8) IS
'Adds a customer to a state; nothing changes where x, t_x or age is null. Transition function of bgnbd_fit.';

CREATE FUNCTION custseg.bgnbd_fit_accum(state custseg.lifetime_state, x float8, t_x float8, age float8, unit text) RETURNS custseg.lifetime_state
AS 'MODULE_PATHNAME', 'custseg_bgnbd_fit_accum' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION custseg.bgnbd_fit_accum(custseg.lifetime_state, float8, float8, float8, text) IS
'Adds a customer to a state, in a unit of time; nothing changes where x, t_x or age is null. Transition function of bgnbd_fit.';

CREATE FUNCTION custseg.bgnbd_fit_accum(state custseg.lifetime_state, x float8, t_x float8, age float8, unit text, start custseg.lifetime_model, prior float8) RETURNS custseg.lifetime_state
AS 'MODULE_PATHNAME', 'custseg_bgnbd_fit_accum' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION custseg.bgnbd_fit_accum(custseg.lifetime_state, float8, float8, float8, text, custseg.lifetime_model, float8) IS
'Adds a customer to a state, in a unit of time, with the options of the fit; nothing changes where x, t_x or age is null. Transition function of bgnbd_fit.';

CREATE FUNCTION custseg.bgnbd_fit_accum(state custseg.lifetime_state, purchases custseg.purchases, as_of date, unit text) RETURNS custseg.lifetime_state
AS 'MODULE_PATHNAME', 'custseg_bgnbd_fit_accum_purchases' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION custseg.bgnbd_fit_accum(custseg.lifetime_state, custseg.purchases, date, text) IS
'Adds a summary of purchases as seen at the end of as_of to a state; nothing changes where purchases or as_of is null. Transition function of bgnbd_fit.';

CREATE FUNCTION custseg.bgnbd_fit_accum(state custseg.lifetime_state, purchases custseg.purchases, as_of date, unit text, start custseg.lifetime_model, prior float8) RETURNS custseg.lifetime_state
AS 'MODULE_PATHNAME', 'custseg_bgnbd_fit_accum_purchases' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION custseg.bgnbd_fit_accum(custseg.lifetime_state, custseg.purchases, date, text, custseg.lifetime_model, float8) IS
'Adds a summary of purchases as seen at the end of as_of to a state, with the options of the fit; nothing changes where purchases or as_of is null. Transition function of bgnbd_fit.';

CREATE FUNCTION custseg.pareto_nbd_fit_accum(state custseg.lifetime_state, x float8, t_x float8, age float8) RETURNS custseg.lifetime_state
AS 'MODULE_PATHNAME', 'custseg_pareto_nbd_fit_accum' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION custseg.pareto_nbd_fit_accum(custseg.lifetime_state, float8, float8, float8) IS
'Adds a customer to a state; nothing changes where x, t_x or age is null. Transition function of pareto_nbd_fit.';

CREATE FUNCTION custseg.pareto_nbd_fit_accum(state custseg.lifetime_state, x float8, t_x float8, age float8, unit text) RETURNS custseg.lifetime_state
AS 'MODULE_PATHNAME', 'custseg_pareto_nbd_fit_accum' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION custseg.pareto_nbd_fit_accum(custseg.lifetime_state, float8, float8, float8, text) IS
'Adds a customer to a state, in a unit of time; nothing changes where x, t_x or age is null. Transition function of pareto_nbd_fit.';

CREATE FUNCTION custseg.pareto_nbd_fit_accum(state custseg.lifetime_state, x float8, t_x float8, age float8, unit text, start custseg.lifetime_model, prior float8) RETURNS custseg.lifetime_state
AS 'MODULE_PATHNAME', 'custseg_pareto_nbd_fit_accum' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION custseg.pareto_nbd_fit_accum(custseg.lifetime_state, float8, float8, float8, text, custseg.lifetime_model, float8) IS
'Adds a customer to a state, in a unit of time, with the options of the fit; nothing changes where x, t_x or age is null. Transition function of pareto_nbd_fit.';

CREATE FUNCTION custseg.pareto_nbd_fit_accum(state custseg.lifetime_state, purchases custseg.purchases, as_of date, unit text) RETURNS custseg.lifetime_state
AS 'MODULE_PATHNAME', 'custseg_pareto_nbd_fit_accum_purchases' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION custseg.pareto_nbd_fit_accum(custseg.lifetime_state, custseg.purchases, date, text) IS
'Adds a summary of purchases as seen at the end of as_of to a state; nothing changes where purchases or as_of is null. Transition function of pareto_nbd_fit.';

CREATE FUNCTION custseg.pareto_nbd_fit_accum(state custseg.lifetime_state, purchases custseg.purchases, as_of date, unit text, start custseg.lifetime_model, prior float8) RETURNS custseg.lifetime_state
AS 'MODULE_PATHNAME', 'custseg_pareto_nbd_fit_accum_purchases' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION custseg.pareto_nbd_fit_accum(custseg.lifetime_state, custseg.purchases, date, text, custseg.lifetime_model, float8) IS
'Adds a summary of purchases as seen at the end of as_of to a state, with the options of the fit; nothing changes where purchases or as_of is null. Transition function of pareto_nbd_fit.';

CREATE FUNCTION custseg.mbgnbd_fit_accum(state custseg.lifetime_state, x float8, t_x float8, age float8) RETURNS custseg.lifetime_state
AS 'MODULE_PATHNAME', 'custseg_mbgnbd_fit_accum' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION custseg.mbgnbd_fit_accum(custseg.lifetime_state, float8, float8, float8) IS
'Adds a customer to a state; nothing changes where x, t_x or age is null. Transition function of mbgnbd_fit.';

CREATE FUNCTION custseg.mbgnbd_fit_accum(state custseg.lifetime_state, x float8, t_x float8, age float8, unit text) RETURNS custseg.lifetime_state
AS 'MODULE_PATHNAME', 'custseg_mbgnbd_fit_accum' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION custseg.mbgnbd_fit_accum(custseg.lifetime_state, float8, float8, float8, text) IS
'Adds a customer to a state, in a unit of time; nothing changes where x, t_x or age is null. Transition function of mbgnbd_fit.';

CREATE FUNCTION custseg.mbgnbd_fit_accum(state custseg.lifetime_state, x float8, t_x float8, age float8, unit text, start custseg.lifetime_model, prior float8) RETURNS custseg.lifetime_state
AS 'MODULE_PATHNAME', 'custseg_mbgnbd_fit_accum' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION custseg.mbgnbd_fit_accum(custseg.lifetime_state, float8, float8, float8, text, custseg.lifetime_model, float8) IS
'Adds a customer to a state, in a unit of time, with the options of the fit; nothing changes where x, t_x or age is null. Transition function of mbgnbd_fit.';

CREATE FUNCTION custseg.mbgnbd_fit_accum(state custseg.lifetime_state, purchases custseg.purchases, as_of date, unit text) RETURNS custseg.lifetime_state
AS 'MODULE_PATHNAME', 'custseg_mbgnbd_fit_accum_purchases' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION custseg.mbgnbd_fit_accum(custseg.lifetime_state, custseg.purchases, date, text) IS
'Adds a summary of purchases as seen at the end of as_of to a state; nothing changes where purchases or as_of is null. Transition function of mbgnbd_fit.';

CREATE FUNCTION custseg.mbgnbd_fit_accum(state custseg.lifetime_state, purchases custseg.purchases, as_of date, unit text, start custseg.lifetime_model, prior float8) RETURNS custseg.lifetime_state
AS 'MODULE_PATHNAME', 'custseg_mbgnbd_fit_accum_purchases' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION custseg.mbgnbd_fit_accum(custseg.lifetime_state, custseg.purchases, date, text, custseg.lifetime_model, float8) IS
'Adds a summary of purchases as seen at the end of as_of to a state, with the options of the fit; nothing changes where purchases or as_of is null. Transition function of mbgnbd_fit.';

CREATE FUNCTION custseg.gamma_gamma_fit_accum(state custseg.lifetime_state, x float8, m_x float8) RETURNS custseg.lifetime_state
AS 'MODULE_PATHNAME', 'custseg_gamma_gamma_fit_accum' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION custseg.gamma_gamma_fit_accum(custseg.lifetime_state, float8, float8) IS
'Adds a customer to a state; nothing changes where x or m_x is null. Transition function of gamma_gamma_fit.';

CREATE FUNCTION custseg.gamma_gamma_fit_accum(state custseg.lifetime_state, purchases custseg.purchases) RETURNS custseg.lifetime_state
AS 'MODULE_PATHNAME', 'custseg_gamma_gamma_fit_accum_purchases' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION custseg.gamma_gamma_fit_accum(custseg.lifetime_state, custseg.purchases) IS
'Adds a summary of purchases to a state; nothing changes where it is null. Transition function of gamma_gamma_fit.';

CREATE FUNCTION custseg.gamma_gamma_fit_accum(state custseg.lifetime_state, x float8, m_x float8, start custseg.spend_model, prior float8) RETURNS custseg.lifetime_state
AS 'MODULE_PATHNAME', 'custseg_gamma_gamma_fit_accum' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION custseg.gamma_gamma_fit_accum(custseg.lifetime_state, float8, float8, custseg.spend_model, float8) IS
'Adds a customer to a state, with the options of the fit; nothing changes where x or m_x is null. Transition function of gamma_gamma_fit.';

CREATE FUNCTION custseg.gamma_gamma_fit_accum(state custseg.lifetime_state, purchases custseg.purchases, start custseg.spend_model, prior float8) RETURNS custseg.lifetime_state
AS 'MODULE_PATHNAME', 'custseg_gamma_gamma_fit_accum_purchases' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION custseg.gamma_gamma_fit_accum(custseg.lifetime_state, custseg.purchases, custseg.spend_model, float8) IS
'Adds a summary of purchases to a state, with the options of the fit; nothing changes where it is null. Transition function of gamma_gamma_fit.';

CREATE FUNCTION custseg.sbg_fit_accum(state custseg.lifetime_state, period int, survivors float8) RETURNS custseg.lifetime_state
AS 'MODULE_PATHNAME', 'custseg_sbg_fit_accum' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION custseg.sbg_fit_accum(custseg.lifetime_state, int, float8) IS
'Adds the survivors of a period to a state; nothing changes where one is null. Transition function of sbg_fit.';

CREATE FUNCTION custseg.sbg_fit_accum(state custseg.lifetime_state, period int, survivors float8, start custseg.lifetime_model, prior float8) RETURNS custseg.lifetime_state
AS 'MODULE_PATHNAME', 'custseg_sbg_fit_accum' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION custseg.sbg_fit_accum(custseg.lifetime_state, int, float8, custseg.lifetime_model, float8) IS
'Adds the survivors of a period to a state, with the options of the fit; nothing changes where one is null. Transition function of sbg_fit.';

CREATE FUNCTION custseg.bgbb_fit_accum(state custseg.lifetime_state, x float8, t_x float8, n float8) RETURNS custseg.lifetime_state
AS 'MODULE_PATHNAME', 'custseg_bgbb_fit_accum' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION custseg.bgbb_fit_accum(custseg.lifetime_state, float8, float8, float8) IS
'Adds a customer to a state; nothing changes where x, t_x, n or customers is null. Transition function of bgbb_fit.';

CREATE FUNCTION custseg.bgbb_fit_accum(state custseg.lifetime_state, x float8, t_x float8, n float8, customers bigint) RETURNS custseg.lifetime_state
AS 'MODULE_PATHNAME', 'custseg_bgbb_fit_accum' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION custseg.bgbb_fit_accum(custseg.lifetime_state, float8, float8, float8, bigint) IS
'Adds a number of equal customers to a state; nothing changes where x, t_x, n or customers is null. Transition function of bgbb_fit.';

CREATE FUNCTION custseg.bgbb_fit_accum(state custseg.lifetime_state, x float8, t_x float8, n float8, customers bigint, start custseg.lifetime_model, prior float8) RETURNS custseg.lifetime_state
AS 'MODULE_PATHNAME', 'custseg_bgbb_fit_accum' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION custseg.bgbb_fit_accum(custseg.lifetime_state, float8, float8, float8, bigint, custseg.lifetime_model, float8) IS
'Adds a number of equal customers to a state, with the options of the fit; nothing changes where x, t_x, n or customers is null. Transition function of bgbb_fit.';

CREATE FUNCTION custseg.lifetime_state_combine(state custseg.lifetime_state, other custseg.lifetime_state) RETURNS custseg.lifetime_state
AS 'MODULE_PATHNAME', 'custseg_lifetime_state_combine' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION custseg.lifetime_state_combine(custseg.lifetime_state, custseg.lifetime_state) IS
'Adds the customers of a state to another of the same kind, unit, start and prior; otherwise error 22023.';

CREATE FUNCTION custseg.lifetime_fit_final(state custseg.lifetime_state) RETURNS custseg.lifetime_model
AS 'MODULE_PATHNAME', 'custseg_lifetime_fit_final' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100000;
COMMENT ON FUNCTION custseg.lifetime_fit_final(custseg.lifetime_state) IS
'The model that is most likely for the customers of a state. Final function of the fits of lifetime_model. A state of gamma_gamma: error 22023.';

CREATE FUNCTION custseg.spend_fit_final(state custseg.lifetime_state) RETURNS custseg.spend_model
AS 'MODULE_PATHNAME', 'custseg_spend_fit_final' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100000;
COMMENT ON FUNCTION custseg.spend_fit_final(custseg.lifetime_state) IS
'The model that is most likely for the customers of a state of kind gamma_gamma; of another kind: error 22023. Final function of gamma_gamma_fit.';

-- Fits.

CREATE AGGREGATE custseg.bgnbd_fit(x float8, t_x float8, age float8) (
    SFUNC = custseg.bgnbd_fit_accum,
    STYPE = custseg.lifetime_state,
    SSPACE = 4096,
    COMBINEFUNC = custseg.lifetime_state_combine,
    FINALFUNC = custseg.lifetime_fit_final,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE custseg.bgnbd_fit(float8, float8, float8) IS
'Fits the BG/NBD model (Fader, Hardie, Lee 2005): customers buy at random at a rate of their own, gamma(r, alpha) over customers, and leave after a purchase with a probability of their own, beta(a, b). x: repeat purchases, whole; t_x: time from the first purchase to the last; age: time from the first purchase to the end of observation; 0 <= t_x <= age, and t_x = 0 where x = 0, otherwise error 22023; x > 0 with t_x = 0 is valid. Rows with a null among them are skipped; customers of age 0 are left out and counted in excluded. By maximum likelihood; the same to the last digit in any order and plan. No rows: null. Where the data do not determine the parameters, or the likelihood has its maximum at a limit, the status of the model says so. Memory: 43 to 86 bytes a distinct history; more than 12,582,912 of them: error 54000.';

CREATE AGGREGATE custseg.bgnbd_fit(x float8, t_x float8, age float8, unit text) (
    SFUNC = custseg.bgnbd_fit_accum,
    STYPE = custseg.lifetime_state,
    SSPACE = 4096,
    COMBINEFUNC = custseg.lifetime_state_combine,
    FINALFUNC = custseg.lifetime_fit_final,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE custseg.bgnbd_fit(float8, float8, float8, text) IS
'As bgnbd_fit(x, t_x, age), for times in a unit, which the model keeps and predictions check. unit: day, week, month or year, that of the times; null for none. Options must be the same in all rows of a group, otherwise error 22023.';

CREATE AGGREGATE custseg.bgnbd_fit(x float8, t_x float8, age float8, unit text, start custseg.lifetime_model, prior float8) (
    SFUNC = custseg.bgnbd_fit_accum,
    STYPE = custseg.lifetime_state,
    SSPACE = 4096,
    COMBINEFUNC = custseg.lifetime_state_combine,
    FINALFUNC = custseg.lifetime_fit_final,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE custseg.bgnbd_fit(float8, float8, float8, text, custseg.lifetime_model, float8) IS
'As bgnbd_fit(x, t_x, age, unit), from a given start or with a weak prior. unit: day, week, month or year, that of the times; null for none. start: a model of the same kind to start from, such as that of yesterday, its times converted to unit; null for none. prior: the precision of a normal prior on the logarithm of each parameter around that of start (without, of a usual value); 0 or null for none, 1 is weak. Options must be the same in all rows of a group, otherwise error 22023.';

CREATE AGGREGATE custseg.bgnbd_fit(purchases custseg.purchases, as_of date, unit text) (
    SFUNC = custseg.bgnbd_fit_accum,
    STYPE = custseg.lifetime_state,
    SSPACE = 4096,
    COMBINEFUNC = custseg.lifetime_state_combine,
    FINALFUNC = custseg.lifetime_fit_final,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE custseg.bgnbd_fit(custseg.purchases, date, text) IS
'As bgnbd_fit(x, t_x, age, unit), with x = purchase days less 1 and times taken from summaries of purchases. purchases: a summary of each customer; as_of: the last day that was seen, not before the last purchase (error 22023), which may differ from row to row; rows where one of them is null are skipped. Customers without a purchase, or with the first on as_of, are left out and counted in excluded. unit: day, week, month (of 365.25 / 12 days) or year (of 365.25), not null. Options must be the same in all rows of a group, otherwise error 22023.';

CREATE AGGREGATE custseg.bgnbd_fit(purchases custseg.purchases, as_of date, unit text, start custseg.lifetime_model, prior float8) (
    SFUNC = custseg.bgnbd_fit_accum,
    STYPE = custseg.lifetime_state,
    SSPACE = 4096,
    COMBINEFUNC = custseg.lifetime_state_combine,
    FINALFUNC = custseg.lifetime_fit_final,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE custseg.bgnbd_fit(custseg.purchases, date, text, custseg.lifetime_model, float8) IS
'As bgnbd_fit(purchases, as_of, unit), from a given start or with a weak prior. purchases: a summary of each customer; as_of: the last day that was seen, not before the last purchase (error 22023), which may differ from row to row; rows where one of them is null are skipped. Customers without a purchase, or with the first on as_of, are left out and counted in excluded. unit: day, week, month (of 365.25 / 12 days) or year (of 365.25), not null. start: a model of the same kind to start from, such as that of yesterday, its times converted to unit; null for none. prior: the precision of a normal prior on the logarithm of each parameter around that of start (without, of a usual value); 0 or null for none, 1 is weak. Options must be the same in all rows of a group, otherwise error 22023.';

CREATE AGGREGATE custseg.pareto_nbd_fit(x float8, t_x float8, age float8) (
    SFUNC = custseg.pareto_nbd_fit_accum,
    STYPE = custseg.lifetime_state,
    SSPACE = 4096,
    COMBINEFUNC = custseg.lifetime_state_combine,
    FINALFUNC = custseg.lifetime_fit_final,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE custseg.pareto_nbd_fit(float8, float8, float8) IS
'Fits the Pareto/NBD model (Schmittlein, Morrison, Colombo 1987): customers buy at random at a rate of their own, gamma(r, alpha) over customers, and leave at random, at a rate that is gamma(s, beta). x: repeat purchases, whole; t_x: time from the first purchase to the last; age: time from the first purchase to the end of observation; 0 <= t_x <= age, and t_x = 0 where x = 0, otherwise error 22023; x > 0 with t_x = 0 is valid. Rows with a null among them are skipped; customers of age 0 are left out and counted in excluded. By maximum likelihood; the same to the last digit in any order and plan. No rows: null. Where the data do not determine the parameters, or the likelihood has its maximum at a limit, the status of the model says so. Memory: 43 to 86 bytes a distinct history; more than 12,582,912 of them: error 54000.';

CREATE AGGREGATE custseg.pareto_nbd_fit(x float8, t_x float8, age float8, unit text) (
    SFUNC = custseg.pareto_nbd_fit_accum,
    STYPE = custseg.lifetime_state,
    SSPACE = 4096,
    COMBINEFUNC = custseg.lifetime_state_combine,
    FINALFUNC = custseg.lifetime_fit_final,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE custseg.pareto_nbd_fit(float8, float8, float8, text) IS
'As pareto_nbd_fit(x, t_x, age), for times in a unit, which the model keeps and predictions check. unit: day, week, month or year, that of the times; null for none. Options must be the same in all rows of a group, otherwise error 22023.';

CREATE AGGREGATE custseg.pareto_nbd_fit(x float8, t_x float8, age float8, unit text, start custseg.lifetime_model, prior float8) (
    SFUNC = custseg.pareto_nbd_fit_accum,
    STYPE = custseg.lifetime_state,
    SSPACE = 4096,
    COMBINEFUNC = custseg.lifetime_state_combine,
    FINALFUNC = custseg.lifetime_fit_final,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE custseg.pareto_nbd_fit(float8, float8, float8, text, custseg.lifetime_model, float8) IS
'As pareto_nbd_fit(x, t_x, age, unit), from a given start or with a weak prior. unit: day, week, month or year, that of the times; null for none. start: a model of the same kind to start from, such as that of yesterday, its times converted to unit; null for none. prior: the precision of a normal prior on the logarithm of each parameter around that of start (without, of a usual value); 0 or null for none, 1 is weak. Options must be the same in all rows of a group, otherwise error 22023.';

CREATE AGGREGATE custseg.pareto_nbd_fit(purchases custseg.purchases, as_of date, unit text) (
    SFUNC = custseg.pareto_nbd_fit_accum,
    STYPE = custseg.lifetime_state,
    SSPACE = 4096,
    COMBINEFUNC = custseg.lifetime_state_combine,
    FINALFUNC = custseg.lifetime_fit_final,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE custseg.pareto_nbd_fit(custseg.purchases, date, text) IS
'As pareto_nbd_fit(x, t_x, age, unit), with x = purchase days less 1 and times taken from summaries of purchases. purchases: a summary of each customer; as_of: the last day that was seen, not before the last purchase (error 22023), which may differ from row to row; rows where one of them is null are skipped. Customers without a purchase, or with the first on as_of, are left out and counted in excluded. unit: day, week, month (of 365.25 / 12 days) or year (of 365.25), not null. Options must be the same in all rows of a group, otherwise error 22023.';

CREATE AGGREGATE custseg.pareto_nbd_fit(purchases custseg.purchases, as_of date, unit text, start custseg.lifetime_model, prior float8) (
    SFUNC = custseg.pareto_nbd_fit_accum,
    STYPE = custseg.lifetime_state,
    SSPACE = 4096,
    COMBINEFUNC = custseg.lifetime_state_combine,
    FINALFUNC = custseg.lifetime_fit_final,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE custseg.pareto_nbd_fit(custseg.purchases, date, text, custseg.lifetime_model, float8) IS
'As pareto_nbd_fit(purchases, as_of, unit), from a given start or with a weak prior. purchases: a summary of each customer; as_of: the last day that was seen, not before the last purchase (error 22023), which may differ from row to row; rows where one of them is null are skipped. Customers without a purchase, or with the first on as_of, are left out and counted in excluded. unit: day, week, month (of 365.25 / 12 days) or year (of 365.25), not null. start: a model of the same kind to start from, such as that of yesterday, its times converted to unit; null for none. prior: the precision of a normal prior on the logarithm of each parameter around that of start (without, of a usual value); 0 or null for none, 1 is weak. Options must be the same in all rows of a group, otherwise error 22023.';

CREATE AGGREGATE custseg.mbgnbd_fit(x float8, t_x float8, age float8) (
    SFUNC = custseg.mbgnbd_fit_accum,
    STYPE = custseg.lifetime_state,
    SSPACE = 4096,
    COMBINEFUNC = custseg.lifetime_state_combine,
    FINALFUNC = custseg.lifetime_fit_final,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE custseg.mbgnbd_fit(float8, float8, float8) IS
'Fits the MBG/NBD model (Batislam, Denizel, Filiztekin 2007): as bgnbd_fit, but a customer can also leave at the first purchase. x: repeat purchases, whole; t_x: time from the first purchase to the last; age: time from the first purchase to the end of observation; 0 <= t_x <= age, and t_x = 0 where x = 0, otherwise error 22023; x > 0 with t_x = 0 is valid. Rows with a null among them are skipped; customers of age 0 are left out and counted in excluded. By maximum likelihood; the same to the last digit in any order and plan. No rows: null. Where the data do not determine the parameters, or the likelihood has its maximum at a limit, the status of the model says so. Memory: 43 to 86 bytes a distinct history; more than 12,582,912 of them: error 54000.';

CREATE AGGREGATE custseg.mbgnbd_fit(x float8, t_x float8, age float8, unit text) (
    SFUNC = custseg.mbgnbd_fit_accum,
    STYPE = custseg.lifetime_state,
    SSPACE = 4096,
    COMBINEFUNC = custseg.lifetime_state_combine,
    FINALFUNC = custseg.lifetime_fit_final,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE custseg.mbgnbd_fit(float8, float8, float8, text) IS
'As mbgnbd_fit(x, t_x, age), for times in a unit, which the model keeps and predictions check. unit: day, week, month or year, that of the times; null for none. Options must be the same in all rows of a group, otherwise error 22023.';

CREATE AGGREGATE custseg.mbgnbd_fit(x float8, t_x float8, age float8, unit text, start custseg.lifetime_model, prior float8) (
    SFUNC = custseg.mbgnbd_fit_accum,
    STYPE = custseg.lifetime_state,
    SSPACE = 4096,
    COMBINEFUNC = custseg.lifetime_state_combine,
    FINALFUNC = custseg.lifetime_fit_final,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE custseg.mbgnbd_fit(float8, float8, float8, text, custseg.lifetime_model, float8) IS
'As mbgnbd_fit(x, t_x, age, unit), from a given start or with a weak prior. unit: day, week, month or year, that of the times; null for none. start: a model of the same kind to start from, such as that of yesterday, its times converted to unit; null for none. prior: the precision of a normal prior on the logarithm of each parameter around that of start (without, of a usual value); 0 or null for none, 1 is weak. Options must be the same in all rows of a group, otherwise error 22023.';

CREATE AGGREGATE custseg.mbgnbd_fit(purchases custseg.purchases, as_of date, unit text) (
    SFUNC = custseg.mbgnbd_fit_accum,
    STYPE = custseg.lifetime_state,
    SSPACE = 4096,
    COMBINEFUNC = custseg.lifetime_state_combine,
    FINALFUNC = custseg.lifetime_fit_final,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE custseg.mbgnbd_fit(custseg.purchases, date, text) IS
'As mbgnbd_fit(x, t_x, age, unit), with x = purchase days less 1 and times taken from summaries of purchases. purchases: a summary of each customer; as_of: the last day that was seen, not before the last purchase (error 22023), which may differ from row to row; rows where one of them is null are skipped. Customers without a purchase, or with the first on as_of, are left out and counted in excluded. unit: day, week, month (of 365.25 / 12 days) or year (of 365.25), not null. Options must be the same in all rows of a group, otherwise error 22023.';

CREATE AGGREGATE custseg.mbgnbd_fit(purchases custseg.purchases, as_of date, unit text, start custseg.lifetime_model, prior float8) (
    SFUNC = custseg.mbgnbd_fit_accum,
    STYPE = custseg.lifetime_state,
    SSPACE = 4096,
    COMBINEFUNC = custseg.lifetime_state_combine,
    FINALFUNC = custseg.lifetime_fit_final,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE custseg.mbgnbd_fit(custseg.purchases, date, text, custseg.lifetime_model, float8) IS
'As mbgnbd_fit(purchases, as_of, unit), from a given start or with a weak prior. purchases: a summary of each customer; as_of: the last day that was seen, not before the last purchase (error 22023), which may differ from row to row; rows where one of them is null are skipped. Customers without a purchase, or with the first on as_of, are left out and counted in excluded. unit: day, week, month (of 365.25 / 12 days) or year (of 365.25), not null. start: a model of the same kind to start from, such as that of yesterday, its times converted to unit; null for none. prior: the precision of a normal prior on the logarithm of each parameter around that of start (without, of a usual value); 0 or null for none, 1 is weak. Options must be the same in all rows of a group, otherwise error 22023.';

CREATE AGGREGATE custseg.gamma_gamma_fit(x float8, m_x float8) (
    SFUNC = custseg.gamma_gamma_fit_accum,
    STYPE = custseg.lifetime_state,
    SSPACE = 4096,
    COMBINEFUNC = custseg.lifetime_state_combine,
    FINALFUNC = custseg.spend_fit_final,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE custseg.gamma_gamma_fit(float8, float8) IS
'Fits the gamma-gamma model of spend (Fader, Hardie 2013): the value of a purchase is gamma distributed, with shape p, around a mean that differs among customers by q and gamma. x: repeat purchases, whole; m_x: their mean value. Customers with x = 0 are ignored; those with m_x <= 0 are left out and counted in excluded; rows with a null x, or a null m_x where x > 0, are skipped. NaN, infinity, x < 0 or not whole: error 22023. By maximum likelihood; the same to the last digit in any order and plan. No rows: null. Where the data do not determine the parameters, or the likelihood has its maximum at a limit, the status of the model says so. Memory: 43 to 86 bytes a distinct history; more than 12,582,912 of them: error 54000.';

CREATE AGGREGATE custseg.gamma_gamma_fit(x float8, m_x float8, start custseg.spend_model, prior float8) (
    SFUNC = custseg.gamma_gamma_fit_accum,
    STYPE = custseg.lifetime_state,
    SSPACE = 4096,
    COMBINEFUNC = custseg.lifetime_state_combine,
    FINALFUNC = custseg.spend_fit_final,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE custseg.gamma_gamma_fit(float8, float8, custseg.spend_model, float8) IS
'As gamma_gamma_fit(x, m_x), from a given start or with a weak prior. start: a model of the same kind to start from, such as that of yesterday; null for none. prior: the precision of a normal prior on the logarithm of each parameter around that of start (without, of a usual value); 0 or null for none, 1 is weak. Options must be the same in all rows of a group, otherwise error 22023.';

CREATE AGGREGATE custseg.gamma_gamma_fit(purchases custseg.purchases) (
    SFUNC = custseg.gamma_gamma_fit_accum,
    STYPE = custseg.lifetime_state,
    SSPACE = 4096,
    COMBINEFUNC = custseg.lifetime_state_combine,
    FINALFUNC = custseg.spend_fit_final,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE custseg.gamma_gamma_fit(custseg.purchases) IS
'As gamma_gamma_fit(x, m_x), from summaries of purchases. purchases: a summary of each customer; x = purchase days less 1, m_x = repeat_value(purchases). Null is skipped; customers with one purchase day are ignored; those without any, or with m_x <= 0, are left out and counted in excluded.';

CREATE AGGREGATE custseg.gamma_gamma_fit(purchases custseg.purchases, start custseg.spend_model, prior float8) (
    SFUNC = custseg.gamma_gamma_fit_accum,
    STYPE = custseg.lifetime_state,
    SSPACE = 4096,
    COMBINEFUNC = custseg.lifetime_state_combine,
    FINALFUNC = custseg.spend_fit_final,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE custseg.gamma_gamma_fit(custseg.purchases, custseg.spend_model, float8) IS
'As gamma_gamma_fit(purchases), from a given start or with a weak prior. purchases: a summary of each customer; x = purchase days less 1, m_x = repeat_value(purchases). Null is skipped; customers with one purchase day are ignored; those without any, or with m_x <= 0, are left out and counted in excluded. start: a model of the same kind to start from, such as that of yesterday; null for none. prior: the precision of a normal prior on the logarithm of each parameter around that of start (without, of a usual value); 0 or null for none, 1 is weak. Options must be the same in all rows of a group, otherwise error 22023.';

CREATE AGGREGATE custseg.sbg_fit(period int, survivors float8) (
    SFUNC = custseg.sbg_fit_accum,
    STYPE = custseg.lifetime_state,
    SSPACE = 4096,
    COMBINEFUNC = custseg.lifetime_state_combine,
    FINALFUNC = custseg.lifetime_fit_final,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE custseg.sbg_fit(int, float8) IS
'Fits the shifted beta-geometric model of contracts (Fader, Hardie 2007): at each renewal a customer leaves with a probability of their own, beta(alpha, beta) over customers. One row for each period from 0, the start, on: survivors is the number of customers who are left; rows of the same period are added up. A period that is missing, or survivors that increase: error 22023. Rows with a null are skipped. By maximum likelihood; the same to the last digit in any order and plan. No rows: null. Where the data do not determine the parameters, or the likelihood has its maximum at a limit, the status of the model says so.';

CREATE AGGREGATE custseg.sbg_fit(period int, survivors float8, start custseg.lifetime_model, prior float8) (
    SFUNC = custseg.sbg_fit_accum,
    STYPE = custseg.lifetime_state,
    SSPACE = 4096,
    COMBINEFUNC = custseg.lifetime_state_combine,
    FINALFUNC = custseg.lifetime_fit_final,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE custseg.sbg_fit(int, float8, custseg.lifetime_model, float8) IS
'As sbg_fit(period, survivors), from a given start or with a weak prior. start: a model of the same kind to start from, such as that of yesterday; null for none. prior: the precision of a normal prior on the logarithm of each parameter around that of start (without, of a usual value); 0 or null for none, 1 is weak. Options must be the same in all rows of a group, otherwise error 22023.';

CREATE AGGREGATE custseg.bgbb_fit(x float8, t_x float8, n float8) (
    SFUNC = custseg.bgbb_fit_accum,
    STYPE = custseg.lifetime_state,
    SSPACE = 4096,
    COMBINEFUNC = custseg.lifetime_state_combine,
    FINALFUNC = custseg.lifetime_fit_final,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE custseg.bgbb_fit(float8, float8, float8) IS
'Fits the BG/BB model (Fader, Hardie, Shang 2010): at each of n opportunities a customer who is still there buys with a probability of their own, beta(alpha, beta) over customers, and before each leaves with a probability that is beta(gamma, delta). x: opportunities taken; t_x: the number of the last that was taken, 0 for none; n: opportunities; whole, 0 <= x <= t_x <= n, and t_x = 0 exactly where x = 0, otherwise error 22023. Rows with a null are skipped; customers with n = 0 are left out and counted in excluded. By maximum likelihood; the same to the last digit in any order and plan. No rows: null. Where the data do not determine the parameters, or the likelihood has its maximum at a limit, the status of the model says so. Memory: 43 to 86 bytes a distinct history; more than 12,582,912 of them: error 54000.';

CREATE AGGREGATE custseg.bgbb_fit(x float8, t_x float8, n float8, customers bigint) (
    SFUNC = custseg.bgbb_fit_accum,
    STYPE = custseg.lifetime_state,
    SSPACE = 4096,
    COMBINEFUNC = custseg.lifetime_state_combine,
    FINALFUNC = custseg.lifetime_fit_final,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE custseg.bgbb_fit(float8, float8, float8, bigint) IS
'As bgbb_fit(x, t_x, n), of rows that stand for a number of equal customers each. customers: 0 or more, otherwise error 22023; rows where it is null or 0 are skipped.';

CREATE AGGREGATE custseg.bgbb_fit(x float8, t_x float8, n float8, customers bigint, start custseg.lifetime_model, prior float8) (
    SFUNC = custseg.bgbb_fit_accum,
    STYPE = custseg.lifetime_state,
    SSPACE = 4096,
    COMBINEFUNC = custseg.lifetime_state_combine,
    FINALFUNC = custseg.lifetime_fit_final,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE custseg.bgbb_fit(float8, float8, float8, bigint, custseg.lifetime_model, float8) IS
'As bgbb_fit(x, t_x, n, customers), from a given start or with a weak prior. start: a model of the same kind to start from, such as that of yesterday; null for none. prior: the precision of a normal prior on the logarithm of each parameter around that of start (without, of a usual value); 0 or null for none, 1 is weak. Options must be the same in all rows of a group, otherwise error 22023.';
