-- What blockers say of many persons in one query is what they say of each alone: by links of
-- every kind, where it is unknown, and where the condition fails for one of them.
SET client_min_messages = warning;
CREATE EXTENSION pvext CASCADE;
CREATE SCHEMA many;
SET search_path = many;
SET pvext.erasure_limit = 0;
CREATE TABLE person (id int PRIMARY KEY, name text, email text, debt int);
CREATE UNIQUE INDEX ON person (lower(email));
INSERT INTO person SELECT i, 'Name ' || i, 'P' || i || '@x.no', 1 FROM generate_series(1, 14) AS i;
CREATE TABLE chat (id int PRIMARY KEY, members int[], open boolean);
INSERT INTO chat VALUES (1, '{1,2}', true), (2, '{3}', false), (3, '{4,5}', NULL);
CREATE TABLE event (id int PRIMARY KEY, context jsonb, open boolean);
INSERT INTO event VALUES (1, '{"person": 6}', true), (2, '{"person": 7}', false), (3, '{"person": "x"}', true);
CREATE TABLE mail (id int PRIMARY KEY, recipient text, open boolean);
INSERT INTO mail VALUES (1, 'p8@X.no', true), (2, 'p9@x.no', false);
CREATE TABLE reply (id int PRIMARY KEY, mail int REFERENCES mail, open boolean);
INSERT INTO reply VALUES (1, 2, true);
CREATE TABLE place (id int PRIMARY KEY, open boolean);
CREATE TABLE stay (person int REFERENCES person, place int REFERENCES place, PRIMARY KEY (person, place));
INSERT INTO place VALUES (1, true), (2, false);
INSERT INTO stay VALUES (10, 1), (11, 1), (12, 2);
SET client_min_messages = error;
SELECT pv.declare_subject('person'), pv.declare_personal('person', '{name}', 'identifying');
SELECT pv.declare_link('chat', '{members}', 'person'), pv.declare_link('event', NULL, 'person', name => 'whom', expression => $$context ->> 'person'$$),
       pv.declare_link('mail', '{recipient}', 'person', '{email}', ignore_case => true), pv.declare_link('reply', '{mail}', 'mail'),
       pv.declare_link('stay', '{person}', 'person'), pv.declare_link('place', '{id}', 'stay', '{place}', shared => 'last');
SET client_min_messages = warning;
SELECT pv.declare_blocker('person', 'open ' || r, 'open', 'it is open', r::regclass) FROM unnest('{chat,event,mail,reply,place}'::text[]) AS r;
SELECT pv.declare_blocker('person', 'debt', '1 / subject.debt > 1', 'owes');
UPDATE person SET debt = 0 WHERE id = 13;
CREATE TABLE alone (id int, reasons text);
DO $$ BEGIN
    FOR i IN 1..14 LOOP
            INSERT INTO alone SELECT i, array_to_string(blocked_by, ', ') FROM pv.erase_subject('person', i);
    END LOOP;
END $$;
TABLE alone ORDER BY id;
UPDATE person SET name = 'Name ' || id;
CREATE TABLE together AS
    SELECT key::int AS id, array_to_string(blocked_by, ', ') AS reasons FROM pv.erase_subjects('person', (SELECT array_agg(i::text) FROM generate_series(1, 14) AS i)) WHERE key IS NOT NULL;
SELECT id, a.reasons, t.reasons FROM alone AS a FULL JOIN together AS t USING (id) WHERE a.reasons IS DISTINCT FROM t.reasons AND coalesce(a.reasons, '') || coalesce(t.reasons, '') <> '';
SELECT count(*) AS blocked FROM together;
DROP SCHEMA many CASCADE;
DROP EXTENSION pvext;
