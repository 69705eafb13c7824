-- What a read costs that goes over 100000 rows: the same statements in turn, recorded
-- and not, 20 rounds.
CREATE TEMP TABLE whole (plan text, round int, recorded bool, ms float8);
CREATE PROCEDURE pg_temp.read_whole(plan text, round int, recorded bool, query text) LANGUAGE plpgsql AS $$
DECLARE
    started timestamptz;
BEGIN
    PERFORM set_config('pvext.audit_reads', recorded::text, false);
    started := clock_timestamp();
    EXECUTE format('COPY (%s) TO ''/dev/null''', query);
    INSERT INTO whole VALUES (plan, round, recorded, 1000 * extract(epoch FROM clock_timestamp() - started));
END $$;
SELECT format('CALL pg_temp.read_whole(%L, %s, %L, %L)', plan, round, recorded, query)
FROM generate_series(1, 20) AS round, (VALUES (true), (false)) AS r (recorded),
     (VALUES ('scan', 'SELECT * FROM t_pvext'), ('index', 'SELECT * FROM t_pvext ORDER BY email'), ('sort', 'SELECT * FROM t_pvext ORDER BY city'),
      ('index only', 'SELECT email FROM t_pvext ORDER BY email'), ('distinct', 'SELECT DISTINCT name FROM t_pvext'),
      ('join', 'SELECT p.name FROM t_pvext AS p JOIN t_none AS n USING (id)')) AS q (plan, query)
ORDER BY round, plan, recorded = (round % 2 = 0) \gexec
SELECT 'COPY over 100000 rows' AS what, plan, count(*) AS rounds,
       round((percentile_cont(0.5) WITHIN GROUP (ORDER BY a.ms / b.ms))::numeric, 3) AS ratio,
       round(min(b.ms)::numeric, 1) AS ms_without
FROM whole AS a JOIN whole AS b USING (plan, round) WHERE a.recorded AND NOT b.recorded GROUP BY plan ORDER BY plan;
