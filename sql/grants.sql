-- Everybody may use the calculus. The schema was made by CREATE EXTENSION, so nobody else has rights on it yet.
GRANT USAGE ON SCHEMA custseg TO PUBLIC;

-- The portfolio layer writes, and runs what its sources call: only those may use
-- it whom the installer lets, by custseg.grant_portfolios(role).
DO $do$
DECLARE
	routine pg_catalog.regprocedure;
BEGIN
	FOR routine IN SELECT r FROM custseg._portfolio_routines() r LOOP
		EXECUTE pg_catalog.format('REVOKE EXECUTE ON ROUTINE %s FROM PUBLIC', routine);
		EXECUTE pg_catalog.format('GRANT EXECUTE ON ROUTINE %s TO @extowner@ WITH GRANT OPTION', routine);
	END LOOP;
END
$do$;
