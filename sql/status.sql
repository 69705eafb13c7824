CREATE VIEW pv.status AS
    WITH run AS (
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
                   WHERE state NOT IN ('completed', 'cancelled') GROUP BY state ORDER BY state)), '')
        FROM pv.erasure_ledger WHERE state NOT IN ('completed', 'cancelled')
        UNION ALL
        SELECT 'purge', coalesce(sum(rows) FILTER (WHERE held_by IS NULL), 0), min(oldest) FILTER (WHERE held_by IS NULL),
               CASE WHEN sum(rows) FILTER (WHERE held_by IS NOT NULL) > 0
                    THEN format('%s rows are held or blocked', sum(rows) FILTER (WHERE held_by IS NOT NULL)) END
        FROM pv.overdue
        UNION ALL
        SELECT 'seal', NULL, max(sealed_at), CASE WHEN count(*) > 0 THEN format('sealed up to seal %s', max(id)) END
        FROM pv.audit_seal
        UNION ALL
        SELECT 'scrub', count(*), min(completed_at),
               concat_ws('; ', CASE WHEN coalesce(current_setting('pvext.scrub', true), 'off') = 'off' THEN 'pvext.scrub is off' END,
                         (SELECT format('command %s is running', l.done + 1) FROM pv.run_log AS l WHERE l.duty = 'scrub' AND l.state = 'running'),
                         (SELECT 'last receipt ' || max(c.id) || ' of ' || to_char(max(c.at), 'YYYY-MM-DD HH24:MI') FROM pv.scrub_receipt AS c))
        FROM pv.erasure_ledger WHERE state = 'completed' AND scrubbed_at IS NULL
    )
    SELECT s.item, s.state, s.last_run, s.last_success, s.last_error, s.error, s.backlog, s.oldest, s.detail
    FROM (
    SELECT d.n, d.duty AS item,
           CASE WHEN r.duty IS NULL THEN 'never done' WHEN f.failures > 0 THEN 'failing'
                WHEN r.state IN ('done', 'running') THEN 'ok' ELSE r.state END AS state,
           r.last_run, r.last_success, r.last_error, coalesce(f.message, r.error) AS error,
           b.backlog, b.oldest, nullif(concat_ws('; ', b.detail, f.detail), '') AS detail
    FROM unnest(ARRAY['expire', 'erase', 'purge', 'seal', 'scrub']) WITH ORDINALITY AS d(duty, n)
    LEFT JOIN run AS r ON r.duty = d.duty
    LEFT JOIN backlog AS b ON b.duty = d.duty
    CROSS JOIN LATERAL (
        SELECT count(*) AS failures, (array_agg(x.message ORDER BY x.last_at DESC))[1] AS message,
               string_agg(concat_ws(' ', 'failing:', coalesce(CAST(CAST(c.oid AS regclass) AS text), quote_ident(t.schema) || '.' || quote_ident(t.name)), nullif(x.name, ''), 'next try', to_char(x.retry_at, 'YYYY-MM-DD HH24:MI')), '; ') AS detail
        FROM pv.duty_failure AS x LEFT JOIN pv.relation AS t ON t.id = x.relation_id
             LEFT JOIN pg_class AS c ON c.oid = t.relation
        WHERE x.duty = d.duty) AS f
    UNION ALL
    SELECT 6, 'request ' || e.id, 'late', NULL, NULL, NULL, NULL, NULL, e.requested_at,
           concat_ws('; ', e.state || ' since it was requested', nullif('blocked by ' || array_to_string(e.blocked_by, ', '), 'blocked by '),
                     'retained until ' || e.retained_until)
    FROM pv.erasure_ledger AS e
    WHERE e.state NOT IN ('completed', 'cancelled') AND e.requested_at < now()
          - CAST(coalesce(current_setting('pvext.request_deadline', true), '30d') AS interval)
    UNION ALL
    SELECT 7, 'worker',
           CASE WHEN (SELECT queue_size FROM pv.access_counts()) IS NULL THEN 'not preloaded'
                WHEN coalesce(current_setting('pvext.enabled', true), 'on') = 'on' THEN 'on' ELSE 'off' END,
           max(last_run), NULL, NULL, NULL, NULL, NULL,
           CASE WHEN (SELECT queue_size FROM pv.access_counts()) IS NULL
                THEN 'the duties are done when CALL pv.run_duties() is called' END
    FROM run
    UNION ALL
    SELECT 8, 'secret', CASE WHEN count(*) = 0 THEN 'not used yet' WHEN count(s.value) > 0 THEN 'in the database' ELSE 'in a file' END,
           NULL, NULL, NULL, NULL, NULL, NULL,
           CASE WHEN count(s.value) > 0 THEN 'whoever has a dump can guess keys from their digests: set pvext.secret_file' END
    FROM pv.secret AS s) AS s
    ORDER BY s.n, s.oldest;
COMMENT ON VIEW pv.status IS 'how pvext does: a row for each duty, for each request that is late, for the worker and for the secret';
COMMENT ON COLUMN pv.status.item IS 'what the row is about';
COMMENT ON COLUMN pv.status.state IS 'how it is: ok or failing, say';
COMMENT ON COLUMN pv.status.last_run IS 'when the duty was last begun';
COMMENT ON COLUMN pv.status.last_success IS 'when it was last done without a failure';
COMMENT ON COLUMN pv.status.last_error IS 'when it last failed, or was cut off';
COMMENT ON COLUMN pv.status.error IS 'what was said then';
COMMENT ON COLUMN pv.status.backlog IS 'how much there is to do';
COMMENT ON COLUMN pv.status.oldest IS 'since when the oldest of it waits; for seal, when the last seal was made';
COMMENT ON COLUMN pv.status.detail IS 'what else there is to say; of a late request, what holds it back';
