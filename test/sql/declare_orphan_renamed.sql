-- A migration renames a table away, makes another of its name, and drops the first.
SET client_min_messages = warning; CREATE EXTENSION pvext CASCADE; RESET client_min_messages;
CREATE ROLE regress_renamed_off;
SELECT pv.grant_role('regress_renamed_off', 'officer');
CREATE TABLE person (id int PRIMARY KEY, name text);
CREATE TABLE note (id int PRIMARY KEY, person_id int REFERENCES person, body text);
CREATE INDEX ON note (person_id);
SELECT pv.declare_subject('person'), pv.link_foreign_keys('person');
SELECT pv.declare_personal('person', '{name}', 'identifying'), pv.declare_personal('note', '{body}', 'free text', erase_with => 'null');
SELECT pv.declare_not_personal('note');
SELECT pv.enable_audit('note');
INSERT INTO person VALUES (1, 'Ann'), (2, 'Bo');
INSERT INTO note VALUES (1, 1, 'Ann called'), (2, 2, 'Bo called');
SELECT state FROM pv.erase_subject('person', 2);
SELECT item FROM pv.status WHERE item = 'map';

ALTER TABLE note RENAME TO note_old;
CREATE TABLE note (id int PRIMARY KEY, person_id int REFERENCES person, body text);
CREATE INDEX ON note (person_id);
INSERT INTO note TABLE note_old;
SELECT relation, severity, problem, hint FROM pv.check_map();
DROP TABLE note_old;
SELECT relation, severity, problem, hint FROM pv.check_map() WHERE relation ~ 'note_old';
SELECT item, state, error, backlog, detail, alarm FROM pv.status WHERE item = 'map';
-- nobody is erased in part
SELECT state FROM pv.erase_subject('person', 1);
SELECT problem FROM pv.check_map() WHERE relation ~ 'person';

-- it is the same
SET ROLE regress_renamed_off;
SELECT pv.take_up_orphan('public', 'no_note', 'note');
SELECT pv.take_up_orphan('public', 'note_old', 'person');
SELECT pv.take_up_orphan('public', 'note_old', 'note');
SELECT pv.take_up_orphan('public', 'note_old', 'note');
RESET ROLE;
SELECT relation, severity, problem FROM pv.check_map();
SELECT item FROM pv.status WHERE item = 'map';
SELECT state FROM pv.erase_subject('person', 1);
SELECT * FROM note ORDER BY id;
SELECT operation, count(*) FROM pv.audit_trail WHERE relation = 'public.note' GROUP BY 1 ORDER BY 1;
SELECT call FROM pv.event WHERE call ~ 'orphan';

-- a new table that comes after the drop, by way of two names
CREATE SCHEMA attic;
ALTER TABLE note SET SCHEMA attic;
ALTER TABLE attic.note RENAME TO "Old Note";
DROP TABLE attic."Old Note";
SELECT state FROM pv.erase_subject('person', 1);
CREATE TABLE note (id int PRIMARY KEY, person_id int REFERENCES person, body text);
SELECT problem, hint FROM pv.check_map() WHERE relation ~ 'Old Note';
SELECT pv.erase_subject('person', 1) IS NULL;

-- another role's is not
CREATE ROLE regress_renamed_other;
ALTER TABLE note OWNER TO regress_renamed_other;
SELECT pv.take_up_orphan('attic', 'Old Note', 'note');
-- it is another
SELECT pv.undeclare_orphan('attic', 'Old Note');
SELECT severity, problem FROM pv.check_map() WHERE severity = 'error';
SELECT item FROM pv.status WHERE item = 'map';
SELECT state FROM pv.erase_subject('person', 1);

-- a subject's own table: no declaration is of the new one, and it is strict
DROP TABLE note;
SET pvext.strict_ddl = on;
ALTER TABLE person RENAME TO person_old;
CREATE TABLE person (id int PRIMARY KEY, name text);
DROP TABLE person_old;
RESET pvext.strict_ddl;
DROP TABLE person_old;
SELECT pv.take_up_orphan('public', 'person_old', 'person');
SELECT relation, key FROM pv.subject;
-- names that it has again are not former ones
ALTER TABLE person RENAME TO a;
ALTER TABLE a RENAME TO b;
ALTER TABLE b RENAME TO a;
SELECT name, former FROM pv.relation WHERE relation IS NOT NULL;

-- columns: the one that was declared is gone
ALTER TABLE a RENAME name TO name_old;
ALTER TABLE a ADD name text;
ALTER TABLE a DROP name_old;
SELECT item, state, error FROM pv.status WHERE item = 'map';

DROP TABLE a;
SELECT pv.undeclare_orphan('public', 'a');

-- A table that becomes a partition of a new one: whose rows come to others of that is not known.
CREATE TABLE guest (id int PRIMARY KEY, name text);
CREATE TABLE visit (id int, guest_id int, words text);
CREATE INDEX ON visit (guest_id);
INSERT INTO guest VALUES (1, 'Anna');
INSERT INTO visit VALUES (1, 1, 'old words');
SELECT pv.declare_subject('guest'), pv.declare_personal('guest', '{name}', 'name');
SELECT pv.declare_link('visit', '{guest_id}', 'guest'), pv.declare_personal('visit', '{words}', 'text');
ALTER TABLE visit RENAME TO visit_old;
CREATE TABLE visit (id int, guest_id int, words text) PARTITION BY RANGE (id);
ALTER TABLE visit ATTACH PARTITION visit_old FOR VALUES FROM (0) TO (100);
CREATE TABLE visit_new PARTITION OF visit FOR VALUES FROM (100) TO (200);
INSERT INTO visit VALUES (110, 1, 'new words');
SELECT error FROM pv.status WHERE item = 'map';
SELECT state FROM pv.erase_subject('guest', 1);
SELECT count(*) FROM pv.preview_erasure('guest', 1);
SELECT pv.declare_not_personal('visit');
SELECT state FROM pv.erase_subject('guest', 1);
CREATE INDEX ON visit (guest_id);
SELECT pv.declare_link('visit', '{guest_id}', 'guest'), pv.declare_personal('visit', '{words}', 'text');
SELECT error FROM pv.status WHERE item = 'map' AND error ~ 'visit';
SELECT state IN ('completed', 'verifying') AS done FROM pv.erase_subject('guest', 1);
SELECT * FROM visit ORDER BY id;
DROP TABLE visit, guest;
DROP EXTENSION pvext;
DROP SCHEMA attic;
DROP OWNED BY regress_renamed_off;
DROP ROLE regress_renamed_off, regress_renamed_other;
