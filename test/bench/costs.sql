-- Where the time of an erasure goes: pg_stat_statements over erasures of their
-- own, so that its own cost is in nothing else that is measured.
CREATE EXTENSION pg_stat_statements;
CREATE TABLE cost (calls text, kind text, ms float8);
SET pg_stat_statements.track = 'all';
SET pg_stat_statements.track_planning = on;
CALL declare(', a blocker declared');

CREATE FUNCTION kind(query text, hand boolean) RETURNS text LANGUAGE sql AS $$
    SELECT CASE
        WHEN query LIKE 'UPDATE public.%' THEN 'UPDATEs'
        WHEN query LIKE 'UPDATE %' AND hand THEN 'the same UPDATEs by hand'
        WHEN hand THEN NULL
        WHEN query ~ '^SELECT (count\(\*\) FROM )?pv\.erase_subject' THEN 'the call in all'
        WHEN query ~ 'pv\.hold\M|^SELECT EXISTS' THEN 'verdict (a hold? the blocker?)'
        WHEN query ~ 'pv\.(erasure_ledger|erasure|event)\M' THEN 'ledger and record of calls'
        WHEN query ~ 'FOR UPDATE' THEN 'locks'
        WHEN query LIKE 'SELECT count(*) FILTER %' THEN 'verification'
    END
$$;

CREATE PROCEDURE cost(calls text, hand boolean, n int) LANGUAGE plpgsql AS $$
DECLARE
    command text := format('CALL %I($1, 0, $2, $3)', replace(calls, ' ', '_'));
BEGIN
    EXECUTE command USING 'warm-up', hand, 10;
    PERFORM pg_stat_statements_reset();
    EXECUTE command USING 'costs', hand, n;
    INSERT INTO cost SELECT calls, kind(query, hand), sum(total_exec_time + total_plan_time) / n
        FROM pg_stat_statements WHERE kind(query, hand) IS NOT NULL GROUP BY 2;
END $$;

CALL cost('one by one', true, 1000);
CALL cost('one by one', false, 1000);
CALL cost('in one call', true, :batch);
CALL cost('in one call', false, :batch);
INSERT INTO cost SELECT calls, 'pvext''s own code, and the rest',
        2 * sum(ms) FILTER (WHERE kind = 'the call in all') - sum(ms)
    FROM cost WHERE kind <> 'the same UPDATEs by hand' GROUP BY calls;

SELECT kind, round(one.ms::numeric, 4) AS "ms each, one by one", round((one.ms / u1.ms)::numeric, 2) AS "to UPDATEs",
       round(many.ms::numeric, 4) AS "ms each, in one call", round((many.ms / u2.ms)::numeric, 2) AS "to UPDATEs"
FROM cost AS one JOIN cost AS many USING (kind), cost AS u1, cost AS u2
WHERE (one.calls, many.calls, u1.calls, u2.calls) = ('one by one', 'in one call', 'one by one', 'in one call')
  AND (u1.kind, u2.kind) = ('UPDATEs', 'UPDATEs')
ORDER BY array_position('{the same UPDATEs by hand,UPDATEs}', kind), kind = 'the call in all', one.ms DESC;
