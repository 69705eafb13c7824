CREATE TABLE pv.declared_retention (
    relation_id     integer NOT NULL,
    name            text NOT NULL CHECK (name <> ''),
    keep            interval NOT NULL,
    after           text NOT NULL,
    after_bound     text NOT NULL,
    basis           text NOT NULL CHECK (basis <> ''),
    columns         name[],
    mandatory       boolean NOT NULL,
    action          text NOT NULL CHECK (action IN ('anonymise', 'delete')),
    over_id         integer,
    otherwise       text,
    otherwise_bound text,
    time_zone       text NOT NULL,
    owner           name NOT NULL,
    state           text NOT NULL DEFAULT 'proposed' CHECK (state IN ('proposed', 'active')),
    PRIMARY KEY (relation_id, name),
    CHECK ((otherwise IS NULL) = (otherwise_bound IS NULL))
);
COMMENT ON TABLE pv.declared_retention IS 'how long columns are kept; read it as pv.retention';
COMMENT ON COLUMN pv.declared_retention.after_bound IS 'the clock with every name qualified, its row called r';
COMMENT ON COLUMN pv.declared_retention.owner IS 'the owner, at the declaration, on whose behalf the clock runs';
COMMENT ON COLUMN pv.declared_retention.state IS 'only an active rule is purged by; a mandatory one holds back requests in either state';
COMMENT ON COLUMN pv.declared_retention.relation_id IS 'the table, by its id in pv.relation';
COMMENT ON COLUMN pv.declared_retention.name IS 'its name, unique within the table';
COMMENT ON COLUMN pv.declared_retention.keep IS 'how long after the moment of the clock';
COMMENT ON COLUMN pv.declared_retention.after IS 'the clock as given: an expression over the row, or an aggregate over the linked rows of over_id';
COMMENT ON COLUMN pv.declared_retention.basis IS 'why, such as the law that demands it';
COMMENT ON COLUMN pv.declared_retention.columns IS 'the columns that are kept; NULL for all personal ones';
COMMENT ON COLUMN pv.declared_retention.mandatory IS 'whether it also holds back requests for erasure';
COMMENT ON COLUMN pv.declared_retention.action IS 'what becomes of the data when the time is over: anonymise the columns, or delete the rows';
COMMENT ON COLUMN pv.declared_retention.over_id IS 'the linked table that the clock is over, by its id in pv.relation; NULL for the row itself';
COMMENT ON COLUMN pv.declared_retention.otherwise IS 'the clock where the first gives NULL, as given; NULL where there is none';
COMMENT ON COLUMN pv.declared_retention.otherwise_bound IS 'the other clock with every name qualified, its row called r; NULL where there is none';
COMMENT ON COLUMN pv.declared_retention.time_zone IS 'the time zone in which the clock runs and dates become times';
SELECT pg_extension_config_dump('pv.declared_retention', '');
CREATE TRIGGER map_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON pv.declared_retention
    FOR EACH STATEMENT EXECUTE FUNCTION pv.map_changed();
ALTER TABLE pv.declared_retention ENABLE ALWAYS TRIGGER map_changed;

CREATE VIEW pv.retention AS
    SELECT r.relation, t.name, t.keep, t.after, t.basis, t.columns, t.mandatory, t.action,
           o.relation AS "over", t.otherwise, t.time_zone, t.state
    FROM pv.declared_retention t
    JOIN pv.relation r ON r.id = t.relation_id
    LEFT JOIN pv.relation o ON o.id = t.over_id;
COMMENT ON VIEW pv.retention IS 'how long columns are kept, from which moment, and on what basis';

CREATE FUNCTION pv.declare_retention(relation regclass, name text, keep interval, after text, basis text,
                                     columns name[] DEFAULT NULL, mandatory boolean DEFAULT false,
                                     action text DEFAULT 'anonymise', over regclass DEFAULT NULL,
                                     otherwise text DEFAULT NULL, time_zone text DEFAULT NULL)
    RETURNS void LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'pvext_declare_retention';
COMMENT ON FUNCTION pv.declare_retention(regclass, text, interval, text, text, name[], boolean, text, regclass, text, text) IS
    'declares how long columns (by default all personal ones) are kept after a moment of each row, or of the linked rows of over; a mandatory rule also holds back requests. Replaces an earlier one of the name, and is then proposed again. Errors: 42804 clock not a date or time, 22023 keep or time zone, 42704 over not linked';
CREATE FUNCTION pv.undeclare_retention(relation regclass, name text)
    RETURNS void LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'pvext_undeclare_retention';
COMMENT ON FUNCTION pv.undeclare_retention(regclass, text) IS 'takes a retention rule away. Errors: 42704 not declared';

CREATE FUNCTION pv.accounting_year_end(at date, first_month integer DEFAULT 1)
    RETURNS date LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'pvext_accounting_year_end';
COMMENT ON FUNCTION pv.accounting_year_end(date, integer) IS
    'the last day of the accounting year that the day lies in, of one that begins with first_month. Errors: 22023 no such month';
CREATE FUNCTION pv.accounting_year_end(at timestamp, first_month integer DEFAULT 1)
    RETURNS date LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    RETURN pv.accounting_year_end(at::date, first_month);
COMMENT ON FUNCTION pv.accounting_year_end(timestamp, integer) IS 'the same for a timestamp';
CREATE FUNCTION pv.accounting_year_end(at timestamptz, first_month integer DEFAULT 1)
    RETURNS date LANGUAGE sql STABLE STRICT PARALLEL SAFE
    RETURN pv.accounting_year_end(at::date, first_month);
COMMENT ON FUNCTION pv.accounting_year_end(timestamptz, integer) IS 'the same for a timestamptz, its day being that of the session''s time zone; within a retention rule, of the rule''s';
