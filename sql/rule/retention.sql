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
    condition       text,
    condition_bound text,
    through_id      integer,
    PRIMARY KEY (relation_id, name),
    CHECK ((otherwise IS NULL) = (otherwise_bound IS NULL)),
    CHECK ((condition IS NULL) = (condition_bound IS NULL))
);
COMMENT ON TABLE pv.declared_retention IS 'how long columns are kept; read it as pv.retention';
COMMENT ON COLUMN pv.declared_retention.after_bound IS 'the clock with every name qualified, its row called r';
COMMENT ON COLUMN pv.declared_retention.owner IS 'the owner, at the declaration, on whose behalf the clock runs';
COMMENT ON COLUMN pv.declared_retention.state IS 'only an active rule is purged by; a mandatory one holds back requests in either state';
COMMENT ON COLUMN pv.declared_retention.relation_id IS 'the table, by its id in pv.relation';
COMMENT ON COLUMN pv.declared_retention.name IS 'its name, unique within the table';
COMMENT ON COLUMN pv.declared_retention.keep IS 'how long after the moment of the clock';
COMMENT ON COLUMN pv.declared_retention.after IS 'the clock as given: an expression over the row, or over the rows of over_id that it belongs to, or that are linked to it';
COMMENT ON COLUMN pv.declared_retention.basis IS 'why, such as the law that demands it';
COMMENT ON COLUMN pv.declared_retention.columns IS 'the columns that are kept; NULL for all personal ones';
COMMENT ON COLUMN pv.declared_retention.mandatory IS 'whether it also holds back requests for erasure';
COMMENT ON COLUMN pv.declared_retention.action IS 'what becomes of the data when the time is over: anonymise the columns, or delete the rows';
COMMENT ON COLUMN pv.declared_retention.over_id IS 'the table that the clock is over, by its id in pv.relation; NULL for the row itself';
COMMENT ON COLUMN pv.declared_retention.otherwise IS 'the clock where the first gives NULL, as given; NULL where there is none';
COMMENT ON COLUMN pv.declared_retention.otherwise_bound IS 'the other clock with every name qualified, its row called r; NULL where there is none';
COMMENT ON COLUMN pv.declared_retention.time_zone IS 'the time zone in which the clock runs and dates become times';
COMMENT ON COLUMN pv.declared_retention.condition IS 'for which rows the rule holds, as given; NULL for all';
COMMENT ON COLUMN pv.declared_retention.condition_bound IS 'the condition with every name qualified, its row called r; NULL where there is none';
COMMENT ON COLUMN pv.declared_retention.through_id IS 'the table up to which the clock goes along the links, before it goes down to over_id, by its id in pv.relation; NULL where the rows of over_id are linked to the row itself';
SELECT pg_extension_config_dump('pv.declared_retention', '');
CREATE TRIGGER map_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON pv.declared_retention
    FOR EACH STATEMENT EXECUTE FUNCTION pv.map_changed();
ALTER TABLE pv.declared_retention ENABLE ALWAYS TRIGGER map_changed;

CREATE VIEW pv.retention AS
    SELECT r.relation, t.name, t.keep, t.after, t.basis, t.columns, t.mandatory, t.action,
           o.relation AS "over", t.otherwise, t.time_zone, t.state, t.condition, h.relation AS through
    FROM pv.declared_retention t
    JOIN pv.relation r ON r.id = t.relation_id
    LEFT JOIN pv.relation o ON o.id = t.over_id
    LEFT JOIN pv.relation h ON h.id = t.through_id;
COMMENT ON VIEW pv.retention IS 'how long columns are kept, from which moment, and on what basis';
COMMENT ON COLUMN pv.retention.relation IS 'the table';
COMMENT ON COLUMN pv.retention.over IS 'the table that the clock is over: one whose rows are linked to the row, or that it belongs to; NULL where it is over the row itself';
COMMENT ON COLUMN pv.retention.through IS 'the table up to which the clock goes first, where it goes up; else NULL';

CREATE FUNCTION pv.declare_retention(relation regclass, name text, keep interval, after text, basis text,
                                     columns name[] DEFAULT NULL, mandatory boolean DEFAULT false,
                                     action text DEFAULT 'anonymise', over regclass DEFAULT NULL,
                                     otherwise text DEFAULT NULL, time_zone text DEFAULT NULL,
                                     condition text DEFAULT NULL, through regclass DEFAULT NULL)
    RETURNS void LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'pvext_declare_retention';
COMMENT ON FUNCTION pv.declare_retention(regclass, text, interval, text, text, name[], boolean, text, regclass, text, text, text, regclass) IS
    'declares how long columns (by default all personal ones) are kept after a moment of each row; or of the rows of over, which are linked to it, which it belongs to, or with which it belongs to the same row of through; in rows for which the condition holds. A mandatory rule also holds back requests. Replaces an earlier one of the name, and is then proposed again. Errors: 42804 clock not a date or time, 22023 keep, action or time zone, 42704 over not linked, 42725 over linked in several ways, 42803 not an aggregate, 0A000 over has another owner, 55000 rows that are to be deleted are referred to by others';
CREATE FUNCTION pv.undeclare_retention(relation regclass, name text)
    RETURNS void LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'pvext_undeclare_retention';
COMMENT ON FUNCTION pv.undeclare_retention(regclass, text) IS 'takes a retention rule away. Errors: 42704 not declared';

CREATE FUNCTION pv.activate_retention(relation regclass, name text, expected_rows bigint)
    RETURNS void LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'pvext_activate_retention';
COMMENT ON FUNCTION pv.activate_retention(regclass, text, bigint) IS
    'lets a retention rule be purged by, if as many rows as expected are due now; pv.preview_purge() shows how many are. Errors: 42704 not declared, 55000 another number of rows is due';

CREATE VIEW pv.retention_conflicts AS
    WITH about AS (
        SELECT t.relation_id, t.name, t.keep, t.action, t.condition, p.column_name
        FROM pv.declared_retention AS t JOIN pv.declared_personal AS p ON p.relation_id = t.relation_id
        WHERE CASE WHEN t.columns IS NULL THEN t.mandatory OR t.action = 'anonymise'
                   ELSE p.column_name = ANY (t.columns) END
        UNION ALL
        SELECT t.relation_id, t.name, t.keep, t.action, t.condition, NULL FROM pv.declared_retention AS t
    )
    SELECT r.relation, a.column_name, a.name AS rule, a.keep, b.name AS overridden_by, b.keep AS kept_for,
           CASE WHEN a.condition IS NULL THEN b.condition WHEN b.condition IS NULL OR b.condition = a.condition THEN a.condition
                ELSE format('(%s) AND (%s)', a.condition, b.condition) END AS condition
    FROM about AS a
    JOIN about AS b ON b.relation_id = a.relation_id AND b.keep > a.keep
                   AND b.column_name IS NOT DISTINCT FROM a.column_name
    JOIN pv.relation AS r ON r.id = a.relation_id
    WHERE a.column_name IS NOT NULL OR a.action = 'delete';
COMMENT ON VIEW pv.retention_conflicts IS 'retention rules that promise a shorter time than another rule on the same column, or row: the latest end wins';
COMMENT ON COLUMN pv.retention_conflicts.relation IS 'the table';
COMMENT ON COLUMN pv.retention_conflicts.column_name IS 'the column; NULL for rows that are to be deleted';
COMMENT ON COLUMN pv.retention_conflicts.rule IS 'the rule with the shorter time';
COMMENT ON COLUMN pv.retention_conflicts.keep IS 'that time';
COMMENT ON COLUMN pv.retention_conflicts.overridden_by IS 'the rule with the longer time';
COMMENT ON COLUMN pv.retention_conflicts.kept_for IS 'that time';
COMMENT ON COLUMN pv.retention_conflicts.condition IS 'for which rows both hold, if there are any; NULL for all';

CREATE FUNCTION pv.find_overdue(OUT relation regclass, OUT rule text, OUT action text, OUT rows bigint,
                                OUT oldest timestamptz, OUT held_by text[], OUT hint text)
    RETURNS SETOF record LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'pvext_find_overdue';
COMMENT ON FUNCTION pv.find_overdue() IS 'what pv.overdue shows';
CREATE VIEW pv.overdue AS SELECT * FROM pv.find_overdue();
COMMENT ON VIEW pv.overdue IS 'what is expired and still personal, by the rule that takes it; empty when it is done';
COMMENT ON COLUMN pv.overdue.relation IS 'the table';
COMMENT ON COLUMN pv.overdue.rule IS 'the active rule that takes it, of several the one that keeps longest';
COMMENT ON COLUMN pv.overdue.action IS 'what becomes of it: anonymise or delete';
COMMENT ON COLUMN pv.overdue.rows IS 'how many rows; NULL where that cannot be decided';
COMMENT ON COLUMN pv.overdue.oldest IS 'since when the first of them is due';
COMMENT ON COLUMN pv.overdue.held_by IS 'the holds and blockers that keep these rows; NULL for rows that the next run takes';
COMMENT ON COLUMN pv.overdue.hint IS 'the CREATE INDEX without which the whole table is read, or why it cannot be decided; else NULL';

CREATE FUNCTION pv.preview_purge(OUT relation regclass, OUT rule text, OUT state text, OUT action text,
                                 OUT rows bigint, OUT held bigint, OUT oldest timestamptz, OUT hint text)
    RETURNS SETOF record LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'pvext_preview_purge';
COMMENT ON FUNCTION pv.preview_purge() IS
    'what the next purge would do, by rule: how many rows it would take, and how many are held or blocked; of a rule that is only proposed, what it would if it were active. Changes nothing';

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
