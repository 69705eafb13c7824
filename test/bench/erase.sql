-- Eight tables: :singles one at a time, and :batch in one call. Each round has
-- subjects of its own; what is declared for a variant is in force only while
-- its round is measured, and a few subjects before it warm up.
CREATE PROCEDURE declare(guard text) LANGUAGE plpgsql AS $$
BEGIN
    IF guard = ', a blocker declared' THEN
        PERFORM pv.declare_blocker('person', 'active', 'ends > current_date', 'is a customer', relation => 'service');
    ELSIF guard LIKE ', two blockers%' THEN
        PERFORM pv.declare_blocker('person', 'young', 'subject.born > current_date', 'is a minor');
        PERFORM pv.declare_blocker('person', 'active', 'ends > current_date', 'is a customer', relation => 'service');
    END IF;
    IF guard LIKE '%a redact column declared' THEN
        PERFORM pv.declare_personal('message', '{body}', 'free text', erase_with => 'redact');
    END IF;
    IF guard LIKE '%a retention rule%' THEN
        PERFORM pv.declare_retention('invoice', 'bookkeeping', '5 years', 'pv.accounting_year_end(issued)',
                                     'Bookkeeping Act', '{name,address}', mandatory => true);
    END IF;
END $$;

CREATE PROCEDURE undeclare() LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pv.undeclare_blocker(subject::regclass, name) FROM pv.blocker;
    PERFORM pv.undeclare_retention(relation::regclass, name) FROM pv.retention;
    PERFORM pv.declare_personal('message', '{body}', 'contact', erase_with => 'null');
END $$;

CREATE PROCEDURE compare(singles int, batch int, first int, last int) LANGUAGE plpgsql AS $$
DECLARE
    guard text;
BEGIN
    FOR round IN first..last LOOP
        IF batch = 0 THEN
            CALL one_by_one('one at a time', round, true, singles);
        ELSE
            CALL in_one_call('in one call', round, true, batch);
        END IF;
        FOREACH guard IN ARRAY '{"", ", a blocker declared", ", a retention rule declared", ", two blockers and a retention rule declared"}'::text[] LOOP
            CALL declare(guard);
            CALL one_by_one('warm-up', 0, false, 10);
            IF batch = 0 THEN
                CALL one_by_one('one at a time' || guard, round, false, singles);
            ELSE
                CALL in_one_call('in one call' || guard, round, false, batch);
            END IF;
            CALL undeclare();
        END LOOP;
        IF batch > 0 THEN
            CALL in_one_call('in one call of texts', round, true, batch, 'by_hand_of_texts');
            guard := ', two blockers, a retention rule and a redact column declared';
            CALL declare(guard);
            CALL one_by_one('warm-up', 0, false, 10);
            CALL in_one_call('in one call of texts' || guard, round, false, batch);
            CALL undeclare();
        END IF;
    END LOOP;
END $$;

CALL compare(:singles, 0, 0, 20);
CALL compare(0, :batch, 1, 3);

SELECT what, subjects AS "subjects a round", rounds, round(hand_ms::numeric, 3) AS "ms each by hand",
       round(pvext_ms::numeric, 3) AS "ms each by pvext", round(ratio::numeric, 2) AS ratio,
       round(lowest::numeric, 2) || ' to ' || round(highest::numeric, 2) AS "in the rounds",
       round(fastest::numeric, 2) AS "fastest rounds",
       CASE what WHEN 'one at a time' THEN 'at most 2.0' WHEN 'in one call' THEN 'at most 1.5'
            WHEN 'in one call of texts, two blockers, a retention rule and a redact column declared' THEN 'at most 2.0' END AS target
FROM outcome WHERE what <> 'warm-up' ORDER BY what LIKE 'in one%', what;
