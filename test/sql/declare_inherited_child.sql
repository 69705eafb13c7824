-- Children with checks, keys and columns of their own, of parents that hold no rows or few.
SET client_min_messages = warning;
CREATE EXTENSION pvext CASCADE;
CREATE SCHEMA office;
SET search_path = office;
CREATE TABLE person (id int PRIMARY KEY, name text);
CREATE TABLE account (id int PRIMARY KEY, person int REFERENCES person, iban text);
CREATE INDEX ON account (person);
-- An abstract parent: its check is about its own rows alone.
CREATE TABLE file (id int NOT NULL, ref int NOT NULL, name text NOT NULL, kind int, words text, CHECK (false) NO INHERIT);
CREATE TABLE file_person (CHECK (kind = 1), UNIQUE (ref, name), FOREIGN KEY (ref) REFERENCES person) INHERITS (file);
CREATE TABLE file_loan (CHECK (kind = 2), shelf text, owner int REFERENCES person) INHERITS (file);
CREATE INDEX ON file (ref); CREATE INDEX ON file_person (ref); CREATE INDEX ON file_loan (ref); CREATE INDEX ON file_loan (owner);
INSERT INTO person VALUES (1, 'Ada Berg'), (2, 'Odd Lie');
INSERT INTO file_person VALUES (1, 1, 'ada.pdf', 1, 'Ada Berg'), (2, 1, 'berg.pdf', 1, NULL), (3, 2, 'odd.pdf', 1, 'Odd Lie');
INSERT INTO file_loan VALUES (4, 1, 'ada.pdf', 2, NULL, 'of Odd', 2), (5, 2, 'odd.pdf', 2, NULL, 'of Ada', 1);
SELECT pv.declare_subject('person'), pv.declare_personal('person', '{name}', 'identifying'),
       pv.declare_link('file', '{ref}', 'person') \g /dev/null
\set VERBOSITY default
SELECT pv.declare_personal('file', '{name}', 'document', erase_with => 'constant', parameter => 'gone');
SELECT pv.declare_personal('file', '{kind}', 'document', erase_with => 'constant', parameter => '3');
SELECT pv.declare_personal('file', '{name,words}', 'document'), pv.declare_not_personal('file', '{id,kind}') \g /dev/null
SELECT column_name, strategy FROM pv.personal WHERE relation = 'file'::regclass ORDER BY 1;
-- What only a child has goes by what its parent's links say of its rows, and by its own.
SELECT pv.declare_link('file_loan', '{owner}', 'person') \g /dev/null
SET client_min_messages = notice;
SELECT pv.declare_personal('file_loan', '{name}', 'document');
SELECT pv.declare_personal('file_loan', '{shelf}', 'document');
SELECT pv.declare_personal('file_loan', '{shelf}', 'document', link => 'owner');
RESET client_min_messages;
SET client_min_messages = warning;
SELECT name, columns, parent FROM pv.link WHERE relation = 'file_loan'::regclass ORDER BY 1;
SELECT relation, column_name, severity, problem FROM pv.check_map() WHERE relation ~ 'file';
SELECT relation, column_name, rows FROM pv.preview_erasure('person', 1);
SELECT state FROM pv.erase_subject('person', 1);
SELECT * FROM pv.verify_erasure('person', 1);
SELECT tableoid::regclass, id, ref, name ~ '^erased-', words FROM file ORDER BY id;
SELECT id, shelf FROM file_loan ORDER BY id;

-- The parent's own rows count where there are any.
CREATE TABLE note (id int, ref int, body text, CHECK (body <> '') NO INHERIT, CHECK (body IS NOT NULL) NO INHERIT);
CREATE TABLE account_note (FOREIGN KEY (ref) REFERENCES account, CHECK (body IS NULL OR body <> 'x'), CHECK (id > 0) NO INHERIT) INHERITS (note);
CREATE TABLE old_note (tag text, FOREIGN KEY (ref) REFERENCES account) INHERITS (account_note);
CREATE INDEX ON note (ref); CREATE INDEX ON account_note (ref); CREATE INDEX ON old_note (ref);
INSERT INTO account VALUES (7, 2, 'NO12');
INSERT INTO account_note VALUES (1, 7, 'Odd called');
INSERT INTO old_note VALUES (-1, 7, 'Odd wrote', 'odd');
SELECT pv.declare_link('account', '{person}', 'person'), pv.declare_personal('account', '{iban}', 'contact'),
       pv.declare_link('note', '{ref}', 'account'), pv.declare_not_personal('note', '{id}') \g /dev/null
SELECT pv.declare_personal('note', '{body}', 'free text', erase_with => 'constant', parameter => 'x');
SELECT pv.declare_personal('note', '{body}', 'free text', erase_with => 'constant', parameter => '') \g /dev/null
INSERT INTO note VALUES (2, 7, 'Odd wrote');
SELECT relation, column_name, severity, problem FROM pv.check_map() WHERE relation ~ 'note';
SELECT pv.declare_personal('note', '{body}', 'free text', erase_with => 'null');
SELECT pv.declare_personal('note', '{body}', 'free text') \g /dev/null
SELECT strategy FROM pv.personal WHERE relation = 'note'::regclass;
-- a child of a child
SELECT pv.declare_personal('old_note', '{tag}', 'free text') \g /dev/null
SELECT relation, column_name, severity, problem FROM pv.check_map() WHERE relation ~ 'note';
SELECT state FROM pv.erase_subject('person', 2);
SELECT tableoid::regclass, id, body ~ 'Odd' FROM note ORDER BY id;
SELECT tag FROM old_note;

-- Children that come later, and what they get later
SET client_min_messages = warning;
CREATE TABLE file_late (source text, UNIQUE (words)) INHERITS (file);
ALTER TABLE file_late ADD more text;
CREATE TABLE file_made (LIKE file, by_whom text, CHECK (length(name) < 9));
ALTER TABLE file_made INHERIT file;
SELECT relation, column_name, severity, problem FROM pv.check_map() WHERE relation ~ 'file';
ALTER TABLE file_made NO INHERIT file;
ALTER TABLE file_person ADD CONSTRAINT pdf CHECK (name ~ 'pdf') NOT VALID;
ALTER TABLE file_person DROP CONSTRAINT pdf;
SET pvext.strict_ddl = on;
ALTER TABLE file_person ADD CONSTRAINT no_words CHECK (words <> '' AND words IS NOT NULL) NOT VALID;
RESET pvext.strict_ddl;

-- Several parents, both of them in the map
CREATE TABLE visit (id int, who int, seen_by text);
CREATE TABLE bill (id int, payer int, sum_text text);
CREATE TABLE visit_bill (remark text) INHERITS (visit, bill);
CREATE INDEX ON visit (who); CREATE INDEX ON bill (payer); CREATE INDEX ON visit_bill (who); CREATE INDEX ON visit_bill (payer);
SELECT pv.declare_link('visit', '{who}', 'person'), pv.declare_link('bill', '{payer}', 'person'),
       pv.declare_personal('visit', '{seen_by}', 'health'), pv.declare_personal('bill', '{sum_text}', 'economy') \g /dev/null
INSERT INTO person VALUES (3, 'Siv Moe'), (4, 'Per Vik');
INSERT INTO visit_bill VALUES (1, 3, 'Dr. Dahl', 4, '12 kr', 'Siv Moe, paid by Per Vik');
SELECT pv.declare_personal('visit_bill', '{remark}', 'free text', erase_with => 'redact');
SELECT pv.declare_personal('visit_bill', '{remark}', 'free text', erase_with => 'redact', link => '*') \g /dev/null
SELECT relation, column_name, severity, problem FROM pv.check_map() WHERE relation ~ 'visit|bill';
SELECT state FROM pv.erase_subject('person', 3);
TABLE visit_bill;

-- Children of the person's own table
CREATE TABLE human (id int PRIMARY KEY, name text, email text NOT NULL UNIQUE);
CREATE TABLE employee (salary int, badge text, PRIMARY KEY (id), UNIQUE (email)) INHERITS (human);
CREATE TABLE manager (car text, PRIMARY KEY (id)) INHERITS (employee);
CREATE TABLE pay (id int PRIMARY KEY, employee int REFERENCES employee, remark text);
CREATE INDEX ON pay (employee);
INSERT INTO human VALUES (1, 'Ada Berg', 'ada@x'); INSERT INTO employee VALUES (2, 'Odd Lie', 'odd@x', 10, 'B2');
INSERT INTO manager VALUES (3, 'Siv Moe', 'siv@x', 20, 'B3', 'BT 1234');
INSERT INTO pay VALUES (1, 2, 'to Odd Lie');
SELECT pv.declare_subject('human'), pv.declare_personal('human', '{name,email}', 'identifying') \g /dev/null
SET client_min_messages = notice;
SELECT pv.declare_personal('employee', '{salary,badge}', 'work');
SELECT pv.declare_personal('manager', '{badge}', 'work');
SELECT pv.declare_personal('manager', '{car}', 'work');
SELECT pv.declare_link('pay', '{employee}', 'employee');
SELECT pv.declare_personal('pay', '{remark}', 'free text', erase_with => 'redact');
SET client_min_messages = warning;
SELECT relation, column_name, severity, problem FROM pv.check_map() WHERE relation ~ 'human|employee|manager|pay';
SELECT pv.enable_audit('human') \g /dev/null
SELECT relation, column_name, rows FROM pv.preview_erasure('human', 3);
SELECT state FROM pv.erase_subject('human', 3) UNION ALL SELECT state FROM pv.erase_subject('human', 2);
SELECT relation FROM pv.verify_erasure('human', 3) UNION ALL SELECT relation FROM pv.verify_erasure('human', 2);
SELECT id, name, email ~ '^erased-', salary, badge FROM employee ORDER BY id;
SELECT car FROM manager; SELECT remark FROM pay;
SELECT key, redacted FROM pv.audit_trail ORDER BY id, n;

-- Rows that are deleted: once, by whichever link, and what is due of them by the parent's rule
CREATE TABLE session (id int, human int, token text, at date);
CREATE TABLE web_session (address text) INHERITS (session);
CREATE INDEX ON session (human); CREATE INDEX ON web_session (human);
INSERT INTO session VALUES (1, 1, 'a', '2001-01-01'), (2, 1, 'b', '2999-01-01');
INSERT INTO web_session VALUES (3, 1, 'c', '2001-01-01', '::1'), (4, 1, 'd', '2999-01-01', '::1'), (5, 9, 'e', '2999-01-01', '::2');
SELECT pv.declare_link('session', '{human}', 'human', on_erase => 'delete'), pv.declare_not_personal('session'),
       pv.declare_personal('web_session', '{address}', 'contact') \g /dev/null
SELECT pv.declare_retention('session', 'old', '1 year', 'at', 'not needed', action => 'delete') \g /dev/null
SELECT relation, rows FROM pv.preview_purge();
SELECT relation, problem FROM pv.check_map() WHERE relation ~ 'session';
SELECT pv.activate_retention('session', 'old', 2) \g /dev/null
CALL pv.purge();
SELECT tableoid::regclass, id FROM session ORDER BY id;
SELECT pv.declare_retention('web_session', 'web', '5 years', 'at', 'law', columns => '{address}', mandatory => true) \g /dev/null
SELECT relation, problem FROM pv.check_map() WHERE relation ~ 'session';
SELECT pv.undeclare_retention('web_session', 'web');
SELECT relation, column_name, rows FROM pv.preview_erasure('human', 1);
SELECT state FROM pv.erase_subject('human', 1);
SELECT tableoid::regclass, id FROM session ORDER BY id;
DROP EXTENSION pvext;
