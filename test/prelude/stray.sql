-- Erase person id: the state, or the error and its detail
CREATE FUNCTION try(id int) RETURNS text LANGUAGE plpgsql AS $$
DECLARE detail text;
BEGIN
    RETURN (SELECT state FROM pv.erase_subject('person', try.id));
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL;
    RETURN format('%s %s [%s]', SQLSTATE, SQLERRM, detail);
END $$;
-- The one trigger that there is does this.
CREATE PROCEDURE make(body text, event text DEFAULT 'AFTER UPDATE OF name ON person') LANGUAGE plpgsql AS $make$ BEGIN
    DROP FUNCTION IF EXISTS fire CASCADE;
    EXECUTE format('CREATE FUNCTION fire() RETURNS trigger LANGUAGE plpgsql SET search_path = public AS %L', 'BEGIN ' || body || '; RETURN NEW; END');
    EXECUTE format('CREATE TRIGGER fire %s FOR EACH ROW EXECUTE FUNCTION fire()', event);
END $make$;
