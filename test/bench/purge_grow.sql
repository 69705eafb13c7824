-- The cost of so many rows that are due, of all.
SET pvext.purge_batch_size = 5000;
SET pvext.purge_delay = 0;
SET pvext.purge_limit = 0;
CREATE TABLE grown (due int, ms float8);
CREATE PROCEDURE grow(due int) LANGUAGE plpgsql AS $$
DECLARE
    started timestamptz;
BEGIN
    UPDATE purged SET name = 'Name ' || id WHERE id IN (SELECT id FROM purged WHERE name IS NULL LIMIT due);
    COMMIT;
    started := clock_timestamp();
    CALL pv.purge('purged');
    INSERT INTO grown VALUES (due, 1000 * extract(epoch FROM clock_timestamp() - started));
    COMMIT;
END $$;
CREATE INDEX still_there ON purged (ended_on) WHERE name IS NOT NULL OR email IS NOT NULL OR mobile IS NOT NULL
    OR street IS NOT NULL OR zip IS NOT NULL OR city IS NOT NULL;
CALL grow(0);
CALL grow(1);
CALL grow(1000);
CALL grow(10000);
CALL grow(50000);
SELECT due, round(ms::numeric, 2) AS ms, round((1000 * ms / nullif(due, 0))::numeric, 2) AS us_a_row FROM grown;
CALL make_quiet_tables(100, :quiet);
\timing on
CALL pv.run_duties('{purge}');
CALL pv.run_duties('{purge}');
\timing off
SELECT duty, done, round(1000 * extract(epoch FROM finished_at - started_at), 1) AS ms FROM pv.run_log ORDER BY id DESC LIMIT 2;
