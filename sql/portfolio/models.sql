-- The models of a run: fitted to the stage when there is none, when what they are fitted to was declared anew, or when
-- the interval of refits has passed. Otherwise those of an earlier run stay, so that nobody is moved by a refit.

-- What is to be fitted: name, spec, which column of model it fills, and the aggregate over stage_customer AS c.
CREATE FUNCTION custseg._wanted_models(portfolio text, as_of date,
	OUT name text, OUT spec text, OUT model_column text, OUT aggregate text)
RETURNS SETOF record
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	day text := format('%L::date', as_of);
	axes record;
	part record;
	value text;
	-- Customers without a purchase, but with refunds, take no part, as in rfm().
	buyers constant text := ' FILTER (WHERE custseg.frequency(c.purchases) > 0)';
	kind text := custseg._option(portfolio, 'lifetime');
BEGIN
	PERFORM custseg._work_on(portfolio);
	SELECT s.* INTO axes FROM custseg.segmentation AS s WHERE s.name = custseg._option(portfolio, 'segmentation');
	FOR part IN
		SELECT v.* FROM (VALUES
			('r', 'recency', axes.r_classes), ('f', 'frequency', axes.f_classes), ('m', 'spend', axes.m_classes)
		) AS v (axis, measure, classes)
		WHERE v.classes IS NOT NULL
	LOOP
		value := custseg._measure_expression(portfolio, part.measure, day);
		name := part.axis;
		spec := format('%s %s', axes.breaks, part.classes);
		model_column := 'breaks';
		aggregate := CASE axes.breaks
			WHEN 'mean' THEN format('ARRAY[avg((%s)::numeric)%s::float8]', value, buyers)
			ELSE format('custseg.%I(%s, %s)%s', axes.breaks || '_breaks', custseg._uncast(value), part.classes, buyers)
		END;
		RETURN NEXT;
	END LOOP;

	FOR part IN SELECT c.* FROM component AS c WHERE c.method NOT IN ('breaks', 'none') ORDER BY c.position LOOP
		value := custseg._measure_expression(portfolio, part.measure, day);
		name := 'score ' || part.measure;
		spec := concat_ws(' ', part.method, part.classes, part.shares,
			(SELECT format('%s %s %s', m.kind, m."window", m.filter) FROM measure AS m WHERE m.measure = part.measure),
			-- What a lifetime model says depends on these too.
			(SELECT string_agg(custseg._option(portfolio, o.name), ' ' ORDER BY o.name)
			 FROM unnest('{lifetime,horizon,discount,margin_rate}'::text[]) AS o (name)
			 WHERE EXISTS (SELECT FROM custseg.measure_kinds() AS k LEFT JOIN measure AS m ON m.measure = part.measure
				WHERE k.source = 'model' AND k.kind = coalesce(m.kind, part.measure))));
		model_column := CASE WHEN custseg._has_classes(part.method) THEN 'breaks' ELSE 'scale' END;
		aggregate := CASE part.method
			-- Values of 0 and less do not count; where there is no other, there are no breaks, and no error.
			WHEN 'abc' THEN format('custseg.abc_breaks(%1$s, %2$L::float8[]) FILTER (WHERE %1$s > 0)', value, part.shares)
			WHEN 'minmax' THEN format('custseg.minmax_fit(%s)', value)
			WHEN 'zscore' THEN format('custseg.zscore_fit(%s)', value)
			WHEN 'percentile' THEN format('custseg.percentiles_fit(%s)', value)
			-- Written as for r, f and m, so that the server computes equal ones once.
			ELSE format('custseg.%I(%s, %s)%s', part.method || '_breaks', custseg._uncast(value), part.classes,
				CASE WHEN value LIKE '(custseg.%(c.purchases%' THEN buyers ELSE '' END)
		END;
		RETURN NEXT;
	END LOOP;

	IF kind <> 'none' THEN
		name := 'lifetime';
		spec := kind;
		model_column := 'lifetime';
		aggregate := format('custseg.%I(c.purchases, %s, ''day'')', kind || '_fit', day);
		RETURN NEXT;
		name := 'spend';
		spec := 'gamma_gamma';
		model_column := 'spend';
		aggregate := 'custseg.gamma_gamma_fit(c.purchases)';
		RETURN NEXT;
	END IF;
END
$$;
COMMENT ON FUNCTION custseg._wanted_models(text, date) IS
'Internal: the models that a run of a portfolio needs, with the aggregates that fit them.';

CREATE FUNCTION custseg._fit_models(portfolio text, as_of date) RETURNS jsonb
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	refit interval := custseg._option(portfolio, 'refit')::interval;
	-- Components may measure by a lifetime model, so the models of purchases come first.
	step text[];
	fits text;
	rows text;
BEGIN
	PERFORM custseg._work_on(portfolio);
	FOREACH step SLICE 1 IN ARRAY ARRAY[['lifetime', 'spend'], ['breaks', 'scale']] LOOP
		SELECT string_agg(format('%s AS %I', w.aggregate, w.name), ', '),
			string_agg(format('(%L, %s, %s, %s, %s, %L)', w.name,
				CASE WHEN w.model_column = 'breaks' THEN format('f.%I', w.name) ELSE 'NULL::float8[]' END,
				CASE WHEN w.model_column = 'scale' THEN format('f.%I', w.name) ELSE 'NULL::custseg.scale_model' END,
				CASE WHEN w.model_column = 'lifetime' THEN format('f.%I', w.name) ELSE 'NULL::custseg.lifetime_model' END,
				CASE WHEN w.model_column = 'spend' THEN format('f.%I', w.name) ELSE 'NULL::custseg.spend_model' END,
				w.spec), ', ')
		INTO fits, rows
		FROM custseg._wanted_models(portfolio, as_of) AS w
		LEFT JOIN LATERAL (
			SELECT m.as_of, m.spec FROM model AS m WHERE m.name = w.name ORDER BY m.as_of DESC LIMIT 1
		) AS last ON true
		WHERE w.model_column = ANY (step)
			AND (last.as_of IS NULL OR last.spec <> w.spec OR last.as_of + refit <= _fit_models.as_of);
		CONTINUE WHEN fits IS NULL;

		-- A model that did not converge is not used: its measures are unknown.
		EXECUTE format('
			INSERT INTO model (name, as_of, breaks, scale, lifetime, spend, spec)
			SELECT v.name, $1, v.breaks, v.scale,
				CASE WHEN v.lifetime OPERATOR(custseg.->>) ''status'' = ''converged'' THEN v.lifetime END,
				CASE WHEN v.spend OPERATOR(custseg.->>) ''status'' = ''converged'' AND v.spend OPERATOR(custseg.->) ''q'' > 1 THEN v.spend END, v.spec
			FROM (SELECT %s FROM stage_customer AS c) AS f,
				LATERAL (VALUES %s) AS v (name, breaks, scale, lifetime, spend, spec)
			ON CONFLICT (name, as_of) DO UPDATE SET breaks = excluded.breaks, scale = excluded.scale,
				lifetime = excluded.lifetime, spend = excluded.spend, spec = excluded.spec', fits, rows) USING as_of;
	END LOOP;
	RETURN (SELECT coalesce(jsonb_object_agg(m.name, m.as_of), '{}')
		FROM (SELECT DISTINCT ON (n.name) n.name, n.as_of FROM model AS n ORDER BY n.name, n.as_of DESC) AS m);
END
$$;
COMMENT ON FUNCTION custseg._fit_models(text, date) IS
'Internal: fits the models of a run that are due to stage_customer; returns which models are in use and since when.';
