-- Until when a request is to be answered: a month by the clocks of the database, the time that
-- identity was asked for, extensions; and what pv.status says of it.
SET client_min_messages = warning;
CREATE EXTENSION pvext CASCADE;
RESET client_min_messages;
\set VERBOSITY default
\set SHOW_CONTEXT never
CREATE SCHEMA due;
SET search_path = due;
CREATE TABLE person (id int PRIMARY KEY, name text);
INSERT INTO person SELECT i, 'name ' || i FROM generate_series(1, 99) AS i;
SELECT pv.declare_subject('person');
SELECT pv.declare_personal('person', '{name}', 'identifying');
ALTER DATABASE :"DBNAME" SET timezone = 'Europe/Oslo';
CREATE TABLE day (id int GENERATED ALWAYS AS IDENTITY, received text, zone text DEFAULT 'Europe/Oslo', what text);
INSERT INTO day (received, what) VALUES
    ('2023-01-31 12:00', 'the end of January'), ('2023-01-30 23:59:59.9', 'the day before'), ('2024-01-31 12:00', 'a leap year'),
    ('2024-02-29 12:00', 'a leap day'), ('2023-03-31 12:00', 'a month of 30 days follows'), ('2023-12-31 00:00', 'the turn of the year'),
    ('2023-03-10 12:00', 'summer time begins'), ('2023-10-10 12:00', 'summer time ends'),
    ('2020-02-29 02:30', 'at an hour that is left out'), ('2020-09-25 02:30', 'at an hour that comes twice'),
    ('2024-01-31 23:30', 'it is another day in Greenwich'), ('2024-01-31 00:30', 'and in Oslo');
-- whatever the session's zone is
SET timezone = 'Asia/Tokyo';
CREATE TABLE made AS SELECT d.id AS day, q.due_at
    FROM day AS d, pv.receive_request('access', 'person', d.id, 'letter', CAST(d.received AS timestamp) AT TIME ZONE d.zone) AS q;
SELECT d.what, d.received, m.due_at AT TIME ZONE d.zone AS due, m.due_at AT TIME ZONE 'UTC' AS utc FROM made AS m JOIN day AS d ON d.id = m.day ORDER BY d.id;
-- another zone, from the next call on
ALTER DATABASE :"DBNAME" SET timezone = 'Pacific/Auckland';
SELECT due_at AT TIME ZONE 'Pacific/Auckland' AS due, due_at AT TIME ZONE 'UTC' AS utc
FROM pv.receive_request('access', 'person', 20, 'letter', timestamp '2024-01-31 00:30' AT TIME ZONE 'Pacific/Auckland');
ALTER DATABASE :"DBNAME" SET timezone = 'Europe/Oslo';
SET timezone = 'Europe/Oslo';

-- Those are late, and say so; what is answered is not
CREATE VIEW how AS SELECT q.key, s.state, s.alarm, s.oldest = q.received_at AS oldest, regexp_replace(s.detail, 'due [-0-9]+ [:0-9]+', 'due ...') AS detail
    FROM pv.status AS s JOIN pv.request AS q ON s.item = 'request ' || q.id ORDER BY CAST(q.key AS int);
SELECT count(*), min(state), max(state), bool_and(alarm) FROM pv.status WHERE item LIKE 'request %';
SELECT count(pv.answer_request(id, 'refused', 'of long ago')) FROM pv.request;
SELECT count(*) FROM how;
-- A week before one is due soon; as long as identity is asked for it is not, and not late if it was not before
CREATE FUNCTION left_over(key int, "left" interval, kind pv.request_kind DEFAULT 'access') RETURNS uuid LANGUAGE sql
    AS $$ SELECT id FROM pv.receive_request(kind, 'person', key, 'letter', now() - interval '1 month' + "left") $$;
SELECT left_over(30, '20 days') AS fresh, left_over(31, '3 days') AS soon, left_over(32, '-5 days') AS late,
       left_over(33, '3 days') AS asked, left_over(34, '-5 days') AS asked_late, left_over(35, '3 days') AS known, left_over(36, '3 days') AS reviewed \gset
SELECT pv.ask_identity(id, 'a doubt') FROM unnest(ARRAY[:'asked', :'asked_late']::uuid[]) AS id;
SELECT (pv.confirm_identity(id, 'passport')).state FROM unnest(ARRAY[:'known', :'reviewed']::uuid[]) AS id;
SELECT pv.withhold(:'reviewed', 'person', '{name}', 'a ground');
TABLE how;

-- The clock stands still: ten days are ten days, whatever summer time does
CREATE FUNCTION asked_before(request uuid, before interval) RETURNS void LANGUAGE sql
    AS $$ ALTER TABLE pv.request_ledger DISABLE TRIGGER refuse_others_change; UPDATE pv.request_ledger SET identity_asked_at = now() - before WHERE id = request; ALTER TABLE pv.request_ledger ENABLE ALWAYS TRIGGER refuse_others_change $$;
SELECT asked_before(:'asked', '240 hours');
BEGIN;
SELECT q.due_at - l.due_at BETWEEN '240:00:00' AND '240:10:00' AS stood, coalesce(q.extended_to, q.due_at) > now() AS in_time FROM pv.request AS q JOIN pv.request_ledger AS l USING (id) WHERE q.id = :'asked';
CREATE TABLE before AS SELECT due_at FROM pv.request_ledger WHERE id = :'asked';
SELECT q.due_at - b.due_at BETWEEN '240:00:00' AND '240:10:00' AS stood FROM pv.confirm_identity(:'asked', 'passport') AS q, before AS b;
COMMIT;
SELECT l.due_at - b.due_at BETWEEN '240:00:00' AND '240:10:00' AS stood, q.due_at = l.due_at AS goes_on FROM pv.request AS q JOIN pv.request_ledger AS l USING (id), before AS b WHERE q.id = :'asked';
-- Who was late when it was asked is late
SELECT asked_before(:'asked_late', '96 hours');
SELECT (pv.confirm_identity(:'asked_late', 'passport')).state;
TABLE how;

-- Extensions: within the first month, with a reason of which the person was told; two months in all, counted from the receipt
SELECT received_at AS received, due_at AS due FROM pv.request WHERE id = :'soon' \gset
SELECT pv.extend_request(:'soon', '1 month', 'many requests', NULL);
SELECT pv.extend_request(:'soon', NULL, 'many requests', now());
SELECT pv.extend_request(:'soon', '1 month', ' ', now());
SELECT pv.extend_request(:'soon', '1 month', 'many requests', now() + interval '1 hour');
SELECT pv.extend_request(:'soon', '1 month', 'many requests', :'received'::timestamptz - interval '1 hour');
SELECT pv.extend_request(:'soon', '3 months', 'many requests', now());
SELECT pv.extend_request(:'soon', '63 days', 'many requests', now());
SELECT pv.extend_request(:'soon', '0', 'many requests', now());
SELECT pv.extend_request(:'soon', '-1 day', 'many requests', now());
SELECT pv.extend_request(:'soon', '178000000 years', 'many requests', now());
SELECT pv.extend_request(:'soon', '-178000000 years', 'many requests', now());
SELECT pv.extend_request(:'late', '1 month', 'many requests', now());
SELECT pv.extend_request(:'late', '1 month', 'many requests', now() - interval '20 days');
SELECT pv.extend_request(:'soon', '1 month', 'many requests', now() - interval '1 minute');
CREATE VIEW ends AS SELECT due_at = :'due' AS due, extended_to = ((:'received'::timestamptz AT TIME ZONE 'Europe/Oslo') + interval '2 months') AT TIME ZONE 'Europe/Oslo' AS two,
    extended_to = ((:'received'::timestamptz AT TIME ZONE 'Europe/Oslo') + interval '3 months') AT TIME ZONE 'Europe/Oslo' AS three FROM pv.request WHERE id = :'soon';
TABLE ends;
SELECT pv.extend_request(:'soon', '1 month 1 day', 'even more', now());
SELECT pv.extend_request(:'soon', '1 month', 'even more', now());
TABLE ends;
SELECT pv.extend_request(:'soon', '1 second', 'even more', now());
SELECT extended_by, extension_reason, told_at > received_at AS told FROM pv.request_ledger WHERE id = :'soon';
SELECT r -> 'extension' ->> 'reason' AS reason, CAST(r -> 'extension' ->> 'until' AS timestamptz) = q.extended_to AS until
FROM pv.request AS q, pv.request_receipt(q.id) AS r WHERE q.id = :'soon';
TABLE how;
-- what has stood still comes on top
SELECT pv.ask_identity(:'fresh', 'a doubt');
SELECT asked_before(:'fresh', '48 hours');
SELECT pv.extend_request(:'fresh', '2 months', 'many requests', now());
BEGIN;
SELECT (pv.confirm_identity(:'fresh', 'passport')).state;
SELECT due_at - ((received_at AT TIME ZONE 'Europe/Oslo') + interval '1 month') AT TIME ZONE 'Europe/Oslo' BETWEEN '48:00:00' AND '48:10:00' AS one,
       extended_to - ((received_at AT TIME ZONE 'Europe/Oslo') + interval '3 months') AT TIME ZONE 'Europe/Oslo' BETWEEN '48:00:00' AND '48:10:00' AS three
FROM pv.request WHERE id = :'fresh';
COMMIT;

-- What comes in once more, and came in before, is due as much earlier, by its months
SELECT id AS web, received_at AS web_at FROM pv.receive_request('access', 'person', 37, 'web', timestamp '2024-11-25 12:00' AT TIME ZONE 'Europe/Oslo') \gset
SELECT pv.ask_identity(:'web', 'a doubt');
SELECT asked_before(:'web', '24 hours');
SELECT (pv.confirm_identity(:'web', 'passport')).state;
ALTER TABLE pv.request_ledger DISABLE TRIGGER refuse_others_change;
UPDATE pv.request_ledger SET extended_to = due_at + interval '61 days', extended_by = '2 months', extension_reason = 'many requests', told_at = received_at WHERE id = :'web';
ALTER TABLE pv.request_ledger ENABLE ALWAYS TRIGGER refuse_others_change;
CREATE TABLE before_letter AS SELECT due_at, extended_to FROM pv.request WHERE id = :'web';
SELECT q.id = :'web' AS same, q.received_at AT TIME ZONE 'Europe/Oslo' AS received, b.due_at - q.due_at AS earlier, b.extended_to - q.extended_to AS end_earlier, q.channel
FROM before_letter AS b, pv.receive_request('access', 'person', 37, 'letter', timestamp '2024-09-10 12:00' AT TIME ZONE 'Europe/Oslo') AS q;
SELECT received_at < :'web_at' AS as_it_was FROM pv.receive_request('access', 'person', 37, 'letter', timestamp '2024-11-28 12:00' AT TIME ZONE 'Europe/Oslo');
SELECT (pv.cancel_request(:'web', 'a test')).state;

-- An erasure is late by the same clock, as long as its ledger has it open; or earlier, if that is wanted
CREATE TABLE bill (person int REFERENCES person, paid boolean);
CREATE INDEX ON bill (person);
SELECT pv.link_foreign_keys('person');
SELECT pv.declare_blocker('person', 'unpaid', 'NOT paid', 'owes', 'bill');
INSERT INTO bill VALUES (40, false), (41, false), (42, false);
SELECT left_over(40, '-5 days', 'erasure') AS late, left_over(41, '3 days', 'erasure') AS soon \gset
SELECT (pv.confirm_identity(id, 'passport')).state FROM unnest(ARRAY[:'late', :'soon']::uuid[]) AS id;
SELECT key, state FROM pv.erase_subjects('person', '{40,41,42}') ORDER BY key;
SELECT * FROM how WHERE key IN ('40', '41', '42');
SET pvext.request_deadline = '10 d';
SELECT key, state FROM how WHERE key IN ('40', '41', '42');
SET pvext.request_deadline = 0;
SELECT key, state FROM how WHERE key IN ('40', '41', '42');
SELECT count(*) FILTER (WHERE key NOT IN ('40', '41', '42') AND state = 'late') AS others FROM how;
RESET pvext.request_deadline;
SELECT state FROM pv.answer_request(:'late', 'partly', 'we keep your bills until they are paid');
SELECT * FROM how WHERE key IN ('40', '41', '42');
ALTER DATABASE :"DBNAME" RESET timezone;
