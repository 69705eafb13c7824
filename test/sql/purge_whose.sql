-- Whose what is due is: rows of two subjects, held in part; texts that lose several
-- names, or are blocked; rows by conditional links, over several levels; nobody's.
SET client_min_messages = warning;
CREATE EXTENSION pvext CASCADE;
\set VERBOSITY terse
CREATE SCHEMA purge_whose;
SET search_path = purge_whose;
SELECT pv.declare_purpose('service', 'contract', 'to deliver'), pv.declare_purpose('books', 'legal_obligation', 'to keep books');
CREATE TABLE person (id int PRIMARY KEY, name text, ended_on date, active boolean DEFAULT false);
CREATE TABLE letter (id int PRIMARY KEY, sender int REFERENCES person, receiver int REFERENCES person,
                     on_day date, greeting text, address text, body text);
CREATE INDEX ON letter (sender);
CREATE INDEX ON letter (receiver);
INSERT INTO person (id, name) VALUES (1, 'Anna'), (2, 'Bert'), (3, 'Carl');
INSERT INTO letter VALUES
    (10, 1, 2, '2001-01-01', 'Dear Bert', 'Oslo', 'Bert, it is all yours, Anna'),
    (11, 1, 3, '2001-01-01', 'Dear Carl', 'Oslo', 'Carl, it is mine, Anna'),
    (12, 3, 3, '2001-01-01', 'Dear self', 'Moss', 'Carl to himself'),
    (13, NULL, NULL, '2001-01-01', 'Dear all', 'Here', 'anonymous');
SELECT pv.declare_subject('person');
SELECT pv.link_foreign_keys('person');
SELECT pv.declare_personal('person', '{name}', 'identifying', '{service}');
SELECT pv.declare_personal('letter', '{greeting}', 'text', '{service}', link => 'receiver');
SELECT pv.declare_personal('letter', '{address}', 'text', '{service}', link => 'sender');
SELECT pv.declare_retention('letter', 'letters', '1 year', 'on_day', 'policy', columns => '{greeting,address}');

-- A row that is due for two reasons counts once, also where somebody is held.
SELECT rows, held FROM pv.preview_purge();
SELECT pv.place_hold('person', 3, 'court case');
SELECT rows, held FROM pv.preview_purge();
SELECT pv.activate_retention('letter', 'letters', 3);
SELECT rows, held_by FROM pv.overdue ORDER BY held_by;
CALL pv.purge();
SELECT id, greeting, address FROM letter ORDER BY id;
SELECT rows, held_by FROM pv.overdue;
SELECT pv.release_hold(1, 'settled');

-- Texts about two subjects lose both names, and are done with after one run.
SELECT pv.declare_personal('letter', '{body}', 'text', '{books}', erase_with => 'redact', link => '*');
SELECT pv.declare_retention('letter', 'bodies', '1 year', 'on_day', 'policy', columns => '{body}');
SELECT pv.activate_retention('letter', 'bodies', 4);
CALL pv.purge('letter', 'bodies');
SELECT id, body FROM letter ORDER BY id;
SELECT rule, rows FROM pv.overdue WHERE rule = 'bodies';
CALL pv.purge();
SELECT done FROM pv.run_log ORDER BY id DESC LIMIT 1;
SELECT pv.undeclare_retention('letter', 'bodies');

-- A text that is blocked keeps the name, also where the name goes.
INSERT INTO person VALUES (4, 'Dora', '2001-01-01', true), (5, 'Egil', '2001-01-01', false);
INSERT INTO letter VALUES (14, 4, NULL, NULL, NULL, NULL, 'so says Dora'), (15, 5, NULL, NULL, NULL, NULL, 'so says Egil');
SELECT pv.declare_blocker('person', 'audited', 'subject.active', 'is being audited', purposes => '{books}');
SELECT pv.declare_retention('person', 'people', '1 year', 'ended_on', 'policy');
SELECT pv.activate_retention('person', 'people', 2);
CALL pv.purge('person');
SELECT p.id, name, body FROM person AS p JOIN letter AS l ON l.sender = p.id WHERE p.id > 3 ORDER BY 1;

-- Conditional links, over two levels, to subjects of two kinds with keys of other types
CREATE TABLE firm (code text PRIMARY KEY, name text);
CREATE TABLE file (id int PRIMARY KEY, of_kind text, of_id text);
CREATE TABLE page (id int PRIMARY KEY, file int, on_day date, body text);
CREATE INDEX ON file (of_id);
CREATE INDEX ON page (file);
INSERT INTO firm VALUES ('1', 'One Ltd'), ('x', 'X Ltd');
INSERT INTO file VALUES (20, 'person', '1'), (21, 'firm', '1'), (22, 'firm', 'x'), (23, 'other', '1'), (24, 'person', '2');
INSERT INTO page SELECT i + 10, i, '2001-01-01', 'body' FROM generate_series(20, 25) AS i;
SELECT pv.declare_subject('firm');
SELECT pv.declare_link('file', '{of_id}', 'person', name => 'person', condition => 'of_kind = ''person''');
SELECT pv.declare_link('file', '{of_id}', 'firm', name => 'firm', condition => 'of_kind = ''firm''');
SELECT pv.declare_link('page', '{file}', 'file');
SELECT pv.declare_personal('page', '{body}', 'text', '{books}', link => '*');
SELECT pv.declare_retention('page', 'pages', '1 year', 'on_day', 'policy');
SELECT pv.place_hold('person', 1, 'court case'), pv.place_hold('firm', 'x'::text, 'court case');
SELECT pv.activate_retention('page', 'pages', 4);
CALL pv.purge('page');
SELECT id, body FROM page ORDER BY id;
SELECT rows, held_by FROM pv.overdue ORDER BY held_by;

-- A subject table's condition: who is no person is nobody
CREATE TABLE account (id int PRIMARY KEY, kind text, name text, ended_on date);
INSERT INTO account VALUES (1, 'person', 'Ada', '2001-01-01'), (2, 'robot', 'R2', '2001-01-01'), (3, 'person', 'Odd', '2001-01-01');
SELECT pv.declare_subject('account', condition => 'kind = ''person''');
SELECT pv.declare_personal('account', '{name}', 'name');
SELECT pv.declare_retention('account', 'accounts', '1 year', 'ended_on', 'policy');
SELECT pv.place_hold('account', 3, 'court case');
SELECT pv.activate_retention('account', 'accounts', 1);
CALL pv.purge('account');
TABLE account ORDER BY id;

-- A key that is personal: what is known of the person follows it.
CREATE TABLE login (mail text PRIMARY KEY, ended_on date);
CREATE TABLE visit (id int PRIMARY KEY, mail text REFERENCES login, page text);
CREATE INDEX ON visit (mail);
INSERT INTO login VALUES ('ada@example.no', '2001-01-01'), ('odd@example.no', '2999-01-01');
INSERT INTO visit VALUES (1, 'ada@example.no', 'home'), (2, 'odd@example.no', 'home');
SELECT pv.declare_subject('login');
SELECT pv.declare_link('visit', '{mail}', 'login');
SELECT pv.declare_personal('login', '{mail}', 'identifying', '{service}', erase_with => 'token');
SELECT pv.declare_blocker('login', 'none', 'false', 'none');
SELECT pv.place_hold('login', 'ada@example.no'::text, 'court case');
SELECT pv.release_hold(id, 'settled') FROM pv.hold WHERE released_at IS NULL AND relation_id = (SELECT id FROM pv.relation WHERE relation = 'login'::regclass);
SELECT pv.declare_retention('login', 'logins', '1 year', 'ended_on', 'policy');
SELECT pv.activate_retention('login', 'logins', 1);
CALL pv.purge('login');
SELECT v.id, l.mail LIKE 'odd%' AS odd, l.mail LIKE 'ada%' AS ada FROM login AS l JOIN visit AS v USING (mail) ORDER BY 1;
SELECT count(*) FROM pv.hold WHERE key LIKE 'ada%';

RESET search_path;
DROP SCHEMA purge_whose CASCADE;
DROP EXTENSION pvext;
