CREATE FUNCTION pv.worker_status(OUT library text, OUT launcher integer, OUT awake boolean, OUT awake_at timestamptz,
                                 OUT no_room_since timestamptz, OUT seen_since timestamptz)
    RETURNS record LANGUAGE C VOLATILE PARALLEL SAFE AS 'MODULE_PATHNAME', 'pvext_worker_status';
COMMENT ON FUNCTION pv.worker_status() IS
    'what the library knows of itself: its version; the process that starts workers (0: there is none), whether it is awake, when it last was, and since when it has no room for a worker (NULLs where the library is not preloaded); and since when a duty that is well must have been begun';

CREATE VIEW pv.status AS
    WITH identity AS MATERIALIZED (
        SELECT pv.identity_state() AS state
    ), worker AS (
        SELECT w.library, e.extversion, w.library <> e.extversion AS differs, w.launcher, w.awake, w.awake_at, w.no_room_since,
               w.seen_since, coalesce(current_setting('pvext.enabled', true), 'on') = 'on' AS enabled,
               coalesce(current_setting('pvext.scrub', true), 'off') = 'on' AS scrub, e.oid
        FROM pv.worker_status() AS w, pg_extension AS e WHERE e.extname = 'pvext'
    ), held AS (
        -- Whoever does a duty has a lock on a part of the extension.
        SELECT l.objsubid AS n, min(l.pid) AS pid FROM pg_locks AS l, worker AS w
        WHERE l.locktype = 'object' AND l.database = (SELECT d.oid FROM pg_database AS d WHERE d.datname = current_database())
              AND l.classid = CAST('pg_extension' AS regclass) AND l.objid = w.oid AND l.objsubid > 0 AND l.granted
        GROUP BY l.objsubid
    ), misfit AS (
        -- Where rows of persons may be left without a word: what pv.check_map() finds without reading a table.
        SELECT format('%I.%I', r.schema, r.name) AS relation, 'it has been dropped, its declarations have not' AS problem
        FROM pv.relation AS r
        WHERE NOT EXISTS (SELECT FROM pg_class AS c WHERE c.oid = r.relation)
              AND r.id IN (SELECT d.relation_id FROM pv.declared_subject AS d UNION ALL SELECT d.relation_id FROM pv.declared_link AS d
                           UNION ALL SELECT d.parent_id FROM pv.declared_link AS d UNION ALL SELECT d.relation_id FROM pv.declared_personal AS d
                           UNION ALL SELECT d.relation_id FROM pv.declared_retention AS d UNION ALL SELECT d.over_id FROM pv.declared_retention AS d
                           UNION ALL SELECT d.over_id FROM pv.declared_blocker AS d)
        UNION
        SELECT format('%I.%I', r.schema, r.name), format('its column %I does not exist, but is declared', d.name)
        FROM (SELECT s.relation_id, unnest(s.key) AS name FROM pv.declared_subject AS s
              UNION ALL SELECT l.relation_id, unnest(l.columns) FROM pv.declared_link AS l
              UNION ALL SELECT l.parent_id, unnest(l.parent_columns) FROM pv.declared_link AS l
              UNION ALL SELECT p.relation_id, p.column_name FROM pv.declared_personal AS p
              UNION ALL SELECT t.relation_id, unnest(t.columns) FROM pv.declared_retention AS t) AS d
        JOIN pv.relation AS r ON r.id = d.relation_id JOIN pg_class AS c ON c.oid = r.relation
        WHERE NOT EXISTS (SELECT FROM pg_attribute AS a
                          WHERE a.attrelid = c.oid AND a.attname = d.name AND a.attnum > 0 AND NOT a.attisdropped)
        UNION
        SELECT CAST(CAST(c.oid AS regclass) AS text), 'it has become a partition of a table of which nothing is declared'
        FROM pv.relation AS r JOIN pg_class AS c ON c.oid = r.relation
        WHERE c.relispartition
              AND r.id IN (SELECT d.relation_id FROM pv.declared_subject AS d UNION ALL SELECT d.relation_id FROM pv.declared_link AS d)
              AND NOT EXISTS (SELECT FROM pg_partition_ancestors(c.oid) AS a JOIN pv.relation AS u ON u.relation = a.relid
                              WHERE u.id <> r.id AND u.id IN (SELECT d.relation_id FROM pv.declared_subject AS d
                                                              UNION ALL SELECT d.relation_id FROM pv.declared_link AS d))
        UNION
        SELECT CAST(CAST(c.oid AS regclass) AS text), format('it has left %I.%I, unseen', r.schema, r.name)
        FROM pv.part AS p JOIN pg_class AS c ON c.oid = p.relation JOIN pv.relation AS r ON r.id = p.relation_id
             JOIN pg_class AS d ON d.oid = r.relation
        WHERE p.left_at IS NULL AND NOT EXISTS (
              WITH RECURSIVE above (relid) AS (
                  SELECT CAST(p.relation AS oid) UNION
                  SELECT i.inhparent FROM above AS a JOIN pg_inherits AS i ON i.inhrelid = a.relid)
              SELECT FROM above AS a WHERE a.relid = d.oid)
    ), due AS (
        SELECT o.relation, o.rule, o.rows, o.oldest, o.held_by FROM pv.overdue AS o
    ), run AS (
        SELECT duty, max(started_at) AS last_run,
               max(finished_at) FILTER (WHERE state = 'done') AS last_success,
               max(coalesce(finished_at, started_at)) FILTER (WHERE state IN ('failed', 'cut off')) AS last_error,
               (array_agg(coalesce(error, state) ORDER BY id DESC) FILTER (WHERE state IN ('failed', 'cut off')))[1] AS error,
               (array_agg(state ORDER BY id DESC))[1] AS state
        FROM pv.run_log GROUP BY duty
    ), backlog AS (
        SELECT 'expire' AS duty, count(*) AS backlog, min(expires) AS oldest, NULL AS detail
        FROM (SELECT expires FROM pv.hold WHERE released_at IS NULL AND expires <= now()
              UNION ALL SELECT expires FROM pv.consent_state WHERE given AND key IS NOT NULL AND expires <= now()
              UNION ALL SELECT expires FROM pv.consent_token WHERE expires <= now()) AS e
        UNION ALL
        SELECT 'erase', count(*), min(requested_at),
               nullif(concat_ws(', ', VARIADIC ARRAY(
                   SELECT format('%s %s', count(*), state) FROM pv.erasure_ledger
                   WHERE state NOT IN ('completed', 'cancelled') GROUP BY state ORDER BY state)
                   || ARRAY(SELECT DISTINCT 'waits for ' || w.what FROM pv.erasure_wait AS w ORDER BY 1)), '')
        FROM pv.erasure_ledger WHERE state NOT IN ('completed', 'cancelled')
        UNION ALL
        SELECT 'purge', coalesce(sum(rows) FILTER (WHERE held_by IS NULL), 0), min(oldest) FILTER (WHERE held_by IS NULL),
               CASE WHEN sum(rows) FILTER (WHERE held_by IS NOT NULL) > 0
                    THEN format('%s rows are held or blocked', sum(rows) FILTER (WHERE held_by IS NOT NULL)) END
        FROM due
        UNION ALL
        SELECT 'seal', NULL, max(sealed_at), CASE WHEN count(*) > 0 THEN format('sealed up to seal %s', max(id)) END
        FROM pv.audit_seal
        UNION ALL
        SELECT 'scrub', count(*), min(completed_at),
               concat_ws('; ', CASE WHEN coalesce(current_setting('pvext.scrub', true), 'off') = 'off' THEN 'pvext.scrub is off' END,
                         (SELECT format('command %s is running', l.done + 1) FROM pv.run_log AS l WHERE l.duty = 'scrub' AND l.state = 'running'),
                         (SELECT 'last receipt ' || max(c.id) || ' of ' || to_char(max(c.at), 'YYYY-MM-DD HH24:MI') FROM pv.scrub_receipt AS c))
        FROM pv.erasure_ledger WHERE state = 'completed' AND scrubbed_at IS NULL
    ), late AS (
        -- Rows that were due before the last run, and not because a rule has been activated since.
        SELECT 'purge' AS duty, min(o.oldest) AS since FROM due AS o, worker AS w
        WHERE o.held_by IS NULL AND o.rows > 0 AND o.oldest < w.seen_since AND NOT EXISTS (
              SELECT FROM pv.purge_count AS c JOIN pv.relation AS t ON t.id = c.relation_id
              WHERE t.relation = o.relation AND c.name = o.rule AND c.rows < 0
                    AND c.at >= coalesce((SELECT r.last_run FROM run AS r WHERE r.duty = 'purge'), '-infinity'))
        UNION ALL
        -- Requests that nobody has looked at since their time came.
        SELECT 'erase', min(e.due_at) FROM pv.erasure_ledger AS e, worker AS w
        WHERE e.state = 'requested' AND e.key IS NOT NULL AND e.due_at < w.seen_since AND e.tried_at IS NULL
              AND (e.approved_by IS NOT NULL OR coalesce(current_setting('pvext.erasure_approvals', true), '0') = '0')
        UNION ALL
        SELECT 'scrub', min(b.oldest) FROM backlog AS b, worker AS w
        WHERE b.duty = 'scrub' AND w.scrub AND b.oldest < w.seen_since
                    - CAST(coalesce(current_setting('pvext.scrub_interval', true), '1d') AS interval)
    )
    SELECT s.item, s.state, s.last_run, s.last_success, s.last_error, s.error, s.backlog, s.oldest, s.detail,
           s.state NOT IN ('ok', 'on', 'off', 'standby', 'not preloaded', 'not used yet', 'in the database', 'in a file', 'copied')
           AND NOT (s.state = 'never done' AND (s.item = 'scrub' OR (SELECT i.state FROM identity AS i) = 'new')) AS alarm
    FROM (
    SELECT d.n, d.duty AS item,
           CASE WHEN w.differs THEN 'needs ALTER EXTENSION pvext UPDATE'
                WHEN i.state = 'restored' THEN i.state
                WHEN r.duty IS NULL AND (d.duty <> 'scrub' OR l.since IS NULL) THEN 'never done'
                WHEN f.failures > 0 THEN 'failing'
                -- One that has just ended may still look as if it were running.
                WHEN h.pid IS NULL AND r.state = 'running' AND r.last_run < w.seen_since AND NOT pg_is_in_recovery() THEN 'cut off'
                WHEN d.duty <> 'scrub' AND r.last_run < w.seen_since THEN CASE WHEN h.pid IS NULL THEN 'late' ELSE 'failing' END
                WHEN r.state NOT IN ('done', 'unfinished', 'running') THEN r.state
                WHEN l.since IS NOT NULL AND (d.duty <> 'scrub' OR h.pid IS NULL) THEN 'late'
                ELSE 'ok' END AS state,
           r.last_run, r.last_success, r.last_error,
           CASE WHEN w.differs THEN format('the library is of version %s, the extension of version %s', w.library, w.extversion)
                ELSE coalesce(f.message, CASE WHEN h.pid IS NOT NULL AND r.last_run < w.seen_since AND d.duty <> 'scrub'
                                              THEN format('nobody else can begin: process %s is at it', h.pid) END, r.error) END AS error,
           b.backlog, b.oldest,
           nullif(concat_ws('; ', CASE WHEN h.pid IS NOT NULL THEN format('running since %s in process %s', to_char(r.last_run, 'YYYY-MM-DD HH24:MI:SS'), h.pid) END,
                            b.detail, 'waiting since ' || to_char(l.since, 'YYYY-MM-DD HH24:MI'), f.detail), '') AS detail
    FROM unnest(ARRAY['expire', 'erase', 'purge', 'seal', 'scrub']) WITH ORDINALITY AS d(duty, n)
    CROSS JOIN worker AS w
    CROSS JOIN identity AS i
    LEFT JOIN late AS l ON l.duty = d.duty
    LEFT JOIN held AS h ON h.n = d.n
    LEFT JOIN run AS r ON r.duty = d.duty
    LEFT JOIN backlog AS b ON b.duty = d.duty
    CROSS JOIN LATERAL (
        SELECT count(*) AS failures, (array_agg(x.message ORDER BY x.last_at DESC))[1] AS message,
               string_agg(concat_ws(' ', 'failing:', coalesce(CAST(CAST(c.oid AS regclass) AS text), quote_ident(t.schema) || '.' || quote_ident(t.name)), nullif(x.name, ''), 'next try', to_char(x.retry_at, 'YYYY-MM-DD HH24:MI')), '; ') AS detail
        FROM pv.duty_failure AS x LEFT JOIN pv.relation AS t ON t.id = x.relation_id
             LEFT JOIN pg_class AS c ON c.oid = t.relation
        WHERE x.duty = d.duty) AS f
    UNION ALL
    SELECT 6, 'request ' || q.id, CASE WHEN q.late THEN 'late' ELSE 'due soon' END, NULL, NULL, NULL, NULL, NULL, q.received_at,
           CASE WHEN e.id IS NULL
                THEN format('%s, due %s, %s', q.kind, to_char(q.due, 'YYYY-MM-DD HH24:MI'),
                            CASE q.state WHEN 'received' THEN 'and nobody has looked into it' WHEN 'identity' THEN 'waits for who asks'
                                 WHEN 'review' THEN 'and its answer is being made' ELSE 'and not answered' END)
                ELSE concat_ws('; ', e.state || ' since it was requested', nullif('blocked by ' || array_to_string(e.blocked_by, ', '), 'blocked by '),
                     'retained until ' || e.retained_until,
                     (SELECT 'waits for ' || string_agg(w.what, ', ' ORDER BY w.began) FROM pv.erasure_wait AS w WHERE w.erasure = e.id)) END
    FROM (SELECT r.*, coalesce(r.extended_to, r.due_at) AS due,
                 coalesce(r.extended_to, r.due_at) < now()
                 OR r.erasure IS NOT NULL AND s.deadline <> '-1' AND r.received_at < now() - CAST(s.deadline AS interval) AS late
          FROM pv.request AS r, (SELECT coalesce(current_setting('pvext.request_deadline', true), '-1') AS deadline) AS s
          WHERE r.state IN ('received', 'identity', 'open', 'review')) AS q
    LEFT JOIN pv.erasure_ledger AS e ON e.id = q.erasure
    WHERE q.late OR (q.state <> 'identity' AND q.due < now() + interval '7 days')
    UNION ALL
    SELECT 6, 'erasure ' || u.erasure, 'undone', NULL, NULL, NULL, NULL, NULL, u.since,
           format('the subject of %s has something personal again', coalesce(CAST(CAST(c.oid AS regclass) AS text), 'a dropped table'))
    FROM pv.erasure_undone AS u LEFT JOIN pg_class AS c ON c.oid = u.subject
    UNION ALL
    SELECT 6, 'map', 'does not fit', NULL, NULL, NULL, min(m.relation || ': ' || m.problem), count(*), NULL,
           'pv.check_map() says what can be done'
    FROM misfit AS m HAVING count(*) > 0
    UNION ALL
    SELECT 7, 'worker',
           CASE WHEN w.differs THEN 'needs ALTER EXTENSION pvext UPDATE'
                WHEN w.launcher IS NULL THEN 'not preloaded'
                WHEN pg_is_in_recovery() THEN 'standby'
                WHEN w.launcher = 0 THEN 'not running'
                WHEN NOT w.enabled THEN 'off'
                WHEN NOT w.awake THEN 'hanging'
                WHEN w.no_room_since IS NOT NULL THEN 'no room'
                ELSE 'on' END,
           (SELECT max(r.last_run) FROM run AS r), NULL, NULL, NULL, NULL, NULL,
           CASE WHEN w.launcher IS NULL THEN 'the duties are done when CALL pv.run_duties() is called'
                WHEN pg_is_in_recovery() THEN NULL
                WHEN w.launcher = 0 THEN 'there is no pvext launcher: the server''s log says why; max_worker_processes may be too small'
                WHEN NOT w.awake THEN format('process %s, the pvext launcher, was last awake at %s', w.launcher, to_char(w.awake_at, 'YYYY-MM-DD HH24:MI:SS'))
                WHEN w.no_room_since IS NOT NULL THEN format('no worker could be started since %s: increase max_worker_processes', to_char(w.no_room_since, 'YYYY-MM-DD HH24:MI:SS')) END
    FROM worker AS w
    UNION ALL
    SELECT 8, 'secret', CASE WHEN count(*) = 0 THEN 'not used yet' WHEN count(s.value) > 0 THEN 'in the database' ELSE 'in a file' END,
           NULL, NULL, NULL, NULL, NULL, NULL,
           CASE WHEN count(s.value) > 0 THEN 'whoever has a dump can guess keys from their digests: set pvext.secret_file' END
    FROM pv.secret AS s
    UNION ALL
    SELECT 9, 'audit log', 'unreadable', NULL, NULL, NULL, min(u.problem), count(*), min(u.found_at),
           'chunks that cannot be read, see pv.unread: what they hold of who was erased stays until their partition expires'
    FROM pv.unread AS u HAVING count(*) > 0
    UNION ALL
    SELECT 0, 'restore', i.state, NULL, NULL, NULL, NULL, NULL, NULL,
           CASE i.state WHEN 'restored' THEN 'this database came from a dump: nothing is purged, completed or expired until pv.resume() is called'
                ELSE 'this database is a copy by CREATE DATABASE: its duties go on; pv.resume() makes it one of its own' END
    FROM identity AS i WHERE i.state IN ('restored', 'copied')) AS s
    ORDER BY s.n, s.oldest;
COMMENT ON VIEW pv.status IS 'how pvext does: a row for each duty, for each request that is late or due within a week, for each erasure that is undone, for the worker and for the secret; before them one for a database that was restored from a dump or copied; one where declarations are of tables or columns that are gone; and one where the audit log has what cannot be read';
COMMENT ON COLUMN pv.status.item IS 'what the row is about';
COMMENT ON COLUMN pv.status.state IS 'how it is: ok, late or failing, say';
COMMENT ON COLUMN pv.status.last_run IS 'when the duty was last begun';
COMMENT ON COLUMN pv.status.last_success IS 'when it was last done without a failure';
COMMENT ON COLUMN pv.status.last_error IS 'when it last failed, or was cut off';
COMMENT ON COLUMN pv.status.error IS 'what was said then';
COMMENT ON COLUMN pv.status.backlog IS 'how much there is to do';
COMMENT ON COLUMN pv.status.oldest IS 'since when the oldest of it waits; for seal, when the last seal was made';
COMMENT ON COLUMN pv.status.detail IS 'what else there is to say: since when the duty is running; of a late request, what holds it back';
COMMENT ON COLUMN pv.status.alarm IS 'whether somebody should look';
