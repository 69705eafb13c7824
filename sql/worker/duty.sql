CREATE TABLE pv.run_log (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    duty        text NOT NULL CHECK (duty IN ('expire', 'erase', 'purge', 'seal', 'scrub')),
    state       text NOT NULL DEFAULT 'running' CHECK (state IN ('running', 'done', 'unfinished', 'failed', 'cut off')),
    started_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    finished_at timestamptz,
    done        bigint NOT NULL DEFAULT 0,
    failures    integer NOT NULL DEFAULT 0,
    error       text,
    stopped_at  text,
    login       name NOT NULL,
    pid         integer NOT NULL,
    CHECK ((finished_at IS NULL) = (state IN ('running', 'cut off')))
);
CREATE INDEX ON pv.run_log (duty, id);
COMMENT ON TABLE pv.run_log IS 'each time that a duty was done; those that had nothing to do are kept for a day, the others for 90';
COMMENT ON COLUMN pv.run_log.id IS 'its number';
COMMENT ON COLUMN pv.run_log.duty IS 'which duty: expire, erase, purge, seal or scrub';
COMMENT ON COLUMN pv.run_log.state IS 'how it ended: done, unfinished when its time was over, failed (in part), or cut off by a crash, a cancellation or the end of the server';
COMMENT ON COLUMN pv.run_log.started_at IS 'when it began';
COMMENT ON COLUMN pv.run_log.finished_at IS 'when it ended; NULL while it is running, and where it was cut off';
COMMENT ON COLUMN pv.run_log.done IS 'how much was done: what expired, requests completed, rows purged, records sealed, commands of the scrub run so far';
COMMENT ON COLUMN pv.run_log.failures IS 'how many things failed; pv.duty_failure has those that have not succeeded since';
COMMENT ON COLUMN pv.run_log.error IS 'what the first of them said; NULL for none';
COMMENT ON COLUMN pv.run_log.stopped_at IS 'what the worker was at when the time of its run was over: the next run goes on from there; NULL where it came to its end';
COMMENT ON COLUMN pv.run_log.login IS 'which login did it';
COMMENT ON COLUMN pv.run_log.pid IS 'in which process';
COMMENT ON SEQUENCE pv.run_log_id_seq IS 'numbers of runs';
SELECT pg_extension_config_dump('pv.run_log', '');
SELECT pg_extension_config_dump('pv.run_log_id_seq', '');

CREATE TABLE pv.duty_failure (
    duty        text NOT NULL,
    relation_id integer NOT NULL,
    name        text NOT NULL,
    failures    integer NOT NULL DEFAULT 1,
    since       timestamptz NOT NULL DEFAULT now(),
    last_at     timestamptz NOT NULL DEFAULT now(),
    retry_at    timestamptz NOT NULL DEFAULT now() + interval '1 minute',
    sqlstate    text NOT NULL,
    message     text NOT NULL,
    hint        text,
    leaf        oid,
    place       tid,
    PRIMARY KEY (duty, relation_id, name)
);
COMMENT ON TABLE pv.duty_failure IS 'what failed when a duty was done last, until it succeeds; the worker tries it again after pauses that grow';
COMMENT ON COLUMN pv.duty_failure.duty IS 'which duty';
COMMENT ON COLUMN pv.duty_failure.relation_id IS 'the table, by its id in pv.relation; 0 for none';
COMMENT ON COLUMN pv.duty_failure.name IS 'the retention rule, the request or the part of the duty; the rule and a row that cannot be taken, by its key or the digest of its subject; empty for all of the table';
COMMENT ON COLUMN pv.duty_failure.leaf IS 'of a row, the relation that holds it';
COMMENT ON COLUMN pv.duty_failure.place IS 'and where in it, until somebody changes the row';
COMMENT ON COLUMN pv.duty_failure.failures IS 'how often it has failed';
COMMENT ON COLUMN pv.duty_failure.since IS 'when it failed first';
COMMENT ON COLUMN pv.duty_failure.last_at IS 'when it failed last';
COMMENT ON COLUMN pv.duty_failure.retry_at IS 'when the worker tries again, at the earliest';
COMMENT ON COLUMN pv.duty_failure.sqlstate IS 'the SQLSTATE';
COMMENT ON COLUMN pv.duty_failure.message IS 'what the server said, without values';
COMMENT ON COLUMN pv.duty_failure.hint IS 'what can be done; NULL where nothing was said';
SELECT pg_extension_config_dump('pv.duty_failure', '');

CREATE TABLE pv.purge_count (
    relation_id integer NOT NULL,
    name        text NOT NULL,
    at          timestamptz NOT NULL,
    rows        bigint NOT NULL,
    PRIMARY KEY (relation_id, name, at)
);
COMMENT ON TABLE pv.purge_count IS 'how many rows each retention rule has purged, by the hour, for pvext.purge_limit';
COMMENT ON COLUMN pv.purge_count.relation_id IS 'the table, by its id in pv.relation';
COMMENT ON COLUMN pv.purge_count.name IS 'the retention rule';
COMMENT ON COLUMN pv.purge_count.at IS 'the hour; or when the rule was activated';
COMMENT ON COLUMN pv.purge_count.rows IS 'how many rows; less than zero for those that were expected when the rule was activated';
SELECT pg_extension_config_dump('pv.purge_count', '');

CREATE PROCEDURE pv.run_duties(duties text[] DEFAULT NULL)
    LANGUAGE C AS 'MODULE_PATHNAME', 'pvext_run_duties';
COMMENT ON PROCEDURE pv.run_duties(text[]) IS
    'does what the background worker does: the duties expire, erase, purge and seal, or those named; commits after each step. What has failed lately is left for later. Errors: 25001 in a transaction block or above READ COMMITTED, 22023 no such duty, 0A000 scrub, which is the worker''s, 25006 read only, or a standby, 55000 the library is not of the extension''s version';
CREATE PROCEDURE pv.purge(relation regclass DEFAULT NULL, rule text DEFAULT NULL)
    LANGUAGE C AS 'MODULE_PATHNAME', 'pvext_purge_now';
COMMENT ON PROCEDURE pv.purge(regclass, text) IS
    'takes what the active retention rules (of a table, of a name) have made due; commits after each batch. pv.run_log has what became of it. Errors: 25001 in a transaction block or above READ COMMITTED, 25006 read only, or a standby';
