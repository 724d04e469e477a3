\echo Use "ALTER EXTENSION custseg UPDATE" to load this file. \quit

-- Customer lifetime value: everything is added, nothing of earlier versions changes.

COMMENT ON SCHEMA custseg IS
'Customer analytics: purchase summaries, RFM, scoring models, lifetime value, segmentations, tiers, allocation.';
COMMENT ON EXTENSION custseg IS
'score, segment, value and tier customers where the data is, and divide budgets and people among them';

-- Fitted models of customer lifetime and of spend: lifetime_model, spend_model.

CREATE TYPE custseg.lifetime_model;

CREATE FUNCTION custseg.lifetime_model_in(cstring) RETURNS custseg.lifetime_model
AS 'MODULE_PATHNAME', 'custseg_lifetime_model_in' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION custseg.lifetime_model_in(cstring) IS
'Input function of lifetime_model. Anything but a well-formed text: error 22P02.';

CREATE FUNCTION custseg.lifetime_model_out(custseg.lifetime_model) RETURNS cstring
AS 'MODULE_PATHNAME', 'custseg_lifetime_model_out' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION custseg.lifetime_model_out(custseg.lifetime_model) IS
'Output function of lifetime_model.';

CREATE FUNCTION custseg.lifetime_model_recv(internal) RETURNS custseg.lifetime_model
AS 'MODULE_PATHNAME', 'custseg_lifetime_model_recv' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION custseg.lifetime_model_recv(internal) IS
'Binary input function of lifetime_model. Anything but a well-formed message: error 22P03.';

CREATE FUNCTION custseg.lifetime_model_send(custseg.lifetime_model) RETURNS bytea
AS 'MODULE_PATHNAME', 'custseg_lifetime_model_send' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION custseg.lifetime_model_send(custseg.lifetime_model) IS
'Binary output function of lifetime_model.';

CREATE TYPE custseg.lifetime_model (
    INPUT = custseg.lifetime_model_in,
    OUTPUT = custseg.lifetime_model_out,
    RECEIVE = custseg.lifetime_model_recv,
    SEND = custseg.lifetime_model_send,
    INTERNALLENGTH = VARIABLE,
    ALIGNMENT = double,
    STORAGE = extended
);
COMMENT ON TYPE custseg.lifetime_model IS
'When customers buy, and when they leave: of kind bgnbd, pareto_nbd, mbgnbd, sbg or bgbb, fitted by bgnbd_fit, pareto_nbd_fit, mbgnbd_fit, sbg_fit or bgbb_fit. Text form: {"version":1,"kind":"bgnbd","status":"converged","unit":"week","customers":2357,"excluded":0,"iterations":9,"loglik":-9582.4,"aic":19172.8,"bic":19195.9,"parameters":{"r":0.243,"alpha":4.414,"a":0.793,"b":2.426},"covariance":[[..],[..,..],..]}, the covariance as lower triangle, "direction" when the status is degenerate, "prior" when there was one. Published parameters can be typed in: {"kind":"bgnbd","unit":"week","parameters":{"r":0.243,"alpha":4.414,"a":0.793,"b":2.426}}. Parameters are positive; unit is day, week, month or year, null for numbers without a unit, and none in sbg and bgbb.';

CREATE FUNCTION custseg.lifetime_model_to_jsonb(custseg.lifetime_model) RETURNS jsonb
AS 'MODULE_PATHNAME', 'custseg_lifetime_model_to_jsonb' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION custseg.lifetime_model_to_jsonb(custseg.lifetime_model) IS
'lifetime_model as jsonb, with the keys of its text form.';

CREATE CAST (custseg.lifetime_model AS jsonb) WITH FUNCTION custseg.lifetime_model_to_jsonb(custseg.lifetime_model);
COMMENT ON CAST (custseg.lifetime_model AS jsonb) IS
'lifetime_model as jsonb, with the keys of its text form.';

CREATE FUNCTION custseg.lifetime_model_parameter(model custseg.lifetime_model, parameter text) RETURNS float8
AS 'MODULE_PATHNAME', 'custseg_lifetime_model_parameter' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION custseg.lifetime_model_parameter(custseg.lifetime_model, text) IS
'A number of a model: the parameters, r, alpha, a and b of bgnbd and mbgnbd, r, alpha, s and beta of pareto_nbd, alpha and beta of sbg, alpha, beta, gamma and delta of bgbb (null for those of another kind); loglik, aic and bic (of models with customers, otherwise null), customers (that were fitted), excluded (that were left out), prior (null without) and iterations. Parameters are null in a model that is not identified. Behind the operator model -> parameter. Any other name: error 22023.';

CREATE OPERATOR custseg.-> (LEFTARG = custseg.lifetime_model, RIGHTARG = text, FUNCTION = custseg.lifetime_model_parameter);
COMMENT ON OPERATOR custseg.-> (custseg.lifetime_model, text) IS 'number of a model';

CREATE FUNCTION custseg.lifetime_model_field(model custseg.lifetime_model, field text) RETURNS text
AS 'MODULE_PATHNAME', 'custseg_lifetime_model_field' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION custseg.lifetime_model_field(custseg.lifetime_model, text) IS
'What a model has under a key, as text: kind, status (converged, degenerate or not_identified), direction (where the likelihood of a degenerate fit goes, otherwise null), unit (null without), version, parameters and covariance (as JSON), and every number of model -> key. Behind the operator model ->> field. Any other name: error 22023.';

CREATE OPERATOR custseg.->> (LEFTARG = custseg.lifetime_model, RIGHTARG = text, FUNCTION = custseg.lifetime_model_field);
COMMENT ON OPERATOR custseg.->> (custseg.lifetime_model, text) IS 'field of a model as text';

CREATE FUNCTION custseg.standard_error(model custseg.lifetime_model, parameter text) RETURNS float8
AS 'MODULE_PATHNAME', 'custseg_standard_error' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION custseg.standard_error(custseg.lifetime_model, text) IS
'The standard error of a parameter, from the curvature of the log-likelihood at its maximum. Null for models without covariance (degenerate, not identified or typed in) and for a parameter of another kind. Any other name: error 22023.';

CREATE FUNCTION custseg.covariance(model custseg.lifetime_model, a text, b text) RETURNS float8
AS 'MODULE_PATHNAME', 'custseg_covariance' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION custseg.covariance(custseg.lifetime_model, text, text) IS
'The covariance of the estimates of two parameters, a and b; of the same one, its variance. Null for models without covariance (degenerate, not identified or typed in) and for a parameter of another kind. Any other name: error 22023.';

CREATE TYPE custseg.spend_model;

CREATE FUNCTION custseg.spend_model_in(cstring) RETURNS custseg.spend_model
AS 'MODULE_PATHNAME', 'custseg_spend_model_in' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION custseg.spend_model_in(cstring) IS
'Input function of spend_model. Anything but a well-formed text: error 22P02.';

CREATE FUNCTION custseg.spend_model_out(custseg.spend_model) RETURNS cstring
AS 'MODULE_PATHNAME', 'custseg_spend_model_out' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION custseg.spend_model_out(custseg.spend_model) IS
'Output function of spend_model.';

CREATE FUNCTION custseg.spend_model_recv(internal) RETURNS custseg.spend_model
AS 'MODULE_PATHNAME', 'custseg_spend_model_recv' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION custseg.spend_model_recv(internal) IS
'Binary input function of spend_model. Anything but a well-formed message: error 22P03.';

CREATE FUNCTION custseg.spend_model_send(custseg.spend_model) RETURNS bytea
AS 'MODULE_PATHNAME', 'custseg_spend_model_send' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION custseg.spend_model_send(custseg.spend_model) IS
'Binary output function of spend_model.';

CREATE TYPE custseg.spend_model (
    INPUT = custseg.spend_model_in,
    OUTPUT = custseg.spend_model_out,
    RECEIVE = custseg.spend_model_recv,
    SEND = custseg.spend_model_send,
    INTERNALLENGTH = VARIABLE,
    ALIGNMENT = double,
    STORAGE = extended
);
COMMENT ON TYPE custseg.spend_model IS
'What a purchase of a customer is worth: of kind gamma_gamma, fitted by gamma_gamma_fit. Text form: {"version":1,"kind":"gamma_gamma","status":"converged","customers":946,"excluded":0,"iterations":9,"loglik":-4055.9,"aic":8117.8,"bic":8132.4,"parameters":{"p":6.25,"q":3.744,"gamma":15.44},"covariance":[[..],[..,..],[..,..,..]]}, the covariance as lower triangle, "direction" when the status is degenerate, "prior" when there was one. Published parameters can be typed in: {"kind":"gamma_gamma","parameters":{"p":6.25,"q":3.74,"gamma":15.44}}. Parameters are positive.';

CREATE FUNCTION custseg.spend_model_to_jsonb(custseg.spend_model) RETURNS jsonb
AS 'MODULE_PATHNAME', 'custseg_spend_model_to_jsonb' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION custseg.spend_model_to_jsonb(custseg.spend_model) IS
'spend_model as jsonb, with the keys of its text form.';

CREATE CAST (custseg.spend_model AS jsonb) WITH FUNCTION custseg.spend_model_to_jsonb(custseg.spend_model);
COMMENT ON CAST (custseg.spend_model AS jsonb) IS
'spend_model as jsonb, with the keys of its text form.';

CREATE FUNCTION custseg.spend_model_parameter(model custseg.spend_model, parameter text) RETURNS float8
AS 'MODULE_PATHNAME', 'custseg_spend_model_parameter' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION custseg.spend_model_parameter(custseg.spend_model, text) IS
'A number of a model: the parameters p, q and gamma; loglik, aic and bic (of models with customers, otherwise null), customers (that were fitted), excluded (that were left out), prior (null without) and iterations. Parameters are null in a model that is not identified. Behind the operator model -> parameter. Any other name: error 22023.';

CREATE OPERATOR custseg.-> (LEFTARG = custseg.spend_model, RIGHTARG = text, FUNCTION = custseg.spend_model_parameter);
COMMENT ON OPERATOR custseg.-> (custseg.spend_model, text) IS 'number of a model';

CREATE FUNCTION custseg.spend_model_field(model custseg.spend_model, field text) RETURNS text
AS 'MODULE_PATHNAME', 'custseg_spend_model_field' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION custseg.spend_model_field(custseg.spend_model, text) IS
'What a model has under a key, as text: kind, status (converged, degenerate or not_identified), direction (where the likelihood of a degenerate fit goes, otherwise null), unit (null without), version, parameters and covariance (as JSON), and every number of model -> key. Behind the operator model ->> field. Any other name: error 22023.';

CREATE OPERATOR custseg.->> (LEFTARG = custseg.spend_model, RIGHTARG = text, FUNCTION = custseg.spend_model_field);
COMMENT ON OPERATOR custseg.->> (custseg.spend_model, text) IS 'field of a model as text';

CREATE FUNCTION custseg.standard_error(model custseg.spend_model, parameter text) RETURNS float8
AS 'MODULE_PATHNAME', 'custseg_standard_error_spend' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION custseg.standard_error(custseg.spend_model, text) IS
'The standard error of a parameter, from the curvature of the log-likelihood at its maximum. Null for models without covariance (degenerate, not identified or typed in) and for a parameter of another kind. Any other name: error 22023.';

CREATE FUNCTION custseg.covariance(model custseg.spend_model, a text, b text) RETURNS float8
AS 'MODULE_PATHNAME', 'custseg_covariance_spend' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION custseg.covariance(custseg.spend_model, text, text) IS
'The covariance of the estimates of two parameters, a and b; of the same one, its variance. Null for models without covariance (degenerate, not identified or typed in) and for a parameter of another kind. Any other name: error 22023.';

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

-- What models of customer lifetime predict: p_alive, expected_purchases, purchase_probability, expected_spend, clv,
-- dert, residual_lifetime, survival, retention_rate, each with its standard error, and loglik.

-- Alive: will buy again, if time allows.

CREATE FUNCTION custseg.p_alive(model custseg.lifetime_model, x float8, t_x float8, age float8, unit text DEFAULT NULL) RETURNS float8
AS 'MODULE_PATHNAME', 'custseg_p_alive' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 20;
COMMENT ON FUNCTION custseg.p_alive(custseg.lifetime_model, float8, float8, float8, text) IS
'Probability that a customer is still one, from 0 to 1. x: repeat purchases, a whole number (purchase days less 1); t_x: time from the first purchase to the last, 0 when x is 0; age: time from the first purchase to now; for a model of kind bgbb, opportunities that were taken, the last of them (0: none), and all there were. Times are in the unit of time of the model. unit: day, week, month or year, which the model must be in, otherwise error 22023; NULL asserts nothing. NULL in any other argument: NULL. Models of kind bgnbd (where a customer without repeat purchase is alive for certain), mbgnbd, pareto_nbd, bgbb. x negative or no whole number, t_x negative or above age, x = 0 with t_x above 0, NaN, infinity, a model of another kind or without parameters: error 22023. Source: Fader, Hardie, Lee 2005; Batislam, Denizel, Filiztekin 2007; Schmittlein, Morrison, Colombo 1987; Fader, Hardie, Shang 2010.';

CREATE FUNCTION custseg.p_alive_se(model custseg.lifetime_model, x float8, t_x float8, age float8, unit text DEFAULT NULL) RETURNS float8
AS 'MODULE_PATHNAME', 'custseg_p_alive_se' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 300;
COMMENT ON FUNCTION custseg.p_alive_se(custseg.lifetime_model, float8, float8, float8, text) IS
'Standard error of p_alive(model, x, t_x, age, unit): what the uncertainty of the parameters makes of the expectation, by the delta method with the covariance of the model; it says nothing about how customers with the same expectation differ. A model without covariance (typed in, or degenerate): NULL. Arguments and errors are the same.';

CREATE FUNCTION custseg.p_alive(model custseg.lifetime_model, p custseg.purchases, as_of date) RETURNS float8
AS 'MODULE_PATHNAME', 'custseg_p_alive_purchases' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 20;
COMMENT ON FUNCTION custseg.p_alive(custseg.lifetime_model, custseg.purchases, date) IS
'Probability that a customer is still one, from 0 to 1: p_alive(model, x, t_x, age) of the history in p. p: purchases of the customer; as_of: the day up to which they were seen, not before the last of them (otherwise error 22023). The model must have a unit of time, otherwise error 22023. Without a purchase, or with a NULL: NULL.';

CREATE FUNCTION custseg.p_alive_se(model custseg.lifetime_model, p custseg.purchases, as_of date) RETURNS float8
AS 'MODULE_PATHNAME', 'custseg_p_alive_se_purchases' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 300;
COMMENT ON FUNCTION custseg.p_alive_se(custseg.lifetime_model, custseg.purchases, date) IS
'Standard error of p_alive(model, p, as_of): what the uncertainty of the parameters makes of the expectation, by the delta method with the covariance of the model; it says nothing about how customers with the same expectation differ. A model without covariance (typed in, or degenerate): NULL. Arguments and errors are the same.';

-- Purchases in a time to come.

CREATE FUNCTION custseg.expected_purchases(
    model custseg.lifetime_model, x float8, t_x float8, age float8, horizon float8, unit text DEFAULT NULL) RETURNS float8
AS 'MODULE_PATHNAME', 'custseg_expected_purchases' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 50;
COMMENT ON FUNCTION custseg.expected_purchases(custseg.lifetime_model, float8, float8, float8, float8, text) IS
'Purchases that are expected from a customer within a horizon from now. x: repeat purchases, a whole number (purchase days less 1); t_x: time from the first purchase to the last, 0 when x is 0; age: time from the first purchase to now; for a model of kind bgbb, opportunities that were taken, the last of them (0: none), and all there were. horizon: time from now, finite and at least 0, of a model of kind bgbb a whole number of opportunities. Times are in the unit of time of the model. unit: day, week, month or year, which the model must be in, otherwise error 22023; NULL asserts nothing. NULL in any other argument: NULL. Models of kind bgnbd, mbgnbd, pareto_nbd, bgbb. x negative or no whole number, t_x negative or above age, x = 0 with t_x above 0, NaN, infinity, a model of another kind or without parameters: error 22023. A result beyond float8: error 22003.';

CREATE FUNCTION custseg.expected_purchases_se(
    model custseg.lifetime_model, x float8, t_x float8, age float8, horizon float8, unit text DEFAULT NULL) RETURNS float8
AS 'MODULE_PATHNAME', 'custseg_expected_purchases_se' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION custseg.expected_purchases_se(custseg.lifetime_model, float8, float8, float8, float8, text) IS
'Standard error of expected_purchases(model, x, t_x, age, horizon, unit): what the uncertainty of the parameters makes of the expectation, by the delta method with the covariance of the model; it says nothing about how customers with the same expectation differ. A model without covariance (typed in, or degenerate): NULL. Arguments and errors are the same.';

CREATE FUNCTION custseg.expected_purchases(
    model custseg.lifetime_model, p custseg.purchases, as_of date, horizon float8, unit text DEFAULT NULL) RETURNS float8
AS 'MODULE_PATHNAME', 'custseg_expected_purchases_purchases' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 50;
COMMENT ON FUNCTION custseg.expected_purchases(custseg.lifetime_model, custseg.purchases, date, float8, text) IS
'Purchases that are expected from a customer within a horizon from as_of: expected_purchases(model, x, t_x, age, horizon) of the history in p. p: purchases of the customer; as_of: the day up to which they were seen, not before the last of them (otherwise error 22023). The model must have a unit of time, otherwise error 22023. Without a purchase, or with a NULL: NULL. horizon: time from now, finite and at least 0, in the unit of the model, which unit asserts.';

CREATE FUNCTION custseg.expected_purchases_se(
    model custseg.lifetime_model, p custseg.purchases, as_of date, horizon float8, unit text DEFAULT NULL) RETURNS float8
AS 'MODULE_PATHNAME', 'custseg_expected_purchases_se_purchases' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION custseg.expected_purchases_se(custseg.lifetime_model, custseg.purchases, date, float8, text) IS
'Standard error of expected_purchases(model, p, as_of, horizon, unit): what the uncertainty of the parameters makes of the expectation, by the delta method with the covariance of the model; it says nothing about how customers with the same expectation differ. A model without covariance (typed in, or degenerate): NULL. Arguments and errors are the same.';

CREATE FUNCTION custseg.expected_purchases_new(model custseg.lifetime_model, horizon float8, unit text DEFAULT NULL) RETURNS float8
AS 'MODULE_PATHNAME', 'custseg_expected_purchases_new' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 50;
COMMENT ON FUNCTION custseg.expected_purchases_new(custseg.lifetime_model, float8, text) IS
'Repeat purchases that are expected from a new customer within a horizon after the first purchase. horizon: time from now, finite and at least 0, of a model of kind bgbb a whole number of opportunities. Times are in the unit of time of the model. unit: day, week, month or year, which the model must be in, otherwise error 22023; NULL asserts nothing. NULL in any other argument: NULL. Models of kind bgnbd, mbgnbd, pareto_nbd, bgbb; another one, or one without parameters: error 22023.';

CREATE FUNCTION custseg.expected_purchases_new_se(model custseg.lifetime_model, horizon float8, unit text DEFAULT NULL) RETURNS float8
AS 'MODULE_PATHNAME', 'custseg_expected_purchases_new_se' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION custseg.expected_purchases_new_se(custseg.lifetime_model, float8, text) IS
'Standard error of expected_purchases_new(model, horizon, unit): what the uncertainty of the parameters makes of the expectation, by the delta method with the covariance of the model; it says nothing about how customers with the same expectation differ. A model without covariance (typed in, or degenerate): NULL. Arguments and errors are the same.';

CREATE FUNCTION custseg.purchase_probability(
    model custseg.lifetime_model, x float8, t_x float8, age float8, horizon float8, n int,
    unit text DEFAULT NULL) RETURNS float8
AS 'MODULE_PATHNAME', 'custseg_purchase_probability' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 100;
COMMENT ON FUNCTION custseg.purchase_probability(custseg.lifetime_model, float8, float8, float8, float8, int, text) IS
'Probability that a customer makes exactly n purchases within a horizon from now. x: repeat purchases, a whole number (purchase days less 1); t_x: time from the first purchase to the last, 0 when x is 0; age: time from the first purchase to now; for a model of kind bgbb, opportunities that were taken, the last of them (0: none), and all there were. horizon: time from now, finite and at least 0, of a model of kind bgbb a whole number of opportunities. n: at least 0. Times are in the unit of time of the model. unit: day, week, month or year, which the model must be in, otherwise error 22023; NULL asserts nothing. NULL in any other argument: NULL. Models of kind bgnbd, mbgnbd, pareto_nbd, bgbb. x negative or no whole number, t_x negative or above age, x = 0 with t_x above 0, NaN, infinity, a model of another kind or without parameters: error 22023.';

CREATE FUNCTION custseg.purchase_probability_se(
    model custseg.lifetime_model, x float8, t_x float8, age float8, horizon float8, n int,
    unit text DEFAULT NULL) RETURNS float8
AS 'MODULE_PATHNAME', 'custseg_purchase_probability_se' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 2000;
COMMENT ON FUNCTION custseg.purchase_probability_se(custseg.lifetime_model, float8, float8, float8, float8, int, text) IS
'Standard error of purchase_probability(model, x, t_x, age, horizon, n, unit): what the uncertainty of the parameters makes of the expectation, by the delta method with the covariance of the model; it says nothing about how customers with the same expectation differ. A model without covariance (typed in, or degenerate): NULL. Arguments and errors are the same.';

CREATE FUNCTION custseg.purchase_probability(
    model custseg.lifetime_model, p custseg.purchases, as_of date, horizon float8, n int,
    unit text DEFAULT NULL) RETURNS float8
AS 'MODULE_PATHNAME', 'custseg_purchase_probability_purchases' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 100;
COMMENT ON FUNCTION custseg.purchase_probability(custseg.lifetime_model, custseg.purchases, date, float8, int, text) IS
'Probability that a customer makes exactly n purchases within a horizon from as_of: purchase_probability(model, x, t_x, age, horizon, n) of the history in p. p: purchases of the customer; as_of: the day up to which they were seen, not before the last of them (otherwise error 22023). The model must have a unit of time, otherwise error 22023. Without a purchase, or with a NULL: NULL. horizon: time from now, finite and at least 0, in the unit of the model, which unit asserts. n: at least 0.';

CREATE FUNCTION custseg.purchase_probability_se(
    model custseg.lifetime_model, p custseg.purchases, as_of date, horizon float8, n int,
    unit text DEFAULT NULL) RETURNS float8
AS 'MODULE_PATHNAME', 'custseg_purchase_probability_se_purchases' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 2000;
COMMENT ON FUNCTION custseg.purchase_probability_se(custseg.lifetime_model, custseg.purchases, date, float8, int, text) IS
'Standard error of purchase_probability(model, p, as_of, horizon, n, unit): what the uncertainty of the parameters makes of the expectation, by the delta method with the covariance of the model; it says nothing about how customers with the same expectation differ. A model without covariance (typed in, or degenerate): NULL. Arguments and errors are the same.';

CREATE FUNCTION custseg.purchase_probability_new(model custseg.lifetime_model, horizon float8, n int, unit text DEFAULT NULL) RETURNS float8
AS 'MODULE_PATHNAME', 'custseg_purchase_probability_new' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 100;
COMMENT ON FUNCTION custseg.purchase_probability_new(custseg.lifetime_model, float8, int, text) IS
'Probability that a new customer makes exactly n repeat purchases within a horizon after the first purchase. horizon: time from now, finite and at least 0, of a model of kind bgbb a whole number of opportunities. n: at least 0. Times are in the unit of time of the model. unit: day, week, month or year, which the model must be in, otherwise error 22023; NULL asserts nothing. NULL in any other argument: NULL. Models of kind bgnbd, mbgnbd, pareto_nbd, bgbb; another one, or one without parameters: error 22023.';

CREATE FUNCTION custseg.purchase_probability_new_se(model custseg.lifetime_model, horizon float8, n int, unit text DEFAULT NULL) RETURNS float8
AS 'MODULE_PATHNAME', 'custseg_purchase_probability_new_se' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 2000;
COMMENT ON FUNCTION custseg.purchase_probability_new_se(custseg.lifetime_model, float8, int, text) IS
'Standard error of purchase_probability_new(model, horizon, n, unit): what the uncertainty of the parameters makes of the expectation, by the delta method with the covariance of the model; it says nothing about how customers with the same expectation differ. A model without covariance (typed in, or degenerate): NULL. Arguments and errors are the same.';

-- Value.

CREATE FUNCTION custseg.expected_spend(model custseg.spend_model, x float8, m_x float8) RETURNS float8
AS 'MODULE_PATHNAME', 'custseg_expected_spend' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 5;
COMMENT ON FUNCTION custseg.expected_spend(custseg.spend_model, float8, float8) IS
'Expected value of a purchase of a customer: between the mean of the customer and that of all, the nearer to the former the more purchases there are; p (gamma + x m_x) / (p x + q - 1). x: repeat purchases, a whole number; m_x: the mean of their values, above 0, which is not read where x is 0. x > 0 without m_x, or another NULL: NULL. A model without mean, q at most 1 - p x: error 22023. x or m_x outside their range: error 22023. Source: Fader, Hardie, The Gamma-Gamma Model of Monetary Value, 2013.';

CREATE FUNCTION custseg.expected_spend_se(model custseg.spend_model, x float8, m_x float8) RETURNS float8
AS 'MODULE_PATHNAME', 'custseg_expected_spend_se' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 5;
COMMENT ON FUNCTION custseg.expected_spend_se(custseg.spend_model, float8, float8) IS
'Standard error of expected_spend(model, x, m_x): what the uncertainty of the parameters makes of the expectation, by the delta method with the covariance of the model; it says nothing about how customers with the same expectation differ. A model without covariance (typed in, or degenerate): NULL. Arguments and errors are the same.';

CREATE FUNCTION custseg.expected_spend(model custseg.spend_model, p custseg.purchases) RETURNS float8
AS 'MODULE_PATHNAME', 'custseg_expected_spend_purchases' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 5;
COMMENT ON FUNCTION custseg.expected_spend(custseg.spend_model, custseg.purchases) IS
'Expected value of a purchase of a customer: expected_spend(model, repeat_purchases(p), repeat_value(p)). Without a purchase, or where all repeat purchases were free: NULL. NULL in any argument: NULL.';

CREATE FUNCTION custseg.expected_spend_se(model custseg.spend_model, p custseg.purchases) RETURNS float8
AS 'MODULE_PATHNAME', 'custseg_expected_spend_se_purchases' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 5;
COMMENT ON FUNCTION custseg.expected_spend_se(custseg.spend_model, custseg.purchases) IS
'Standard error of expected_spend(model, p): what the uncertainty of the parameters makes of the expectation, by the delta method with the covariance of the model; it says nothing about how customers with the same expectation differ. A model without covariance (typed in, or degenerate): NULL. Arguments and errors are the same.';

CREATE FUNCTION custseg.clv(
    purchase_model custseg.lifetime_model, spend_model custseg.spend_model, x float8, t_x float8, age float8,
    m_x float8, horizon float8, discount float8 DEFAULT 0, margin float8 DEFAULT 1,
    compounding text DEFAULT 'period', unit text DEFAULT NULL) RETURNS float8
AS 'MODULE_PATHNAME', 'custseg_clv' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 500;
COMMENT ON FUNCTION custseg.clv(custseg.lifetime_model, custseg.spend_model, float8, float8, float8, float8, float8, float8, float8, text, text) IS
'Customer lifetime value: margin times the expected value of a purchase times the purchases that are expected within a horizon from now, each discounted to now. x: repeat purchases, a whole number (purchase days less 1); t_x: time from the first purchase to the last, 0 when x is 0; age: time from the first purchase to now; for a model of kind bgbb, opportunities that were taken, the last of them (0: none), and all there were; m_x: mean value of the repeat purchases, above 0, not read where x is 0. horizon: time from now, finite and at least 0, of a model of kind bgbb a whole number of opportunities. discount: per unit of time of the model, finite and at least 0, 0.1 for 10 percent. margin: the part of a purchase that is profit, finite and at least 0. compounding: period counts purchases at the end of their unit of time, at (1 + discount)^-i for the i-th and at (1 + discount)^-horizon in a last one that is not whole; continuous counts them when they are made, at exp(-discount t) (discount is then a rate; for opportunities, of bgbb, at exp(-discount i)). Times are in the unit of time of the model. unit: day, week, month or year, which the model must be in, otherwise error 22023; NULL asserts nothing. x > 0 without m_x, or NULL in another argument: NULL. Purchase models of kind bgnbd, mbgnbd, pareto_nbd, bgbb. x negative or no whole number, t_x negative or above age, x = 0 with t_x above 0, NaN, infinity, a model of another kind or without parameters: error 22023. So is a spend model without mean. A result beyond float8: error 22003. A discount other than 0 over more than a million opportunities: error 54000.';

CREATE FUNCTION custseg.clv_se(
    purchase_model custseg.lifetime_model, spend_model custseg.spend_model, x float8, t_x float8, age float8,
    m_x float8, horizon float8, discount float8 DEFAULT 0, margin float8 DEFAULT 1,
    compounding text DEFAULT 'period', unit text DEFAULT NULL) RETURNS float8
AS 'MODULE_PATHNAME', 'custseg_clv_se' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 10000;
COMMENT ON FUNCTION custseg.clv_se(custseg.lifetime_model, custseg.spend_model, float8, float8, float8, float8, float8, float8, float8, text, text) IS
'Standard error of clv(purchase_model, spend_model, x, t_x, age, m_x, horizon, discount, margin, compounding, unit): what the uncertainty of the parameters makes of the expectation, by the delta method with the covariance of the model; it says nothing about how customers with the same expectation differ. A model without covariance (typed in, or degenerate): NULL. Arguments and errors are the same. The two models are taken as independent; one without covariance: NULL.';

CREATE FUNCTION custseg.clv(
    purchase_model custseg.lifetime_model, spend_model custseg.spend_model, p custseg.purchases, as_of date,
    horizon float8, discount float8 DEFAULT 0, margin float8 DEFAULT 1, compounding text DEFAULT 'period',
    unit text DEFAULT NULL) RETURNS float8
AS 'MODULE_PATHNAME', 'custseg_clv_purchases' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 500;
COMMENT ON FUNCTION custseg.clv(custseg.lifetime_model, custseg.spend_model, custseg.purchases, date, float8, float8, float8, text, text) IS
'Customer lifetime value as of a day: clv(purchase_model, spend_model, x, t_x, age, m_x, horizon, discount, margin, compounding) of the history in p. p: purchases of the customer; as_of: the day up to which they were seen, not before the last of them (otherwise error 22023). The model must have a unit of time, otherwise error 22023. Without a purchase, or with a NULL: NULL. Where all repeat purchases were free: NULL. horizon: time from now, finite and at least 0, in the unit of the model, which unit asserts. discount: per unit of time of the model, finite and at least 0, 0.1 for 10 percent. margin: the part of a purchase that is profit, finite and at least 0. compounding: period counts purchases at the end of their unit of time, at (1 + discount)^-i for the i-th and at (1 + discount)^-horizon in a last one that is not whole; continuous counts them when they are made, at exp(-discount t) (discount is then a rate; for opportunities, of bgbb, at exp(-discount i)). ';

CREATE FUNCTION custseg.clv_se(
    purchase_model custseg.lifetime_model, spend_model custseg.spend_model, p custseg.purchases, as_of date,
    horizon float8, discount float8 DEFAULT 0, margin float8 DEFAULT 1, compounding text DEFAULT 'period',
    unit text DEFAULT NULL) RETURNS float8
AS 'MODULE_PATHNAME', 'custseg_clv_se_purchases' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 10000;
COMMENT ON FUNCTION custseg.clv_se(custseg.lifetime_model, custseg.spend_model, custseg.purchases, date, float8, float8, float8, text, text) IS
'Standard error of clv(purchase_model, spend_model, p, as_of, horizon, discount, margin, compounding, unit): what the uncertainty of the parameters makes of the expectation, by the delta method with the covariance of the model; it says nothing about how customers with the same expectation differ. A model without covariance (typed in, or degenerate): NULL. Arguments and errors are the same. The two models are taken as independent; one without covariance: NULL.';

CREATE FUNCTION custseg.dert(
    model custseg.lifetime_model, x float8, t_x float8, age float8, discount float8, unit text DEFAULT NULL) RETURNS float8
AS 'MODULE_PATHNAME', 'custseg_dert' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 50;
COMMENT ON FUNCTION custseg.dert(custseg.lifetime_model, float8, float8, float8, float8, text) IS
'Discounted expected residual transactions: all purchases that are expected from a customer from now on, each discounted to now, without end. x: repeat purchases, a whole number (purchase days less 1); t_x: time from the first purchase to the last, 0 when x is 0; age: time from the first purchase to now. discount: continuous, per unit of time of the model, finite and above 0; log(1 + d) for d by the period. Times are in the unit of time of the model. unit: day, week, month or year, which the model must be in, otherwise error 22023; NULL asserts nothing. NULL in any other argument: NULL. Models of kind bgnbd, mbgnbd, pareto_nbd, bgbb. x negative or no whole number, t_x negative or above age, x = 0 with t_x above 0, NaN, infinity, a model of another kind or without parameters: error 22023. A result beyond float8: error 22003. Source: Fader, Hardie, Lee, RFM and CLV, 2005.';

CREATE FUNCTION custseg.dert_se(
    model custseg.lifetime_model, x float8, t_x float8, age float8, discount float8, unit text DEFAULT NULL) RETURNS float8
AS 'MODULE_PATHNAME', 'custseg_dert_se' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION custseg.dert_se(custseg.lifetime_model, float8, float8, float8, float8, text) IS
'Standard error of dert(model, x, t_x, age, discount, unit): what the uncertainty of the parameters makes of the expectation, by the delta method with the covariance of the model; it says nothing about how customers with the same expectation differ. A model without covariance (typed in, or degenerate): NULL. Arguments and errors are the same.';

CREATE FUNCTION custseg.dert(
    model custseg.lifetime_model, p custseg.purchases, as_of date, discount float8, unit text DEFAULT NULL) RETURNS float8
AS 'MODULE_PATHNAME', 'custseg_dert_purchases' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 50;
COMMENT ON FUNCTION custseg.dert(custseg.lifetime_model, custseg.purchases, date, float8, text) IS
'Discounted expected residual transactions from as_of on: dert(model, x, t_x, age, discount) of the history in p. p: purchases of the customer; as_of: the day up to which they were seen, not before the last of them (otherwise error 22023). The model must have a unit of time, otherwise error 22023. Without a purchase, or with a NULL: NULL. discount: continuous, per unit of time of the model, which unit asserts; finite and above 0.';

CREATE FUNCTION custseg.dert_se(
    model custseg.lifetime_model, p custseg.purchases, as_of date, discount float8, unit text DEFAULT NULL) RETURNS float8
AS 'MODULE_PATHNAME', 'custseg_dert_se_purchases' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION custseg.dert_se(custseg.lifetime_model, custseg.purchases, date, float8, text) IS
'Standard error of dert(model, p, as_of, discount, unit): what the uncertainty of the parameters makes of the expectation, by the delta method with the covariance of the model; it says nothing about how customers with the same expectation differ. A model without covariance (typed in, or degenerate): NULL. Arguments and errors are the same.';

-- Contracts: models of kind sbg.

CREATE FUNCTION custseg.residual_lifetime(model custseg.lifetime_model, renewals int, discount float8 DEFAULT 0) RETURNS float8
AS 'MODULE_PATHNAME', 'custseg_residual_lifetime' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 20;
COMMENT ON FUNCTION custseg.residual_lifetime(custseg.lifetime_model, int, float8) IS
'Discounted expected residual lifetime, in periods, of a customer who has renewed so many times and now decides about the next renewal; discount: per period, finite and at least 0. Without discount the mean is finite only where alpha is above 1: otherwise error 22003. renewals: at least 0. A model of another kind than sbg: error 22023. Source: Fader, Hardie, Customer-Base Valuation in a Contractual Setting, 2010.';

CREATE FUNCTION custseg.residual_lifetime_se(model custseg.lifetime_model, renewals int, discount float8 DEFAULT 0) RETURNS float8
AS 'MODULE_PATHNAME', 'custseg_residual_lifetime_se' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 500;
COMMENT ON FUNCTION custseg.residual_lifetime_se(custseg.lifetime_model, int, float8) IS
'Standard error of residual_lifetime(model, renewals, discount): what the uncertainty of the parameters makes of the expectation, by the delta method with the covariance of the model; it says nothing about how customers with the same expectation differ. A model without covariance (typed in, or degenerate): NULL. Arguments and errors are the same.';

CREATE FUNCTION custseg.survival(model custseg.lifetime_model, renewals int) RETURNS float8
AS 'MODULE_PATHNAME', 'custseg_survival' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 5;
COMMENT ON FUNCTION custseg.survival(custseg.lifetime_model, int) IS
'The part of all customers of a contract who are left after so many renewals, at least 0: from 1 at 0 on. A model of another kind than sbg: error 22023. Source: Fader, Hardie, How to Project Customer Retention, 2007.';

CREATE FUNCTION custseg.retention_rate(model custseg.lifetime_model, renewals int) RETURNS float8
AS 'MODULE_PATHNAME', 'custseg_retention_rate' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 5;
COMMENT ON FUNCTION custseg.retention_rate(custseg.lifetime_model, int) IS
'Of the customers who have renewed so many times, at least 0, the part that renews once more: survival(model, renewals + 1) / survival(model, renewals). It rises with the renewals. A model of another kind than sbg: error 22023.';

-- Fit of one customer.

CREATE FUNCTION custseg.loglik(model custseg.lifetime_model, x float8, t_x float8, age float8) RETURNS float8
AS 'MODULE_PATHNAME', 'custseg_loglik' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 30;
COMMENT ON FUNCTION custseg.loglik(custseg.lifetime_model, float8, float8, float8) IS
'Log-likelihood of the history of one customer under a model: customers with a very low one are not like those whom the model describes. x: repeat purchases, a whole number (purchase days less 1); t_x: time from the first purchase to the last, 0 when x is 0; age: time from the first purchase to now; for a model of kind bgbb, opportunities that were taken, the last of them (0: none), and all there were. NULL in any argument: NULL. Models of kind bgnbd, mbgnbd, pareto_nbd, bgbb. x negative or no whole number, t_x negative or above age, x = 0 with t_x above 0, NaN, infinity, a model of another kind or without parameters: error 22023.';

CREATE FUNCTION custseg.loglik(model custseg.spend_model, x float8, m_x float8) RETURNS float8
AS 'MODULE_PATHNAME', 'custseg_loglik_spend' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 30;
COMMENT ON FUNCTION custseg.loglik(custseg.spend_model, float8, float8) IS
'Log-likelihood of the mean value m_x of the x repeat purchases of one customer under a model. x = 0: 0, and m_x is not read. x > 0 without m_x, or another NULL: NULL. x or m_x outside their range: error 22023.';

-- Customer lifetime value without a model: historic_clv, simple_clv.

CREATE FUNCTION custseg.historic_clv(p custseg.purchases, margin numeric DEFAULT 1) RETURNS numeric
AS 'MODULE_PATHNAME', 'custseg_historic_clv' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION custseg.historic_clv(custseg.purchases, numeric) IS
'What a customer has brought so far: spend, net of refunds, times margin, exactly. margin: the part of the spend that is earned, finite and at least 0 (30 % is 0.3), otherwise error 22023. Without a purchase 0; with a NULL NULL. Where costs are known, profit(p) is the exact figure.';

CREATE FUNCTION custseg.simple_clv(
    value float8, retention float8, discount float8 DEFAULT 0, periods float8 DEFAULT NULL,
    compounding text DEFAULT 'period', initial boolean DEFAULT false) RETURNS float8
AS 'MODULE_PATHNAME', 'custseg_simple_clv' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION custseg.simple_clv(float8, float8, float8, float8, text, boolean) IS
'Present value of a margin that is earned as long as a customer stays. value: margin of one period in money, finite; retention: share of customers who stay for one more period, 0 to 1; discount: at least 0; periods: how many are counted, at least 0, NULL: all. compounding ''period'': value is earned at the end of each period by those who have stayed, and discount is the interest of a period: the sum of value (retention / (1 + discount))^t for t = 1 .. periods, which must be whole; without end value retention / (1 + discount - retention). ''continuous'': value is earned all the time, customers leave at the rate -ln(retention), and discount is a continuous rate: the integral of value exp(-(discount - ln(retention)) t). initial: the margin of today, value once, is added. NULL in any argument but periods: NULL. An argument that is NaN, infinite or outside its range, another compounding, or retention 1 with discount 0 without end: error 22023; a result beyond float8: 22003. Source: Gupta, Lehmann, Customers as Assets, 2003.';

-- Churn and potential: overdue_ratio, churn_risk, overdue_risk, potential, outlook.

CREATE FUNCTION custseg.overdue_ratio(p custseg.purchases, as_of date) RETURNS float8
AS 'MODULE_PATHNAME', 'custseg_overdue_ratio' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION custseg.overdue_ratio(custseg.purchases, date) IS
'How long a customer is overdue by the own rhythm: days since the last purchase over the mean number of days from one purchase day to the next. 1: a purchase is due now, 3: two mean gaps have been missed. NULL with fewer than two purchase days. as_of before the last purchase, or infinite: error 22023.';

CREATE FUNCTION custseg.overdue_ratio(x float8, t_x float8, age float8) RETURNS float8
AS 'MODULE_PATHNAME', 'custseg_overdue_ratio_history' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION custseg.overdue_ratio(float8, float8, float8) IS
'How long a customer is overdue by the own rhythm: (age - t_x) / (t_x / x), in any unit of time. x: repeat purchases, a whole number; t_x: time from the first purchase to the last; age: time from the first purchase to now. NULL where there is no rhythm: x = 0, or t_x = 0. x negative or no whole number, t_x negative or above age, x = 0 with t_x above 0, NaN, infinity: error 22023.';

CREATE FUNCTION custseg.churn_risk(p_alive float8, medium float8 DEFAULT 0.7, high float8 DEFAULT 0.3) RETURNS text
AS 'MODULE_PATHNAME', 'custseg_churn_risk' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION custseg.churn_risk(float8, float8, float8) IS
'Class of the risk that a customer is gone, by the probability to be alive: high where p_alive < high, medium where p_alive < medium, otherwise low; so a value equal to a bound has the lower risk. All from 0 to 1, and high at most medium, otherwise error 22023.';

CREATE FUNCTION custseg.overdue_risk(ratio float8, medium float8 DEFAULT 1.5, high float8 DEFAULT 3) RETURNS text
AS 'MODULE_PATHNAME', 'custseg_overdue_risk' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION custseg.overdue_risk(float8, float8, float8) IS
'Class of the risk that a customer is gone, by overdue_ratio(): high where ratio > high, medium where ratio > medium, otherwise low; so a value equal to a bound has the lower risk. Where purchases come at random, 22 % of all gaps are longer than 1.5 mean gaps and 5 % longer than 3, the defaults. All finite and at least 0, and high at least medium, otherwise error 22023.';

CREATE FUNCTION custseg.potential(expected float8, current float8) RETURNS float8
AS 'MODULE_PATHNAME', 'custseg_potential' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION custseg.potential(float8, float8) IS
'Potential of a customer: the value that is expected in a time to come (as of clv) less the current value of as long a time; negative where less is to come than was. Both in money and finite, otherwise error 22023; a result beyond float8: 22003.';

CREATE FUNCTION custseg.potential(expected numeric, current numeric) RETURNS numeric
AS 'MODULE_PATHNAME', 'custseg_potential_numeric' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION custseg.potential(numeric, numeric) IS
'Potential of a customer, exactly: the value that is expected in a time to come less the current value of as long a time; negative where less is to come than was. Both finite, otherwise error 22023.';

CREATE FUNCTION custseg.outlook(p_alive float8, potential float8, alive float8 DEFAULT 0.5) RETURNS text
AS 'MODULE_PATHNAME', 'custseg_outlook' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION custseg.outlook(float8, float8, float8) IS
'What to expect of a customer, by two scores: lapsed where p_alive < alive, otherwise growing where potential > 0 and steady where not. It tells a customer who buys rarely, but is there and has potential, from one who is gone. p_alive and alive from 0 to 1, potential finite, otherwise error 22023.';

-- Lifetime value in bulk: from the text of an orders query to models, to the value of each customer, and to a
-- check of the predictions. They run a query, so they are VOLATILE and PARALLEL UNSAFE and have no SET clause, as the
-- functions of purchases/bulk.sql.

CREATE FUNCTION lifetime_fit(orders text, as_of date, model text DEFAULT 'bgnbd', unit text DEFAULT 'week',
	time_zone text DEFAULT NULL, OUT purchase_model lifetime_model, OUT spend_model spend_model)
AS 'MODULE_PATHNAME', 'custseg_lifetime_fit' LANGUAGE C VOLATILE PARALLEL UNSAFE
COST 1000000;
COMMENT ON FUNCTION lifetime_fit(text, date, text, text, text) IS
'Fits a model of purchases (bgnbd, pareto_nbd or mbgnbd) and gamma_gamma on the same orders, read once, for storing. orders as in lifetime_value; rows after as_of are skipped and counted in a NOTICE. unit: day, week, month (365.25/12 days) or year (365.25 days). A model that is degenerate or not identified is returned with that status, and a NOTICE says so. No orders: error 22023.';

CREATE FUNCTION lifetime_value(orders text, as_of date, horizon double precision, model text DEFAULT 'bgnbd',
	unit text DEFAULT 'week', discount double precision DEFAULT 0, margin double precision DEFAULT 1,
	compounding text DEFAULT 'period', time_zone text DEFAULT NULL)
RETURNS TABLE (customer_id text, x bigint, t_x double precision, age double precision, m_x double precision,
	p_alive double precision, expected_purchases double precision, expected_spend double precision, clv double precision)
AS 'MODULE_PATHNAME', 'custseg_lifetime_value' LANGUAGE C VOLATILE PARALLEL UNSAFE
COST 1000000 ROWS 100000;
COMMENT ON FUNCTION lifetime_value(text, date, double precision, text, text, double precision, double precision, text, text) IS
'Future purchases and value of each customer, one row per customer. orders is a SELECT with the columns customer, day, amount [, cost [, order_id]], by position; rows after as_of are skipped and counted in a NOTICE. Fits the purchase model (bgnbd, pareto_nbd or mbgnbd) in the unit (day, week, month, year) and gamma_gamma on these orders, and applies both. x: repeat purchase days; t_x, age: units from the first purchase to the last, and to as_of; m_x: mean value of a repeat purchase day, NULL when x = 0; p_alive: probability that the customer has not left; expected_purchases within the horizon, in units; expected_spend: of one purchase; clv: expected_purchases times expected_spend times margin, discounted as clv() does. A customer with refunds only has all but customer_id NULL. Purchase model not identified: error 22023; degenerate: a NOTICE; spend model not identified: a NOTICE, and expected_spend and clv are NULL.';

CREATE FUNCTION lifetime_value(orders text, as_of date, horizon double precision, purchase_model lifetime_model,
	spend_model spend_model, discount double precision DEFAULT 0, margin double precision DEFAULT 1,
	compounding text DEFAULT 'period', time_zone text DEFAULT NULL)
RETURNS TABLE (customer_id text, x bigint, t_x double precision, age double precision, m_x double precision,
	p_alive double precision, expected_purchases double precision, expected_spend double precision, clv double precision)
AS 'MODULE_PATHNAME', 'custseg_lifetime_value_model' LANGUAGE C VOLATILE PARALLEL UNSAFE
COST 1000000 ROWS 100000;
COMMENT ON FUNCTION lifetime_value(text, date, double precision, lifetime_model, spend_model, double precision, double precision, text, text) IS
'Future purchases and value of each customer by models that are there, of kind bgnbd, pareto_nbd or mbgnbd, in the unit of the purchase model (without one: error 22023), and gamma_gamma; horizon in that unit. spend_model NULL: expected_spend and clv are NULL. Otherwise as lifetime_value(orders, as_of, horizon, model).';

CREATE FUNCTION lifetime_value(key anyelement, orders text, as_of date, horizon double precision, model text DEFAULT 'bgnbd',
	unit text DEFAULT 'week', discount double precision DEFAULT 0, margin double precision DEFAULT 1,
	compounding text DEFAULT 'period', time_zone text DEFAULT NULL)
RETURNS TABLE (customer_id anyelement, x bigint, t_x double precision, age double precision, m_x double precision,
	p_alive double precision, expected_purchases double precision, expected_spend double precision, clv double precision)
AS 'MODULE_PATHNAME', 'custseg_lifetime_value_key' LANGUAGE C VOLATILE PARALLEL UNSAFE
COST 1000000 ROWS 100000;
COMMENT ON FUNCTION lifetime_value(anyelement, text, date, double precision, text, text, double precision, double precision, text, text) IS
'The same as lifetime_value without key, with customer_id in the type of key, whose value does not matter: lifetime_value(NULL::bigint, ''SELECT ...'', as_of, 52).';

CREATE FUNCTION lifetime_value(key anyelement, orders text, as_of date, horizon double precision, purchase_model lifetime_model,
	spend_model spend_model, discount double precision DEFAULT 0, margin double precision DEFAULT 1,
	compounding text DEFAULT 'period', time_zone text DEFAULT NULL)
RETURNS TABLE (customer_id anyelement, x bigint, t_x double precision, age double precision, m_x double precision,
	p_alive double precision, expected_purchases double precision, expected_spend double precision, clv double precision)
AS 'MODULE_PATHNAME', 'custseg_lifetime_value_model_key' LANGUAGE C VOLATILE PARALLEL UNSAFE
COST 1000000 ROWS 100000;
COMMENT ON FUNCTION lifetime_value(anyelement, text, date, double precision, lifetime_model, spend_model, double precision, double precision, text, text) IS
'The same as lifetime_value without key, with customer_id in the type of key, whose value does not matter: lifetime_value(NULL::bigint, ''SELECT ...'', as_of, 52, purchase_model, spend_model).';

CREATE FUNCTION holdout_check(orders text, calibration_end date, horizon double precision, model text DEFAULT 'bgnbd',
	unit text DEFAULT 'week', time_zone text DEFAULT NULL)
RETURNS TABLE (repeat_purchases text, customers bigint, actual bigint, predicted double precision,
	actual_mean double precision, predicted_mean double precision, bias double precision, mae double precision,
	rmse double precision)
AS 'MODULE_PATHNAME', 'custseg_holdout_check' LANGUAGE C VOLATILE PARALLEL UNSAFE
COST 1000000 ROWS 9;
COMMENT ON FUNCTION holdout_check(text, date, double precision, text, text, text) IS
'How well a model predicts: fits it (bgnbd, pareto_nbd or mbgnbd) on the purchases up to calibration_end, predicts the time after it, and compares with what was bought then. orders as in lifetime_value, reaching to the end of that time at least; horizon: its length in units, rounded to whole days, one at least. Nine rows: repeat_purchases in the calibration period 0, 1, ..., 6, 7+, and total; customers; actual: purchase days after calibration_end, within the horizon; predicted; both per customer; bias: predicted - actual; mae, rmse: mean absolute and root mean square error of the customers. Without customers the means and errors are NULL. Customers who came after calibration_end do not count. Model not identified, no purchase up to calibration_end: error 22023; degenerate, or no purchase in the last tenth of the time: a NOTICE.';
