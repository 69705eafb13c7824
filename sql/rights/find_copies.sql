CREATE FUNCTION pv.find_copies(subject regclass, key text,
        OUT relation regclass, OUT column_name name, OUT rows bigint, OUT found text, OUT whose text, OUT reason text)
    RETURNS SETOF record LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'pvext_find_copies';
COMMENT ON FUNCTION pv.find_copies(regclass, text) IS
    'where in the database a subject''s identifying values stand: in how many rows of which columns, as a whole value or within a text, and whose the map says these are (of the subject, of somebody else, not mapped, declared not personal); a table that cannot be searched is a row that gives the reason. Reads every table for an officer, for others those that they may read; each call is recorded. Errors: P0002 no such subject, 55000 nothing identifying is declared, or it has been erased, 42501 the identifying columns are none that you may read, 25006 read only, or a standby';
CREATE FUNCTION pv.find_copies(subject regclass, key anyelement,
        OUT relation regclass, OUT column_name name, OUT rows bigint, OUT found text, OUT whose text, OUT reason text)
    RETURNS SETOF record LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'pvext_find_copies';
COMMENT ON FUNCTION pv.find_copies(regclass, anyelement) IS 'the same for a typed key';
