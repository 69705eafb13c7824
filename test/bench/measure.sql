-- Measuring: pairs of rounds, one by hand and one by pvext, in turn.
CREATE TABLE measured (what text, round int, hand boolean, subjects int, ms float8);

-- Subjects are used once, n at a time.
CREATE SEQUENCE next_subject;

-- Times a command over the next n subjects, %1$s to %2$s of them.
CREATE PROCEDURE measure(what text, round int, hand boolean, n int, command text) LANGUAGE plpgsql AS $$
DECLARE
    first int := nextval('next_subject');
    started timestamptz;
BEGIN
    PERFORM setval('next_subject', first + n - 1);
    COMMIT;
    started := clock_timestamp();
    EXECUTE format(command, first, first + n - 1);
    COMMIT;
    INSERT INTO measured VALUES (what, round, hand, n, 1000 * extract(epoch FROM clock_timestamp() - started));
    COMMIT;
END $$;

-- The subjects number i, spread over the table: all of them, unless replaced.
CREATE FUNCTION nth(i int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT i';

CREATE PROCEDURE one_by_one(what text, round int, hand boolean, n int) LANGUAGE plpgsql AS $$
BEGIN
    CALL measure(what, round, hand, n, format(
        'DO $x$ BEGIN FOR i IN %%s..%%s LOOP PERFORM %s; END LOOP; END $x$',
        CASE WHEN hand THEN 'by_hand(nth(i))' ELSE 'pv.erase_subject(''person'', nth(i))' END));
END $$;

CREATE PROCEDURE in_one_call(what text, round int, hand boolean, n int, by_hand text DEFAULT 'by_hand') LANGUAGE plpgsql AS $$
BEGIN
    CALL measure(what, round, hand, n, CASE WHEN hand
        THEN 'SELECT ' || by_hand || '(array_agg(nth(i))) FROM generate_series(%s, %s) AS i'
        ELSE 'SELECT count(*) FROM pv.erase_subjects(''person'',
                  (SELECT array_agg(nth(i)::text) FROM generate_series(%s, %s) AS i))' END);
END $$;

-- What came out, round 0 left aside: it warms up. The ratio is the
-- median of the rounds' ratios; on a busy machine that of the fastest rounds says more.
CREATE VIEW outcome AS
    SELECT p.what, count(*) AS rounds, max(p.subjects) AS subjects,
           percentile_cont(0.5) WITHIN GROUP (ORDER BY h.ms / h.subjects) AS hand_ms,
           percentile_cont(0.5) WITHIN GROUP (ORDER BY p.ms / p.subjects) AS pvext_ms,
           percentile_cont(0.5) WITHIN GROUP (ORDER BY p.ms / h.ms) AS ratio,
           min(p.ms / h.ms) AS lowest, max(p.ms / h.ms) AS highest, min(p.ms) / min(h.ms) AS fastest
    FROM measured AS p JOIN measured AS h USING (round)
    WHERE p.round > 0 AND NOT p.hand AND h.hand AND h.subjects = p.subjects
      AND split_part(h.what, ',', 1) = split_part(p.what, ',', 1)
    GROUP BY p.what;
