CREATE TABLE pv.secret (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    value    bytea NOT NULL CHECK (length(value) >= 32)
);
COMMENT ON TABLE pv.secret IS 'the key of all HMACs where pvext.secret_file names none; whoever reads it can test guesses at keys';
SELECT pg_extension_config_dump('pv.secret', '');
CREATE TRIGGER map_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON pv.secret
    FOR EACH STATEMENT EXECUTE FUNCTION pv.map_changed();
