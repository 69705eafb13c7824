CREATE FUNCTION pv.search_bytes(needles text[], OUT file text, OUT place text, OUT count bigint)
    RETURNS SETOF record LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'pvext_search_bytes';
COMMENT ON FUNCTION pv.search_bytes(text[]) IS
    'the files of the data directory that hold any of the values, what each belongs to, and how often; reads every file, as it was last written out. The values are kept in memory alone: pass them as a bound parameter. Errors: 42501 not a superuser, 22023 a value shorter than two bytes';
