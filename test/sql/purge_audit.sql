-- What is purged from tables that are audited goes from the log as well, and what is
-- held stays in it; the seals still hold.
SET client_min_messages = warning;
CREATE EXTENSION pvext CASCADE;
\set VERBOSITY terse
CREATE SCHEMA purge_audit;
SET search_path = purge_audit;
CREATE TABLE person (id int PRIMARY KEY, name text, ended_on date);
CREATE TABLE letter (id int PRIMARY KEY, person int REFERENCES person, on_day date, address text, town text) PARTITION BY RANGE (id);
CREATE TABLE letter_1 PARTITION OF letter FOR VALUES FROM (0) TO (20);
CREATE TABLE letter_2 (town text, id int NOT NULL, gone int, address text, person int, on_day date);
ALTER TABLE letter_2 DROP COLUMN gone;
ALTER TABLE letter ATTACH PARTITION letter_2 FOR VALUES FROM (20) TO (100);
CREATE TABLE visit (id int PRIMARY KEY, person int REFERENCES person, at timestamptz, address text);
CREATE TABLE click (id int PRIMARY KEY, visit int REFERENCES visit ON DELETE CASCADE, word text);
CREATE TABLE memo (person int REFERENCES person, on_day date, body text);
CREATE INDEX ON letter (person);
CREATE INDEX ON visit (person);
CREATE INDEX ON click (visit);
CREATE INDEX ON memo (person);
SELECT pv.declare_subject('person');
SELECT pv.declare_link('letter', '{person}', 'person'), pv.declare_link('visit', '{person}', 'person');
SELECT pv.declare_link('click', '{visit}', 'visit', on_erase => 'delete'), pv.declare_link('memo', '{person}', 'person');
SELECT pv.declare_personal('person', '{name}', 'name');
SELECT pv.declare_personal('letter', '{address}', 'address'), pv.declare_personal('letter', '{town}', 'address', erase_with => 'pseudonym');
SELECT pv.declare_personal('click', '{word}', 'text'), pv.declare_personal('memo', '{body}', 'text');
SELECT pv.enable_audit(t) FROM unnest('{person,letter,visit,click,memo}'::regclass[]) AS t;
INSERT INTO person SELECT i, 'secret name ' || i, '2999-01-01' FROM generate_series(1, 3) AS i;
INSERT INTO letter SELECT i, i % 4 + 1, '2001-01-01', 'secret address ' || i, 'secret town ' || i FROM generate_series(10, 29) AS i WHERE i % 4 < 3;
INSERT INTO letter VALUES (50, NULL, '2001-01-01', 'secret address of nobody', 'x'), (51, 1, '2999-01-01', 'secret address that stays', 'y');
INSERT INTO visit SELECT i, i, '2001-01-01', 'secret visit ' || i FROM generate_series(1, 3) AS i;
INSERT INTO click SELECT i, i, 'secret word ' || i FROM generate_series(1, 3) AS i;
INSERT INTO memo SELECT i, '2001-01-01', 'secret memo ' || i FROM generate_series(1, 3) AS i;
UPDATE letter SET address = 'later ' || address WHERE id < 25;
UPDATE letter SET person = 2 WHERE id = 12;
SELECT pv.seal_audit() IS NOT NULL AS sealed;
CREATE VIEW secrets AS
    SELECT relation, count(*) FROM pv.audit_trail
    WHERE coalesce(old::text, '') || coalesce(new::text, '') || key::text LIKE '%secret%' GROUP BY 1 ORDER BY 1;
TABLE secrets;

SELECT pv.declare_retention('letter', 'letters', '1 year', 'on_day', 'policy');
SELECT pv.declare_retention('visit', 'visits', '1 year', 'at', 'policy', action => 'delete');
SELECT pv.declare_retention('memo', 'memos', '1 year', 'on_day', 'policy');
SELECT pv.place_hold('person', 3, 'court case');
SELECT relation, rows, held FROM pv.preview_purge() ORDER BY 1;
SELECT pv.activate_retention(relation, rule, rows) FROM pv.preview_purge();
SET pvext.purge_batch_size = 1;
CALL pv.purge();
SELECT state, error FROM pv.run_log ORDER BY id DESC LIMIT 1;
TABLE secrets;
-- Those that are left are in rows that stay.
SELECT DISTINCT relation, key, word FROM pv.audit_trail AS t,
    regexp_matches(coalesce(old::text, '') || coalesce(new::text, ''), 'secret [a-z]+ ?[a-z0-9]*', 'g') AS word
WHERE relation <> 'purge_audit.person' ORDER BY 1, 2, 3;
SELECT id, person, address FROM letter WHERE address IS NOT NULL ORDER BY id;
SELECT * FROM pv.verify_audit();
SELECT pv.release_hold(1, 'settled');
CALL pv.purge();
UPDATE person SET ended_on = '2001-01-01';
UPDATE letter SET on_day = '2001-01-01';
SELECT pv.declare_retention('person', 'people', '1 year', 'ended_on', 'policy');
SELECT pv.activate_retention('person', 'people', 3);
CALL pv.purge();
TABLE secrets;
SELECT pv.seal_audit() IS NOT NULL AS sealed;
SELECT * FROM pv.verify_audit();
SELECT * FROM pv.overdue;

RESET search_path;
DROP SCHEMA purge_audit CASCADE;
DROP EXTENSION pvext;
