-- give_consent() against a function that inserts the same two rows, each call
-- in a transaction of its own, about subjects that have not consented yet.
SELECT setval('next_subject', :customers * 7 / 10);

CREATE PROCEDURE give(what text, round int, hand boolean, n int) LANGUAGE plpgsql AS $$
DECLARE
    first int := nextval('next_subject');
    started timestamptz;
BEGIN
    PERFORM setval('next_subject', first + n - 1);
    COMMIT;
    started := clock_timestamp();
    IF hand THEN
        FOR i IN first..first + n - 1 LOOP
            PERFORM two_rows(nth(i));
            COMMIT;
        END LOOP;
    ELSIF what LIKE '%evidence%' THEN
        FOR i IN first..first + n - 1 LOOP
            PERFORM pv.give_consent('customer', nth(i), 'newsletter', '1', 'web',
                                    evidence => '{"address": "192.0.2.7", "form": "footer"}');
            COMMIT;
        END LOOP;
    ELSE
        FOR i IN first..first + n - 1 LOOP
            PERFORM pv.give_consent('customer', nth(i), 'newsletter', '1', 'web');
            COMMIT;
        END LOOP;
    END IF;
    INSERT INTO measured VALUES (what, round, hand, n, 1000 * extract(epoch FROM clock_timestamp() - started));
    COMMIT;
END $$;

CREATE PROCEDURE give_all(how text, rounds int, n int) LANGUAGE plpgsql AS $$
BEGIN
    FOR round IN 0..rounds LOOP
        CALL give('give_consent in the server' || how, round, true, n);
        CALL give('give_consent in the server' || how, round, false, n);
        CALL give('give_consent in the server' || how || ' with evidence', round, true, n);
        CALL give('give_consent in the server' || how || ' with evidence', round, false, n);
    END LOOP;
END $$;
CALL give_all('', :rounds, :customers / 500);
SET synchronous_commit = off;
CALL give_all(' not waiting for the disk', :rounds, :customers / 1000);
