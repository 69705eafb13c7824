-- Children whose parent is not in the map: what they inherit is asked for, and declared, there.
SET client_min_messages = warning;
CREATE EXTENSION pvext CASCADE;
CREATE SCHEMA inherited;
SET search_path = inherited;
CREATE TABLE person (id int PRIMARY KEY, name text);
CREATE TABLE note (id int, body text, kind int);
CREATE TABLE person_note (ref int REFERENCES person) INHERITS (note);
CREATE TABLE old_person_note (source text) INHERITS (person_note);
CREATE INDEX ON person_note (ref);
CREATE INDEX ON old_person_note (ref);
INSERT INTO person VALUES (1, 'Ada Berg'), (2, 'Odd Lie');
INSERT INTO note VALUES (8, 'nobody called', 1);
INSERT INTO person_note VALUES (9, 'Ada Berg called', 1, 1);
INSERT INTO old_person_note VALUES (10, 'Ada Berg wrote', 1, 1, 'Ada Berg'), (11, 'Odd Lie wrote', 1, 2, 'Odd Lie');
SELECT pv.declare_subject('person'), pv.declare_personal('person', '{name}', 'identifying') \g /dev/null
\pset format unaligned
\pset tuples_only on
SELECT pv.generate_map('person');
SELECT pv.link_foreign_keys('person');
SELECT relation, column_name, severity, problem, hint FROM pv.check_map();

-- A grandchild's comes from a table that the map reaches.
SELECT pv.declare_personal('old_person_note', '{body}', 'free text', erase_with => 'redact');
SELECT pv.declare_personal('note', '{body}', 'free text', erase_with => 'redact');
\pset tuples_only off
SELECT pv.declare_personal('person_note', '{body}', 'free text', erase_with => 'redact');
SELECT relation, column_name, problem FROM pv.check_map();
-- Said of the parent's it is said of all its children's.
SELECT pv.declare_not_personal('note', '{id,kind}');
SELECT pv.declare_link('old_person_note', '{ref}', 'person') \g /dev/null
SELECT pv.declare_personal('old_person_note', '{source}', 'identifying');
SELECT relation, column_name, problem FROM pv.check_map();
SELECT relation, column_name, rows FROM pv.preview_erasure('person', 1);
SELECT state FROM pv.erase_subject('person', 1);
SELECT * FROM pv.verify_erasure('person', 1);
SELECT tableoid::regclass, * FROM note ORDER BY id;
SELECT id, source FROM old_person_note ORDER BY id;

-- Several parents, of which one is in the map
CREATE TABLE stamped (stamped_by text);
CREATE TABLE account (id int PRIMARY KEY, owner int REFERENCES person, iban text);
CREATE TABLE old_account (id int NOT NULL, closed_for text) INHERITS (stamped, account);
CREATE INDEX ON account (owner);
CREATE INDEX ON old_account (owner);
SELECT pv.declare_link('account', '{owner}', 'person'), pv.declare_personal('account', '{iban}', 'contact') \g /dev/null
SELECT relation, column_name, problem, hint FROM pv.check_map();
SELECT pv.declare_personal('old_account', '{stamped_by}', 'identifying');
SELECT pv.declare_link('old_account', '{owner}', 'person') \g /dev/null
SELECT relation, column_name, problem, hint FROM pv.check_map();
SELECT pv.declare_personal('old_account', '{iban}', 'contact');
SELECT pv.declare_personal('old_account', '{stamped_by,closed_for}', 'identifying');
SELECT relation, column_name, problem, hint FROM pv.check_map();
INSERT INTO old_account VALUES ('Odd Lie', 1, 2, 'NO12', 'Odd Lie');
SELECT state FROM pv.erase_subject('person', 2);
TABLE old_account;

-- The person's own table
CREATE TABLE entity (name text, born date);
CREATE TABLE human (id int PRIMARY KEY) INHERITS (entity);
SELECT pv.declare_subject('human') \g /dev/null
SELECT relation, column_name, problem FROM pv.check_map();
SELECT pv.declare_personal('human', '{name,born}', 'identifying');
INSERT INTO human VALUES ('Siv Moe', '1970-01-01', 1);
SELECT state FROM pv.erase_subject('human', 1);
TABLE entity;

-- A parent comes into the map later, and a table becomes a child of one.
ALTER TABLE note ADD owner int REFERENCES person;
CREATE INDEX ON note (owner); CREATE INDEX ON person_note (owner); CREATE INDEX ON old_person_note (owner);
SELECT pv.declare_link('note', '{owner}', 'person') \g /dev/null
SELECT relation, column_name, severity, problem, hint FROM pv.check_map();
SELECT pv.declare_personal('note', '{body}', 'free text', erase_with => 'redact');
SELECT relation, column_name, severity, problem, hint FROM pv.check_map();
SELECT pv.undeclare_personal('person_note', '{body}');
-- now they are about the owner alone
SELECT relation, column_name, problem FROM pv.check_map();
SELECT pv.undeclare_personal('note', '{body}'), pv.undeclare_link('note', 'owner') \g /dev/null
SELECT relation, column_name, problem FROM pv.check_map();
SELECT pv.declare_not_personal('note', '{owner}');
SELECT pv.declare_personal('person_note', '{body}', 'free text', erase_with => 'redact');

-- A rule of the parent's
SELECT pv.declare_retention('note', 'law', '5 years', 'now()', 'law', mandatory => true);
SELECT relation, column_name, problem, hint FROM pv.check_map();
SELECT pv.declare_retention('person_note', 'law', '5 years', 'now()', 'law', mandatory => true),
       pv.declare_retention('old_person_note', 'law', '5 years', 'now()', 'law', mandatory => true) \g /dev/null
SELECT relation, column_name, problem FROM pv.check_map();

-- What is done to the parent is done to the child's columns.
SET pvext.strict_ddl = on;
ALTER TABLE note ADD phone text;
DELETE FROM human;
ALTER TABLE entity ALTER born SET NOT NULL;
RESET pvext.strict_ddl;
ALTER TABLE note RENAME body TO words;
SELECT relation, column_name FROM pv.personal WHERE relation = 'person_note'::regclass;
-- Who reads the child's rows through the parent is on record.
SELECT pv.enable_audit('person_note') \g /dev/null
SELECT count(words) FROM note;
SELECT count(id) FROM note;
SELECT pv.drain_reads() > 0 AS drained;
SELECT relation, columns, rows FROM pv.access_log;
-- A child that is detached keeps what is declared of it.
ALTER TABLE person_note NO INHERIT note;
SELECT relation, column_name, problem FROM pv.check_map();
SELECT relation, column_name FROM pv.personal ORDER BY 1, 2;

-- One that was read before is watched once a child of its child is audited.
CREATE TABLE paper (LIKE note);
CREATE TABLE sheet () INHERITS (paper);
SELECT count(words) FROM paper;
ALTER TABLE person_note INHERIT sheet;
SELECT count(words) FROM paper;
SELECT pv.drain_reads() > 0 AS drained;
SELECT relation, columns, rows FROM pv.access_log;
ALTER TABLE person_note NO INHERIT sheet;
DROP TABLE paper, sheet;

-- A child's foreign key that its parent's link covers, under a condition, or not
CREATE TABLE call (id int PRIMARY KEY, ref int NOT NULL, other int, body text);
CREATE TABLE old_call (FOREIGN KEY (ref) REFERENCES person, FOREIGN KEY (other) REFERENCES person) INHERITS (call);
CREATE INDEX ON call (ref); CREATE INDEX ON old_call (ref); CREATE INDEX ON call (other); CREATE INDEX ON old_call (other);
SELECT pv.declare_link('call', '{ref}', 'person'), pv.declare_personal('call', '{body}', 'free text', erase_with => 'redact') \g /dev/null
SELECT relation, column_name, problem, hint FROM pv.check_map() WHERE relation ~ 'call';
SELECT relation, name, columns, declared FROM pv.candidate_links('person') WHERE relation = 'old_call'::regclass;
SELECT pv.declare_link('call', '{other}', 'person'), pv.declare_personal('call', '{body}', 'free text', erase_with => 'redact', link => '*') \g /dev/null
SELECT relation, column_name, problem, hint FROM pv.check_map() WHERE relation ~ 'call';
SELECT pv.undeclare_personal('call', '{body}'), pv.undeclare_link('call', 'other'), pv.undeclare_link('call', 'ref') \g /dev/null
SELECT pv.declare_link('call', '{ref}', 'person', condition => 'other IS NULL') \g /dev/null
SELECT relation, name, columns, declared FROM pv.candidate_links('person') WHERE relation = 'old_call'::regclass;
-- rows that are deleted with it
SELECT pv.undeclare_link('call', 'ref') \g /dev/null
CREATE TABLE answer (id int PRIMARY KEY, question int, body text);
CREATE TABLE old_answer (FOREIGN KEY (question) REFERENCES call) INHERITS (answer);
CREATE INDEX ON answer (question); CREATE INDEX ON old_answer (question);
SELECT pv.declare_link('call', '{ref}', 'person', on_erase => 'delete') \g /dev/null
SELECT relation, column_name, problem FROM pv.check_map() WHERE relation ~ 'answer';
SELECT pv.declare_link('answer', '{question}', 'call', on_erase => 'delete') \g /dev/null
SELECT relation, column_name, problem FROM pv.check_map() WHERE relation ~ 'answer';
