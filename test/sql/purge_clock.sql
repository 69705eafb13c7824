-- What is due by a rule's clock: the bound by which an index finds it misses
-- nothing, and columns that are clocks themselves go last.
SET client_min_messages = warning;
CREATE EXTENSION pvext CASCADE;
\set VERBOSITY terse
CREATE SCHEMA purge_clock;
SET search_path = purge_clock;
CREATE TABLE person (id int PRIMARY KEY);
SELECT pv.declare_subject('person');

-- Every hour of some months: what is counted by the bound is what the rule's own
-- condition says, also where a month has no such day.
CREATE TABLE visit (person int, at timestamptz, name text DEFAULT 'x');
CREATE INDEX ON visit (person);
CREATE INDEX ON visit (at);
INSERT INTO visit (at) SELECT now() - i * interval '1 hour' FROM generate_series(0, 24 * 240) AS i;
INSERT INTO visit (at) VALUES (NULL), ('infinity'), ('-infinity'), ('1850-02-28'), ('0044-03-15 BC'), ('9999-12-31');
ANALYZE visit;
SELECT pv.declare_link('visit', '{person}', 'person');
SELECT pv.declare_personal('visit', '{name}', 'name');
CREATE FUNCTION missed(clock text, keep interval, zone text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    n bigint;
    found bigint;
BEGIN
    PERFORM pv.declare_retention('visit', 'visits', keep, clock, 'policy', time_zone => zone);
    SELECT rows INTO found FROM pv.preview_purge() WHERE relation = 'visit'::regclass;
    EXECUTE format('SELECT count(*) FROM visit AS r WHERE timezone(%L, (%s) + %L) <= now()', zone,
                   (SELECT after_bound FROM pv.declared_retention AS t JOIN pv.relation AS r ON r.id = t.relation_id
                    WHERE r.relation = 'visit'::regclass), keep)
    INTO n;
    RETURN n - found;
END $$;
SET timezone = 'UTC';
SELECT i FROM generate_series(0, 95) AS i
WHERE missed('at + interval ''1 month 1 hour''', i * interval '1 day', 'America/New_York') <> 0;
SELECT i, clock FROM generate_series(1, 12) AS i,
    unnest('{"pv.accounting_year_end(at, %s)","at::date + %s","at::date - interval ''%s months 1 day''"}'::text[]) AS clock
WHERE missed(format(clock, i), '3 months 2 days 3 hours',
             ('{Europe/Oslo,Antarctica/Troll,Pacific/Apia}'::text[])[i % 3 + 1]) <> 0;
-- Longer than timestamps reach back
SELECT missed('at', interval '10000 years', 'UTC');
DELETE FROM visit WHERE at BETWEEN '2000-01-01' AND '3000-01-01';
SELECT pv.declare_retention('visit', 'visits', interval '10000 years', 'at', 'policy');
SELECT pv.activate_retention('visit', 'visits', 1);
CALL pv.purge('visit');
SELECT state, done, error FROM pv.run_log ORDER BY id DESC LIMIT 1;

-- A clock that is personal goes when all that it times has gone: else that would
-- never be due.
CREATE TABLE guest (id int PRIMARY KEY, seen_on date, paid_on date, name text, wish text);
SELECT pv.declare_subject('guest');
SELECT pv.declare_personal('guest', '{seen_on,name,wish}', 'name');
INSERT INTO guest VALUES
    (1, '2001-01-01', '2001-01-01', 'Ada', 'tea'), (2, '2001-01-01', '2999-01-01', 'Odd', 'milk'),
    (3, '2999-01-01', '2001-01-01', 'Siv', 'wine');
SELECT pv.declare_retention('guest', 'seen', '1 year', 'seen_on', 'policy');
SELECT pv.declare_retention('guest', 'paid', '5 years', 'paid_on', 'law', columns => '{name}', mandatory => true);
SELECT pv.activate_retention('guest', 'paid', 1);
SELECT pv.activate_retention('guest', 'seen', 2);
SELECT rule, rows FROM pv.overdue ORDER BY rule;
CALL pv.purge('guest');
TABLE guest ORDER BY id;
-- So it does where the person asks for it.
SELECT pv.declare_retention('guest', 'seen', '1 year', 'seen_on', 'policy', mandatory => true);
SELECT state, rows_anonymised FROM pv.erase_subject('guest', 2);
SELECT column_name, verdict FROM pv.preview_erasure('guest', 2) ORDER BY 1;
UPDATE guest SET paid_on = '2001-01-01' WHERE id = 2;
SELECT state FROM pv.erase_subject('guest', 2);
TABLE guest ORDER BY id;
SELECT pv.undeclare_retention('guest', 'seen'), pv.undeclare_retention('guest', 'paid');

-- The clock of a rule that deletes stays with the row.
INSERT INTO guest VALUES (4, '2001-01-01', NULL, 'Per', 'ale');
SELECT pv.declare_retention('guest', 'names', '1 year', 'seen_on', 'policy');
SELECT pv.declare_retention('guest', 'rows', '2 years', 'seen_on', 'policy', action => 'delete');
SELECT pv.activate_retention('guest', 'rows', 1);
SELECT pv.activate_retention('guest', 'names', 1);
CALL pv.purge('guest');
TABLE guest ORDER BY id;

RESET search_path;
DROP SCHEMA purge_clock CASCADE;
DROP EXTENSION pvext;
