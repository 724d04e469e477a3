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
