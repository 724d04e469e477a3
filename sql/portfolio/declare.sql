-- The setters of options, measures and components. Each checks at once, so that a run at night does not find the mistake.
--
-- All of them wait for a run that is under way, and a run for them: a run never sees half a change.

-- --- Options --------------------------------------------------------------

-- What kind of value an option takes: a choice, a number from low to high, an interval, a segmentation.
CREATE FUNCTION custseg._option_kind(option text, OUT kind text, OUT choices text[], OUT low numeric, OUT high numeric, OUT may_be_empty boolean)
RETURNS record
LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
	SELECT v.kind, v.choices::text[], v.low, v.high, v.may_be_empty
	FROM (VALUES
		('^segmentation$', 'segmentation', NULL, NULL, NULL, false),
		('^refit$', 'interval', NULL, NULL, NULL, false),
		('^(stay|grace|validity|keep_runs)$', 'interval', NULL, NULL, NULL, true),
		('^lifetime$', 'choice', '{bgnbd,mbgnbd,pareto_nbd,none}', NULL, NULL, false),
		('^(horizon|active_days|new_days)$', 'days', NULL, 1, 36500, false),
		('^discount$', 'number', NULL, 0, 10, false),
		('^margin_rate$', 'number', NULL, 0, 1, false),
		('^missing$', 'choice', '{renormalise,zero,"null"}', NULL, NULL, false),
		('^(upgrade|check)$', 'choice', '{each_run,period_end}', NULL, NULL, false),
		('^downgrade$', 'choice', '{never,one_step,requalify,to_base}', NULL, NULL, false),
		('^period$', 'choice', '{month,quarter,half,year}', NULL, NULL, false),
		('^requalify_by$', 'choice', '{keep,enter}', NULL, NULL, false),
		('^keep_scores$', 'choice', '{none,changes,all}', NULL, NULL, false),
		('^language$', 'language', NULL, NULL, NULL, false),
		('^anonymous$', 'text', NULL, NULL, NULL, true),
		-- Thresholds of the data-quality gate: parts of all rows, but of stale days.
		('^(warn|stop)_stale$', 'days', NULL, 0, 36500, true),
		('^(warn|stop)_(?!stale$)', 'number', NULL, 0, 1, true)
	) AS v (pattern, kind, choices, low, high, may_be_empty)
	WHERE option OPERATOR(pg_catalog.~) v.pattern;
END;
COMMENT ON FUNCTION custseg._option_kind(text) IS
'Internal: what an option of a portfolio takes: kind choice, number, days, interval, segmentation, language or text, with choices or bounds, and whether it may be empty; NULL: not said, any text.';

-- A value of an option in canonical form.
CREATE FUNCTION custseg._check_option(option text, value text) RETURNS text
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	takes record;
	number numeric;
	holes bigint;
	must text;
BEGIN
	IF NOT EXISTS (SELECT FROM custseg.portfolio_options() AS o WHERE o.name = option) THEN
		RAISE EXCEPTION 'there is no option "%"', option
			USING ERRCODE = '42704', HINT = format('The options are %s.', (SELECT string_agg(o.name, ', ') FROM custseg.portfolio_options() AS o));
	END IF;
	SELECT k.* INTO takes FROM custseg._option_kind(option) AS k;
	IF value IS NULL OR value = '' AND takes.may_be_empty THEN
		RETURN value;
	END IF;
	CASE takes.kind
	WHEN 'choice' THEN
		must := CASE WHEN value <> ALL (takes.choices) THEN 'one of ' || array_to_string(takes.choices, ', ') END;
	WHEN 'segmentation' THEN
		must := CASE WHEN value <> 'none' AND NOT EXISTS (SELECT FROM custseg.segmentation AS s WHERE s.name = value)
			THEN 'none or a name in custseg.segmentation, such as standard_11' END;
		IF must IS NULL AND value <> 'none' THEN
			SELECT count(*) INTO holes FROM custseg.check_segmentation(value) AS c WHERE c.problem = 'hole';
			IF holes > 0 THEN
				RAISE EXCEPTION 'segmentation "%" has % cells without a rule', value, holes
					USING ERRCODE = '22023', HINT = format('SELECT * FROM custseg.check_segmentation(%L) lists them.', value);
			END IF;
		END IF;
	WHEN 'language' THEN
		must := CASE WHEN NOT EXISTS (SELECT FROM custseg.sentence AS s WHERE s.language = value)
			THEN 'a language of custseg.sentence: ' || (SELECT string_agg(DISTINCT s.language, ', ') FROM custseg.sentence AS s) END;
	WHEN 'interval' THEN
		BEGIN
			-- In months and days: what is called a day is one in every time zone.
			must := CASE WHEN value::interval < interval '0' OR value::interval <> justify_hours(value::interval)
					OR extract(epoch FROM value::interval)::numeric % 86400 <> 0
				THEN 'an interval of whole days, months and years, such as 3 months' END;
		EXCEPTION WHEN data_exception THEN
			must := 'an interval of whole days, months and years, such as 3 months';
		END;
	WHEN 'number', 'days' THEN
		IF value ~ '^\s*[+]?([0-9]+\.?[0-9]*|\.[0-9]+)(e[+-]?[0-9]{1,2})?\s*$' THEN
			number := value::numeric;
			value := number::text;
		END IF;
		must := CASE WHEN (number BETWEEN takes.low AND takes.high) IS NOT TRUE OR takes.kind = 'days' AND number <> trunc(number)
			THEN format('a %snumber from %s to %s', CASE takes.kind WHEN 'days' THEN 'whole ' ELSE '' END, takes.low, takes.high) END;
	ELSE
		NULL;
	END CASE;
	IF must IS NOT NULL THEN
		RAISE EXCEPTION 'option "%" cannot be "%"', option, value
			USING ERRCODE = '22023', HINT = format('It must be %s%s.', must, CASE WHEN takes.may_be_empty THEN ', or empty' ELSE '' END);
	END IF;
	RETURN value;
END
$$;
COMMENT ON FUNCTION custseg._check_option(text, text) IS
'Internal: a value of an option, checked and in canonical form. 42704: no such option; 22023: not a value of it.';

CREATE FUNCTION custseg._set_option(portfolio text, option text, value text) RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	checked text;
BEGIN
	PERFORM custseg._check_given(option, 'option');
	checked := custseg._check_option(option, value);
	PERFORM custseg._work_on(portfolio);
	PERFORM custseg._lock_portfolio(portfolio);
	IF checked IS NULL THEN
		DELETE FROM setting AS s WHERE s.name = option;
	ELSE
		INSERT INTO setting AS s (name, value) VALUES (option, checked)
		ON CONFLICT (name) DO UPDATE SET value = excluded.value;
	END IF;
	PERFORM custseg._declared(portfolio);
END
$$;
COMMENT ON FUNCTION custseg._set_option(text, text, text) IS
'Internal: what set_option does.';

CREATE FUNCTION custseg.set_option(portfolio text, option text, value text) RETURNS void
AS 'MODULE_PATHNAME', 'custseg_portfolio_owner' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION custseg.set_option(text, text, text) IS
'Sets an option of a portfolio; value NULL puts it back to its default. custseg.portfolio_options() lists the options with their defaults. It holds from the next run on. 42704: no such portfolio or option; 22023: not a value of the option, or it does not fit the other declarations (a rule of a tier needs a lifetime model and option lifetime is none); 22004: option is null; 42501: not the owner.';

-- --- Measures -------------------------------------------------------------

CREATE FUNCTION custseg._set_measure(portfolio text, measure text, kind text, "window" text, filter text, description text)
RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM custseg._check_given(measure, 'measure');
	PERFORM custseg._lock_portfolio(portfolio);
	PERFORM custseg._put_rows(portfolio, 'measures', custseg._complete_rows(portfolio, 'measures', jsonb_build_array(
		jsonb_build_object('measure', measure, 'kind', kind, 'window', "window", 'filter', filter, 'description', description))));
	PERFORM custseg._declared(portfolio);
END
$$;
COMMENT ON FUNCTION custseg._set_measure(text, text, text, text, text, text) IS
'Internal: what set_measure does.';

CREATE FUNCTION custseg.set_measure(portfolio text, measure text, kind text, "window" text DEFAULT NULL,
	filter text DEFAULT NULL, description text DEFAULT NULL)
RETURNS void
AS 'MODULE_PATHNAME', 'custseg_portfolio_owner' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION custseg.set_measure(text, text, text, text, text, text) IS
'Names a measure, or declares the one of that name anew: a kind of custseg.measure_kinds(), over a window (rolling N months, month, quarter, half or year, as custseg.measure_window takes it; NULL: all days), for kinds that count rows of another source with a filter of these. Components and rules of tiers can use it from the next run on. Every kind is a measure by its own name without this. 22023: no such kind or window, a window of a kind that needs the whole history, a filter for a kind of orders; 42710: the name of a kind; 22004: null; 42704: no such portfolio; 42501: not the owner.';

CREATE FUNCTION custseg._drop_measure(portfolio text, p_measure text) RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM custseg._check_given(p_measure, 'measure');
	PERFORM custseg._work_on(portfolio);
	PERFORM custseg._lock_portfolio(portfolio);
	IF NOT EXISTS (SELECT FROM measure AS m WHERE m.measure = p_measure) THEN
		RAISE EXCEPTION 'portfolio "%" has no measure "%" of its own', portfolio, p_measure
			USING ERRCODE = '42704', HINT = coalesce('Its own are ' || (SELECT string_agg(m.measure, ', ' ORDER BY m.measure) FROM measure AS m) || '.',
				'set_measure makes one.');
	END IF;
	PERFORM custseg._refuse_used(portfolio, p_measure, 'measure');
	-- The window keeps its place, see _complete_measure.
	DELETE FROM measure AS m WHERE m.measure = p_measure;
	PERFORM custseg._declared(portfolio);
END
$$;
COMMENT ON FUNCTION custseg._drop_measure(text, text) IS
'Internal: what drop_measure does.';

CREATE FUNCTION custseg.drop_measure(portfolio text, measure text) RETURNS void
AS 'MODULE_PATHNAME', 'custseg_portfolio_owner' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION custseg.drop_measure(text, text) IS
'Drops a measure that set_measure has named. 2BP01: a component or a rule of a tier uses it; 42704: no such portfolio, no such measure; 22004: null; 42501: not the owner.';

-- --- Components -----------------------------------------------------------

CREATE FUNCTION custseg._set_component(portfolio text, measure text, weight float8, method text, descending boolean,
	classes int, breaks float8[], shares float8[], score_name text, part text)
RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM custseg._check_given(measure, 'measure');
	PERFORM custseg._lock_portfolio(portfolio);
	PERFORM custseg._put_rows(portfolio, 'components', custseg._complete_rows(portfolio, 'components', jsonb_build_array(
		jsonb_build_object('measure', measure, 'weight', weight, 'method', method, 'descending', descending, 'classes', classes,
			'breaks', breaks, 'shares', shares, 'score_name', score_name, 'part', part))));
	PERFORM custseg._declared(portfolio);
END
$$;
COMMENT ON FUNCTION custseg._set_component(text, text, float8, text, boolean, int, float8[], float8[], text, text) IS
'Internal: what set_component does.';

CREATE FUNCTION custseg.set_component(portfolio text, measure text, weight float8 DEFAULT 1, method text DEFAULT 'balanced',
	descending boolean DEFAULT false, classes int DEFAULT 5, breaks float8[] DEFAULT NULL, shares float8[] DEFAULT NULL,
	score_name text DEFAULT NULL, part text DEFAULT 'value')
RETURNS void
AS 'MODULE_PATHNAME', 'custseg_portfolio_owner' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION custseg.set_component(text, text, float8, text, boolean, int, float8[], float8[], text, text) IS
'Makes a measure a component of the score, or declares that component anew, as a whole. weight: at least 0, in the weighted mean of the components. method: balanced, quantile or natural (classes from 1 to classes, the highest best, fitted to the data), breaks (classes by the given breaks, ascending), abc (1 for A, 2 for B, ... by cumulative shares, by default 0.8 and 0.95), minmax, zscore or percentile (a scale), none (the measure as it is). descending: less is better. score_name: the score as a measure that rules of tiers use; NULL: the measure with _score behind it. part: value, need or potential, in the priority. NULL: the default. 22023: an unknown measure or method, a weight, classes, breaks or shares that are none; 42710: score_name is a measure already; 22004: measure is null; 42704: no such portfolio; 42501: not the owner.';

CREATE FUNCTION custseg._drop_component(portfolio text, p_measure text) RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	v_score text;
BEGIN
	PERFORM custseg._check_given(p_measure, 'measure');
	PERFORM custseg._work_on(portfolio);
	PERFORM custseg._lock_portfolio(portfolio);
	SELECT c.score_name INTO v_score FROM component AS c WHERE c.measure = p_measure;
	IF NOT FOUND THEN
		RAISE EXCEPTION 'portfolio "%" has no component "%"', portfolio, p_measure
			USING ERRCODE = '42704', HINT = coalesce('Its components are ' ||
				(SELECT string_agg(c.measure, ', ' ORDER BY c.position) FROM component AS c) || '.', 'set_component makes one.');
	END IF;
	PERFORM custseg._refuse_used(portfolio, v_score, 'score');
	-- The others keep their positions: classes of customers are stored by position.
	DELETE FROM component AS c WHERE c.measure = p_measure;
	PERFORM custseg._declared(portfolio);
END
$$;
COMMENT ON FUNCTION custseg._drop_component(text, text) IS
'Internal: what drop_component does.';

CREATE FUNCTION custseg.drop_component(portfolio text, measure text) RETURNS void
AS 'MODULE_PATHNAME', 'custseg_portfolio_owner' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION custseg.drop_component(text, text) IS
'Takes a component out of the score. 2BP01: a rule of a tier uses its score; 22023: rules use the total score and no component would be left; 42704: no such portfolio, no such component; 22004: null; 42501: not the owner.';
