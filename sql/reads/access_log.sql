CREATE FUNCTION pv.access_records(partition oid, place tid, OUT n integer, OUT at timestamptz, OUT login text, OUT role text,
                                  OUT application text, OUT client text, OUT actor text, OUT purpose text,
                                  OUT relation_id integer, OUT columns name[], OUT rows bigint, OUT keys jsonb,
                                  OUT ways text[], OUT refused boolean, OUT redacted text[], OUT statement bigint,
                                  OUT queryid bigint)
    RETURNS SETOF record LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE ROWS 50
    AS 'MODULE_PATHNAME', 'pvext_access_records';
COMMENT ON FUNCTION pv.access_records(oid, tid) IS
    'the reads in a chunk of the audit log, by its partition and its place there; none where there is no chunk, and a WARNING where not all of it can be read';

CREATE VIEW pv.access_log AS
    SELECT l.id, a.n, a.at, a.login, a.role, a.application, a.client, a.actor, a.purpose, a.relation_id,
           CASE WHEN r.id IS NOT NULL THEN format('%I.%I', coalesce(s.nspname, r.schema), coalesce(c.relname, r.name))
           END AS relation,
           a.columns, a.rows, a.keys, a.ways, a.refused, a.redacted, a.statement, l.xid, l.incarnation,
           a.queryid
    FROM pv.audit_log AS l
    CROSS JOIN LATERAL pv.access_records(l.tableoid, l.ctid) AS a
    LEFT JOIN pv.relation AS r ON r.id = a.relation_id
    LEFT JOIN pg_class AS c ON c.oid = r.relation
    LEFT JOIN pg_namespace AS s ON s.oid = c.relnamespace;
COMMENT ON VIEW pv.access_log IS 'who has read personal columns of audited tables: a row for each statement and table, and another one when the statement took longer than it took to record it';
COMMENT ON COLUMN pv.access_log.id IS 'the chunk of the log that the record is in';
COMMENT ON COLUMN pv.access_log.n IS 'its place in the chunk';
COMMENT ON COLUMN pv.access_log.at IS 'when the statement began to read';
COMMENT ON COLUMN pv.access_log.login IS 'who logged in (session_user)';
COMMENT ON COLUMN pv.access_log.role IS 'as whom it was done (current_user)';
COMMENT ON COLUMN pv.access_log.application IS 'the application''s name for itself (application_name)';
COMMENT ON COLUMN pv.access_log.client IS 'the client''s address; NULL for a local one';
COMMENT ON COLUMN pv.access_log.actor IS 'on whose behalf, as the application claims (pvext.actor)';
COMMENT ON COLUMN pv.access_log.purpose IS 'what for, as the application claims (pvext.purpose)';
COMMENT ON COLUMN pv.access_log.relation_id IS 'the audited table, by its id in pv.relation';
COMMENT ON COLUMN pv.access_log.relation IS 'its name; NULL where what made it has been rolled back';
COMMENT ON COLUMN pv.access_log.columns IS 'the personal columns that the statement names, or *; those of its conditions, too';
COMMENT ON COLUMN pv.access_log.rows IS 'how many rows the statement returned or changed; NULL while that was not known';
COMMENT ON COLUMN pv.access_log.keys IS 'the subjects that it was about, by their tables: the first of them, for each place where it reads the table up to pvext.audit_read_keys; NULL where that is not known';
COMMENT ON COLUMN pv.access_log.ways IS 'how the statement came to its rows: view, function, copy, cursor, prepared; compared: keys are also those that it asks for where no row came of it; error: it ended in one; command: a command has functions called with the values; NULL for none of these';
COMMENT ON COLUMN pv.access_log.refused IS 'it was refused for lack of a privilege';
COMMENT ON COLUMN pv.access_log.redacted IS 'the columns of which a value has been erased; NULL for none';
COMMENT ON COLUMN pv.access_log.statement IS 'the same for all rows of a statement, and growing';
COMMENT ON COLUMN pv.access_log.xid IS 'the transaction that recorded it';
COMMENT ON COLUMN pv.access_log.incarnation IS 'the cluster that this was in, by its system identifier';
COMMENT ON COLUMN pv.access_log.queryid IS 'the server''s id of statements like it, as pg_stat_statements has it; NULL where it has none: a plain one, unless compute_query_id is on';

-- Both are written without statements: src/reads/drain.c names their columns by number.
CREATE TABLE pv.access_mark (
    drained_at timestamptz NOT NULL,
    one        boolean PRIMARY KEY DEFAULT true CHECK (one)
);
COMMENT ON TABLE pv.access_mark IS 'until when all reads have been recorded, when some were recorded last; one row at most';
COMMENT ON COLUMN pv.access_mark.drained_at IS 'what was read before has been recorded';

COMMENT ON COLUMN pv.access_mark.one IS 'there is one row at most';

CREATE TABLE pv.access_gap (
    since     timestamptz,
    up_again  timestamptz NOT NULL UNIQUE
);
COMMENT ON TABLE pv.access_gap IS 'after crashes: between which times reads may be missing in pv.access_log; nearly always those of the last second before the crash';
COMMENT ON COLUMN pv.access_gap.since IS 'what was read before has been recorded; NULL where nothing had been recorded yet';
COMMENT ON COLUMN pv.access_gap.up_again IS 'when the server had been started again';
SELECT pg_extension_config_dump('pv.access_gap', '');
CREATE TRIGGER refuse_change BEFORE UPDATE OR DELETE OR TRUNCATE ON pv.access_gap
    FOR EACH STATEMENT EXECUTE FUNCTION pv.refuse_change();
CREATE TRIGGER refuse_insert BEFORE INSERT ON pv.access_gap
    FOR EACH STATEMENT EXECUTE FUNCTION pv.refuse_insert();
ALTER TABLE pv.access_gap ENABLE ALWAYS TRIGGER refuse_change, ENABLE ALWAYS TRIGGER refuse_insert;

CREATE FUNCTION pv.access_counts(OUT queued bigint, OUT drained bigint, OUT logged bigint, OUT waiting bigint,
                                 OUT queue_size bigint)
    RETURNS record LANGUAGE C VOLATILE PARALLEL SAFE AS 'MODULE_PATHNAME', 'pvext_access_counts';
COMMENT ON FUNCTION pv.access_counts() IS
    'what has become of the reads of all databases since the server was started; NULLs where pvext is not preloaded';

CREATE VIEW pv.access_status AS
    SELECT a.queued, a.drained, a.logged, a.waiting, a.queue_size,
           (SELECT max(m.drained_at) FROM pv.access_mark AS m) AS drained_at,
           (SELECT count(*) FROM pv.access_gap) AS gaps,
           (SELECT max(g.up_again) FROM pv.access_gap AS g) AS last_gap
    FROM pv.access_counts() AS a;
COMMENT ON VIEW pv.access_status IS 'whether reads are being recorded: what has become of them since the server was started, in all databases, and what may be missing in this one';
COMMENT ON COLUMN pv.access_status.queued IS 'how many have been put into the queue';
COMMENT ON COLUMN pv.access_status.drained IS 'how many have gone from there into the audit log';
COMMENT ON COLUMN pv.access_status.logged IS 'how many have gone into the server''s log: as the queue was full, on a standby, or where there is no pvext any more';
COMMENT ON COLUMN pv.access_status.waiting IS 'how much of the queue they take that are in it: as a rule one each, more for those of many columns or keys';
COMMENT ON COLUMN pv.access_status.queue_size IS 'how much there is of it';
COMMENT ON COLUMN pv.access_status.drained_at IS 'until when all reads had been recorded when some were recorded last, in this database';
COMMENT ON COLUMN pv.access_status.gaps IS 'how many gaps pv.access_gap has, in which reads may be missing';
COMMENT ON COLUMN pv.access_status.last_gap IS 'when the last one ended';

CREATE FUNCTION pv.drain_reads()
    RETURNS bigint LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'pvext_drain_reads';
COMMENT ON FUNCTION pv.drain_reads() IS
    'records the reads of this database that wait in the queue, and waits for those that others are recording; returns how many the call itself has recorded. Those of statements that are still running stay, unless they have run for a second. Errors: 25006 in a transaction that is read only';
