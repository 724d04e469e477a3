-- Published fits of the lifetime models, and data on which fitting tools fail, where CUSTSEG_DATA has them. Figures:
-- Fader, Hardie, Lee 2005 (BG/NBD, Pareto/NBD on CDNOW), Batislam et al. 2007 (MBG/NBD), Fader, Hardie 2013 (note 025,
-- gamma-gamma), Hardie (note 010, BG/BB on donations), Fader, Hardie 2007 (sBG, table 1), recomputed from the exact data.
\set ON_ERROR_STOP 1
\getenv data CUSTSEG_DATA
\if :{?data}
\else
    \echo 1..0 # SKIP CUSTSEG_DATA is not set
    \quit
\endif

BEGIN;
CREATE EXTENSION IF NOT EXISTS pgtap;
CREATE EXTENSION IF NOT EXISTS custseg;
SET LOCAL search_path = public, custseg;

SELECT plan(75);

CREATE TABLE cdnow (customer int, x int, t_x_days int, age_days int, m_x float8, x_holdout int, t_x float8, age float8);
SELECT format('COPY cdnow FROM %L (FORMAT csv, HEADER)', :'data' || '/cdnow_summary_exact.csv') \gexec
CREATE TABLE donation (x int, t_x int, n int, donors int);
SELECT format('COPY donation FROM %L (FORMAT csv, HEADER)', :'data' || '/donations.csv') \gexec
CREATE TABLE retention (year int, high_end float8, regular float8);
SELECT format('COPY retention FROM %L (FORMAT csv, HEADER)', :'data' || '/sbg_retention.csv') \gexec
CREATE TABLE homog (id int, x int, t_x float8, age float8);
SELECT format('COPY homog FROM %L (FORMAT csv, HEADER)', :'data' || '/fail_homog.csv') \gexec
CREATE TABLE allzero (id int, x int, t_x float8, age float8);
SELECT format('COPY allzero FROM %L (FORMAT csv, HEADER)', :'data' || '/fail_allzero.csv') \gexec
CREATE TABLE oldcohort (id int, x int, t_x float8, age float8);
SELECT format('COPY oldcohort FROM %L (FORMAT csv, HEADER)', :'data' || '/fail_oldcohort.csv') \gexec

-- --- published figures ---

CREATE TABLE model AS
SELECT 'BG/NBD' AS name, bgnbd_fit(x, t_x_days / 7.0, age_days / 7.0, 'week') AS model FROM cdnow
UNION ALL SELECT 'Pareto/NBD', pareto_nbd_fit(x, t_x_days / 7.0, age_days / 7.0, 'week') FROM cdnow
UNION ALL SELECT 'MBG/NBD', mbgnbd_fit(x, t_x_days / 7.0, age_days / 7.0, 'week') FROM cdnow
UNION ALL SELECT 'BG/BB', bgbb_fit(x, t_x, n, donors) FROM donation
UNION ALL SELECT 'sBG high end', sbg_fit(year, 1000 * high_end) FROM retention WHERE year <= 7
UNION ALL SELECT 'sBG regular', sbg_fit(year, 1000 * regular) FROM retention WHERE year <= 7;
CREATE TABLE spend AS SELECT gamma_gamma_fit(x, CASE WHEN x > 0 THEN m_x END) AS model FROM cdnow;

CREATE TABLE published (name text, loglik float8, customers int, parameter text[], value float8[], tolerance float8, se float8[]);
INSERT INTO published VALUES
    ('BG/NBD', -9582.4292, 2357, '{r,alpha,a,b}', '{.24259,4.41360,.79292,2.42590}', 1e-3, '{.01256,.37822,.18573,.7054}'),
    ('Pareto/NBD', -9594.9762, 2357, '{r,alpha,s,beta}', '{.55328,10.5777,.6062,11.669}', 5e-3, '{.04763,.8427,.1873,6.21}'),
    ('MBG/NBD', -9582.1357, 2357, '{r,alpha,a,b}', '{.52484,6.18308,.89136,1.61400}', 1e-3, '{.0833,.6956,.1548,.5375}'),
    ('BG/BB', -33225.581, 11104, '{alpha,beta,gamma,delta}', '{1.2035,.7498,.6568,2.784}', 1e-3, NULL),
    ('sBG high end', -1611.158, 1000, '{alpha,beta}', '{.6681,3.8061}', 1e-3, '{.104,.786}'),
    ('sBG regular', -1680.265, 1000, '{alpha,beta}', '{.7041,1.1820}', 1e-3, '{.066,.152}');

SELECT is(model ->> 'status', 'converged', name || ' converges') FROM model JOIN published USING (name);
SELECT is(model -> 'customers', customers::float8, name || ': customers') FROM model JOIN published USING (name);
SELECT ok(abs((model -> 'loglik') - loglik) < 1e-3, format('%s: log-likelihood %s', name, loglik)) FROM model JOIN published USING (name);
SELECT ok(abs((model -> p) - v) < tolerance * v, format('%s: %s is %s', name, p, v)) FROM model JOIN published USING (name), unnest(parameter, value) u(p, v);
SELECT ok(abs(standard_error(model, p) - s) < .01 * s, format('%s: the standard error of %s is %s', name, p, s)) FROM model JOIN published USING (name), unnest(parameter, se) u(p, s) WHERE s IS NOT NULL;

SELECT is(model ->> 'status', 'converged', 'gamma-gamma converges') FROM spend;
SELECT is(model -> 'customers', 946::float8, 'gamma-gamma: 946 customers came back') FROM spend;
SELECT ok(abs((model -> 'loglik') + 4055.9177) < 1e-3, 'gamma-gamma: log-likelihood') FROM spend;
SELECT ok(abs((model -> p) - v) < 1e-3 * v, format('gamma-gamma: %s is %s', p, v)) FROM spend, (VALUES ('p', 6.2496), ('q', 3.7442), ('gamma', 15.4435)) u(p, v);
SELECT ok(abs(standard_error(model, p) - s) < .01 * s, format('gamma-gamma: the standard error of %s is %s', p, s)) FROM spend, (VALUES ('p', 1.190), ('q', .290), ('gamma', 4.159)) u(p, s);

-- By AIC, MBG/NBD is next to nothing better than BG/NBD, and both are better than Pareto/NBD.
SELECT is((SELECT array_agg(name ORDER BY model -> 'aic') FROM model WHERE name LIKE '%/NBD'), array['MBG/NBD', 'BG/NBD', 'Pareto/NBD'], 'models by AIC');

-- --- data on which fitting tools fail ---

SELECT is((m ->> 'status', m ->> 'direction')::text, '(degenerate,homogeneous_dropout)', 'all leave alike: said so') FROM (SELECT bgnbd_fit(x, t_x, age) AS m FROM homog) f;
SELECT ok((m -> 'a') > 1e6 AND (m -> 'b') > 1e6 AND abs((m -> 'a') / ((m -> 'a') + (m -> 'b')) - .0936) < 5e-4, 'with the probability to leave, .0936') FROM (SELECT bgnbd_fit(x, t_x, age) AS m FROM homog) f;
SELECT is(bgnbd_fit(x, t_x, age, NULL, NULL, .01) ->> 'status', 'converged', 'with a prior there is a maximum') FROM homog;
SELECT is(bgnbd_fit(x, t_x, age) ->> 'status', 'not_identified', 'nobody came back: not identified, BG/NBD') FROM allzero;
SELECT is(mbgnbd_fit(x, t_x, age) ->> 'status', 'not_identified', 'MBG/NBD') FROM allzero;
SELECT is(pareto_nbd_fit(x, t_x, age) ->> 'status', 'not_identified', 'Pareto/NBD') FROM allzero;
SELECT is(bgnbd_fit(x, t_x, age) ->> 'status', 'converged', 'an old cohort of heavy buyers converges') FROM oldcohort;
SELECT ok(abs((m -> name) - truth) < 4 * standard_error(m, name), format('to the truth: %s is %s', name, truth))
FROM (SELECT bgnbd_fit(x, t_x, age) AS m FROM oldcohort) f, (VALUES ('r', 1.5), ('alpha', 1), ('a', .01), ('b', .1)) v(name, truth);

SELECT * FROM finish();
ROLLBACK;
