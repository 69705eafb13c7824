-- Some of pv's tables are written by the server's heap functions.
SET LOCAL default_table_access_method = heap;

-- Fails where a schema of that name stands already: nobody may prepare it.
CREATE SCHEMA pv;
COMMENT ON SCHEMA pv IS 'pvext: what the company''s privacy statement promises, and the functions that keep it';
GRANT USAGE ON SCHEMA pv TO PUBLIC;
