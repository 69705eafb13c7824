-- Where the time of an erasure goes: pg_stat_statements over erasures of their
-- own, so that its own cost is in nothing else that is measured.
CREATE EXTENSION pg_stat_statements;
CREATE TABLE cost (way text, kind text, ms float8);
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
        WHEN query LIKE 'SELECT count(*) FILTER %' THEN 'verification'
        WHEN query ~ 'FOR UPDATE' THEN 'locks'
    END
$$;

CREATE PROCEDURE cost(way text, hand boolean, n int) LANGUAGE plpgsql AS $$
BEGIN
    CALL one_by_one('warm-up', 0, hand, 10);
    PERFORM pg_stat_statements_reset();
    IF way = 'one at a time' THEN
        CALL one_by_one('costs', 0, hand, n);
    ELSE
        CALL in_one_call('costs', 0, hand, n);
    END IF;
    INSERT INTO cost SELECT way, kind(query, hand), sum(total_exec_time + total_plan_time) / n
        FROM pg_stat_statements WHERE kind(query, hand) IS NOT NULL GROUP BY 2;
END $$;

CALL cost('one at a time', true, :singles);
CALL cost('one at a time', false, :singles);
CALL cost('in one call', true, :batch);
CALL cost('in one call', false, :batch);
INSERT INTO cost SELECT way, 'pvext''s own code, and the rest',
        2 * sum(ms) FILTER (WHERE kind = 'the call in all') - sum(ms)
    FROM cost WHERE kind <> 'the same UPDATEs by hand' GROUP BY way;
CREATE VIEW cost_ratio AS
    SELECT *, max(ms) FILTER (WHERE kind = 'UPDATEs') OVER (PARTITION BY way) AS updates FROM cost;

SELECT one.kind, round(one.ms::numeric, 4) AS "ms each, one at a time",
       round((one.ms / one.updates)::numeric, 2) AS "to UPDATEs",
       round(many.ms::numeric, 4) AS "ms each, in one call",
       round((many.ms / many.updates)::numeric, 2) AS "to UPDATEs"
FROM cost_ratio AS one JOIN cost_ratio AS many USING (kind)
WHERE one.way = 'one at a time' AND many.way = 'in one call'
ORDER BY array_position('{the same UPDATEs by hand,UPDATEs}', kind), kind = 'the call in all', one.ms DESC;
