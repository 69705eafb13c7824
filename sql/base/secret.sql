CREATE TABLE pv.secret (
    only_row    boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    value       bytea CHECK (length(value) >= 32),
    fingerprint bytea NOT NULL
);
COMMENT ON TABLE pv.secret IS 'the key of all keyed digests; whoever reads it can test guesses at keys';
COMMENT ON COLUMN pv.secret.value IS 'the key; NULL where pvext.secret_file holds it';
COMMENT ON COLUMN pv.secret.fingerprint IS 'a digest by which another key is noticed';
COMMENT ON COLUMN pv.secret.only_row IS 'always true: there is one row at most';
SELECT pg_extension_config_dump('pv.secret', '');
CREATE TRIGGER map_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON pv.secret
    FOR EACH STATEMENT EXECUTE FUNCTION pv.map_changed();
ALTER TABLE pv.secret ENABLE ALWAYS TRIGGER map_changed;
