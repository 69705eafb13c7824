-- Where the key that links without a key lead to is personal itself: what holds it is given its
-- new value, or erased with it, and is found until then.
SET client_min_messages = warning;
CREATE EXTENSION pvext CASCADE;
\set VERBOSITY terse
\pset format unaligned
CREATE SCHEMA exprk;
SET search_path = exprk;
SET datestyle = iso;
SET timezone = 'UTC';

CREATE TABLE person (email text PRIMARY KEY, name text);
CREATE UNIQUE INDEX ON person (lower(email));
CREATE TABLE mail (id int PRIMARY KEY, header text, sender text, rcpts text[], body text);
CREATE INDEX ON mail USING gin (rcpts);
CREATE INDEX ON mail (lower(substring(header FROM '<(.*)>')));
CREATE INDEX ON mail (lower(sender));
CREATE TABLE part (id int PRIMARY KEY, mail_id int REFERENCES mail, txt text, kept_until date);
CREATE INDEX ON part (mail_id);
INSERT INTO person VALUES ('Ada@x.no', 'Ada'), ('odd@x.no', 'Odd'), ('ada2@x.no', 'Ada2');
INSERT INTO mail VALUES (1, 'Ada Lovelace <ADA@x.no>', 'ada@X.no', '{Ada@x.no,odd@x.no}', 'of Ada'),
    (2, 'Odd <odd@x.no>', 'odd@x.no', '{odd@x.no}', 'of Odd'), (3, 'junk', NULL, NULL, 'of nobody'),
    (4, 'A2 <ada2@x.no>', 'ADA2@x.no', '{ada2@x.no,Ada@x.no,NULL,Ada@x.no}', 'of Ada2');
INSERT INTO part VALUES (1, 1, 'of Ada', '2001-01-01'), (2, 2, 'of Odd', '2001-01-01'), (3, 4, 'of Ada2', '2001-01-01');
SELECT pv.declare_subject('person'),
       pv.declare_personal('person', '{name}', 'identifying') \g /dev/null
SELECT pv.declare_link('mail', NULL, 'person', expression => $$substring(header FROM '<(.*)>')$$, ignore_case => true),
       pv.declare_link('mail', '{sender}', 'person', ignore_case => true, inherit => false),
       pv.declare_link('mail', '{rcpts}', 'person', inherit => false), pv.declare_link('part', '{mail_id}', 'mail') \g /dev/null
SELECT pv.declare_personal('mail', '{body}', 'text', link => 'header'), pv.declare_personal('part', '{txt}', 'text'),
       pv.declare_not_personal('part', '{kept_until}') \g /dev/null

-- It would be left in what the expression reads.
SELECT pv.declare_personal('person', '{email}', 'contact', erase_with => 'token', parameter => '%s@invalid');
SELECT relation, column_name, severity, problem, hint FROM pv.check_map() WHERE severity = 'error';
SELECT pv.erase_subject('person', 'Ada@x.no');
SELECT pv.declare_personal('mail', '{header}', 'contact', link => 'header');
SELECT relation, column_name, severity, problem FROM pv.check_map();

-- While something that is found by it is retained, so is it.
SELECT pv.enable_audit('mail'), pv.enable_audit('person'), pv.enable_audit('part') \g /dev/null
UPDATE mail SET body = body || '!'; UPDATE part SET txt = txt || '!';
SELECT pv.declare_retention('part', 'parts', '100 years', 'kept_until', 'law', mandatory => true, time_zone => 'UTC');
SELECT relation, column_name, rows, verdict, date(until) AS until, basis FROM pv.preview_erasure('person', 'Ada@x.no');
SELECT state, date(retained_until) AS until FROM pv.erase_subject('person', 'Ada@x.no');
TABLE person; TABLE mail; TABLE part;
UPDATE part SET kept_until = '1901-01-01';
SELECT state FROM pv.erase_subject('person', 'Ada@x.no');
SELECT regexp_replace(email, '^\w{32}@', 'token@') AS email, name FROM person;
SELECT id, header, regexp_replace(sender, '^\w{32}@', 'token@') AS sender,
       regexp_replace(CAST(rcpts AS text), '\w{32}@', 'token@', 'g') AS rcpts, body FROM mail;
TABLE part;
SELECT count(*) FROM person AS p JOIN mail AS m ON m.sender = p.email AND p.email = ANY (m.rcpts) WHERE p.name IS NULL;
SELECT * FROM pv.verify_erasure('person', (SELECT email FROM person WHERE name IS NULL));

-- The log has nothing of her, and all of the others but the list that they were on with her.
SELECT relation, operation, regexp_replace(CAST(old AS text), '\w{32}@', 'token@', 'g') AS old,
       regexp_replace(CAST(new AS text), '\w{32}@', 'token@', 'g') AS new
    FROM pv.audit_trail ORDER BY CAST(relation AS text), 3, 4;

-- A blocker of one purpose keeps what is found by it, too.
SELECT pv.declare_purpose('mailing', 'contract', 'mail'), pv.declare_purpose('other', 'contract', 'other') \g /dev/null
SELECT pv.declare_personal('person', '{email}', 'contact', '{other}', erase_with => 'token', parameter => '%s@invalid'),
       pv.declare_personal('mail', '{header}', 'contact', '{other}', link => 'header'),
       pv.declare_personal('person', '{name}', 'identifying', '{other}'), pv.declare_personal('mail', '{body}', 'text', '{other}', link => 'header'),
       pv.declare_personal('part', '{txt}', 'text', '{mailing}') \g /dev/null
SELECT pv.undeclare_retention('part', 'parts'), pv.declare_blocker('person', 'paid', 'true', 'a bill', purposes => '{mailing}');
SELECT state FROM pv.erase_subject('person', 'odd@x.no');
SELECT p.email, p.name, m.header, m.body, t.txt FROM person AS p, mail AS m, part AS t WHERE p.email = 'odd@x.no' AND m.id = 2 AND t.id = 2;
SELECT pv.undeclare_blocker('person', 'paid');
SELECT state FROM pv.erase_subject('person', 'odd@x.no');
SELECT header, txt FROM mail AS m JOIN part AS t ON t.mail_id = m.id WHERE m.id = 2;

-- Two at once on one list.
INSERT INTO person VALUES ('a@x.no', 'A'), ('b@x.no', 'B');
INSERT INTO mail VALUES (5, NULL, NULL, '{b@x.no,a@x.no,c@x.no}', NULL);
SELECT count(*), count(DISTINCT key) FROM pv.erase_subjects('person', '{a@x.no,b@x.no}') WHERE state = 'completed';
SELECT regexp_replace(CAST(rcpts AS text), '\w{32}@', 'token@', 'g') AS rcpts, rcpts[1] = rcpts[2] AS same FROM mail WHERE id = 5;

-- Another owner's array or column cannot be given a new value.
CREATE ROLE exprk_other;
GRANT USAGE ON SCHEMA exprk TO exprk_other;
CREATE TABLE list (id int PRIMARY KEY, members text[], about text);
CREATE INDEX ON list USING gin (members);
ALTER TABLE list OWNER TO exprk_other;
SELECT pv.declare_link('list', '{members}', 'person');
SELECT pv.declare_personal('list', '{members}', 'contact', link => 'members');
DROP SCHEMA exprk CASCADE;
DROP ROLE exprk_other;
