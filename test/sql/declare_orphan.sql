SET client_min_messages = warning; CREATE EXTENSION pvext CASCADE; RESET client_min_messages;
CREATE TABLE person (id int PRIMARY KEY, name text);
CREATE TABLE "Odd Note" (person_id int REFERENCES person, body text, paid boolean);
CREATE INDEX ON "Odd Note" (person_id);
INSERT INTO person VALUES (1, 'Ann');
INSERT INTO "Odd Note" VALUES (1, 'about Ann', true);
SELECT pv.declare_subject('person'), pv.link_foreign_keys('person');
SELECT pv.declare_personal('person', '{name}', 'identifying'), pv.declare_personal('"Odd Note"', '{body}', 'text');
SELECT pv.declare_blocker('person', 'unpaid', 'NOT paid', 'owes', relation => '"Odd Note"');
SELECT pv.declare_retention('person', 'kept', '1 year', 'max(now())', 'law', over => '"Odd Note"');
-- not while it is there
SELECT pv.undeclare_orphan('public', 'Odd Note');
SET client_min_messages = error;
DROP TABLE "Odd Note";
RESET client_min_messages;
SELECT relation, problem, hint FROM pv.check_map() WHERE severity = 'error';
-- a blocker over what is gone blocks
SELECT state, blocked_by FROM pv.erase_subject('person', 1);
SELECT pv.undeclare_orphan('public', 'Odd Note');
SELECT relation, problem FROM pv.check_map() WHERE severity = 'error';
SELECT count(*) FROM pv.link;
SELECT count(*) FROM pv.blocker;
SELECT count(*) FROM pv.retention;
SELECT state FROM pv.erase_subject('person', 1);
SELECT call FROM pv.event WHERE call ~ 'orphan';
-- only once, and nothing of other names
SELECT pv.undeclare_orphan('public', 'Odd Note');
SELECT pv.undeclare_orphan('public', 'person');
SELECT pv.undeclare_orphan(NULL, 'person') IS NULL AS nothing;
-- a table of that name is a new one
CREATE TABLE "Odd Note" (body text);
SELECT count(*) FROM pv.personal WHERE relation = '"Odd Note"'::regclass;
