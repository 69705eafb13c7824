-- What is measured of has_consent(): each query without a check, and with one.
CREATE TABLE query (nr int PRIMARY KEY, what text NOT NULL, without text NOT NULL, checked text NOT NULL,
                    warm_target text, first_target text);
INSERT INTO query VALUES
    (1, 'all customers', 'SELECT count(*) FROM customer',
     'SELECT count(*) FROM customer WHERE pv.has_consent(''customer'', id, ''newsletter'')', 'at most 1.5', 'at most 5'),
    (2, 'all customers, their rows read', 'SELECT count(email) FROM customer',
     'SELECT count(email) FROM customer WHERE pv.has_consent(''customer'', id, ''newsletter'')', 'at most 1.5', 'at most 5'),
    (3, 'neighbouring customers', 'SELECT count(email) FROM customer WHERE id <= ' || :some,
     'SELECT count(email) FROM customer WHERE id <= ' || :some || ' AND pv.has_consent(''customer'', id, ''newsletter'')', 'at most 9', 'at most 9'),
    (4, 'scattered customers', 'SELECT count(email) FROM customer WHERE id = ANY (ARRAY(SELECT id FROM drawn))',
     'SELECT count(email) FROM customer WHERE id = ANY (ARRAY(SELECT id FROM drawn)) AND pv.has_consent(''customer'', id, ''newsletter'')', 'at most 9', 'at most 9'),
    (5, 'scattered keys alone', 'SELECT count(*) FROM drawn',
     'SELECT count(*) FROM drawn WHERE pv.has_consent(''customer'', id, ''newsletter'')', NULL, NULL),
    (6, 'all customers, key passed as text', 'SELECT count(*) FROM customer',
     'SELECT count(*) FROM customer WHERE pv.has_consent(''customer'', id::text, ''newsletter'')', NULL, NULL),
    (7, 'all customers, join with consented()', 'SELECT count(*) FROM customer',
     'SELECT count(*) FROM customer JOIN pv.consented(''customer'', ''newsletter'') AS k ON id = k.key::int', NULL, NULL),
    (8, 'all customers, EXISTS on pv.consent', 'SELECT count(*) FROM customer',
     'SELECT count(*) FROM customer WHERE EXISTS (SELECT FROM pv.consent AS k WHERE k.subject = ''customer''::regclass
          AND k.key = customer.id::text AND k.purpose = ''newsletter'' AND k.in_force)', NULL, NULL),
    (9, 'a tenth as many with a text key', 'SELECT count(*) FROM member',
     'SELECT count(*) FROM member WHERE pv.has_consent(''member'', code, ''newsletter'')', NULL, NULL),
    (10, 'a tenth as many with a uuid key', 'SELECT count(*) FROM visitor',
     'SELECT count(*) FROM visitor WHERE pv.has_consent(''visitor'', visitor, ''newsletter'')', NULL, NULL);
INSERT INTO query SELECT 11, 'all customers, after a withdrawal to before it', checked, checked, 'about 1'
    FROM query WHERE nr = 1;

-- Runs one in a transaction of its own.
CREATE PROCEDURE ask(number int, how text, round int, hand boolean) LANGUAGE plpgsql AS $$
DECLARE
    q record;
    started timestamptz;
    n bigint;
BEGIN
    SELECT * INTO STRICT q FROM query WHERE nr = number;
    COMMIT;
    started := clock_timestamp();
    EXECUTE CASE WHEN hand THEN q.without ELSE q.checked END INTO n;
    INSERT INTO measured VALUES (number || ' ' || how, round, hand, 1,
                                 1000 * extract(epoch FROM clock_timestamp() - started));
    COMMIT;
END $$;

-- All of them in turn, in one session; round 0 warms up.
CREATE PROCEDURE ask_all(how text, rounds int) LANGUAGE plpgsql AS $$
BEGIN
    FOR round IN 0..rounds LOOP
        FOR number IN 1..10 LOOP
            CALL ask(number, how, round, true);
            CALL ask(number, how, round, false);
        END LOOP;
    END LOOP;
END $$;

-- What came out, by query and how it was run.
CREATE VIEW asked AS
    SELECT split_part(what, ' ', 1)::int AS nr, substr(what, strpos(what, ' ') + 1) AS how,
           percentile_cont(0.5) WITHIN GROUP (ORDER BY h.ms) AS without_ms,
           percentile_cont(0.5) WITHIN GROUP (ORDER BY p.ms) AS checked_ms,
           percentile_cont(0.5) WITHIN GROUP (ORDER BY p.ms / h.ms) AS ratio,
           min(p.ms / h.ms) AS lowest, max(p.ms / h.ms) AS highest, min(p.ms) / min(h.ms) AS fastest
    FROM measured AS p JOIN measured AS h USING (what, round)
    WHERE round > 0 AND NOT p.hand AND h.hand AND what ~ '^\d+ ' GROUP BY what;
