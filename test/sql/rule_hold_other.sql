-- A hold on somebody else: rows and columns that are about two persons stay while either is
-- held, whatever leads to them, and go by themselves afterwards.
SET client_min_messages = warning;
CREATE EXTENSION pvext CASCADE;
\set VERBOSITY terse
CREATE SCHEMA hold_other;
SET search_path = hold_other;

-- How a request stands: the holds and blockers, by their reasons.
CREATE VIEW request AS
    SELECT state, blocked_by, retained_until, rows_anonymised AS anonymised, rows_deleted AS deleted
    FROM pv.erasure ORDER BY requested_at DESC, id LIMIT 1;
CREATE FUNCTION hold(subject regclass, key text, reason text) RETURNS text LANGUAGE sql
    BEGIN ATOMIC SELECT 'held' FROM pv.place_hold(subject, key, reason); END;
CREATE FUNCTION release(why text) RETURNS bigint LANGUAGE sql
    BEGIN ATOMIC SELECT count(pv.release_hold(id, 'settled')) FROM pv.hold WHERE reason = why AND released_at IS NULL; END;
CREATE FUNCTION reasons(text[]) RETURNS text[] LANGUAGE sql
    BEGIN ATOMIC SELECT array_agg(regexp_replace(b, '^hold \d+', 'hold') ORDER BY 1) FROM unnest($1) AS b; END;

--
-- Columns
--
CREATE TABLE person (id int PRIMARY KEY, name text);
CREATE TABLE letter (id int PRIMARY KEY, sender int REFERENCES person, receiver int REFERENCES person,
                     clerk int REFERENCES person, subject text, address text, remark text, body text);
CREATE INDEX ON letter (sender);
CREATE INDEX ON letter (receiver);
CREATE INDEX ON letter (clerk);
INSERT INTO person VALUES (1, 'Anna'), (2, 'Bert'), (3, 'Carl'), (4, 'Dora');
INSERT INTO letter VALUES
    (10, 1, 2, 3, 'to Bert', 'Oslo', 'urgent', 'Bert, it is yours, Anna'),
    (11, 1, 3, 2, 'to Carl', 'Oslo', 'late', 'Carl, it is mine, Anna'),
    (12, 1, 1, 1, 'to self', 'Moss', 'odd', 'Anna to herself');
SELECT pv.declare_subject('person');
SELECT pv.link_foreign_keys('person');
SELECT pv.declare_personal('person', '{name}', 'identifying');
SELECT pv.declare_personal('letter', '{subject}', 'text', link => '*');
SELECT pv.declare_personal('letter', '{address}', 'text', link => 'sender');
SELECT pv.declare_personal('letter', '{remark}', 'text', links => '{sender,receiver}');
SELECT pv.declare_personal('letter', '{body}', 'text', links => '{sender,receiver}', erase_with => 'redact');
SELECT pv.enable_audit('letter');
UPDATE letter SET subject = subject || '!', remark = remark || '!', body = body || '!';
SET client_min_messages = error;
ALTER TABLE letter ADD COLUMN seal text;
RESET client_min_messages;
UPDATE letter SET seal = 'red ' || id;
ALTER TABLE letter DROP COLUMN seal;

-- Bert is held: what is about him stays, but not what is about who sent it alone, nor, of a
-- letter that he was the clerk of, what is not about the clerk.
SELECT hold('person', '2', 'Bert''s case');
SELECT relation, column_name, rows, verdict, until, regexp_replace(basis, '\d+', 'N') AS basis FROM pv.preview_erasure('person', 1);
SELECT state, reasons(blocked_by) FROM pv.erase_subject('person', 1);
TABLE letter ORDER BY id;
SELECT name FROM person WHERE id = 1;
SELECT relation, column_name, rows FROM pv.verify_erasure('person', 1);
-- What the log has of those rows stays with them, but for the address.
SELECT key, old, new FROM pv.audit_trail WHERE relation = 'hold_other.letter' ORDER BY CAST(key ->> 'id' AS int), id, n;
-- Nothing changes while he is held, whoever asks.
CALL pv.run_duties();
SELECT state, reasons(blocked_by) FROM pv.erase_subject('person', 1);
SELECT state, reasons(blocked_by), retained_until FROM request;
TABLE letter ORDER BY id;

-- Another hold on the same letter is told of, and the first one released is not enough.
SELECT hold('person', '3', 'Carl''s case');
CALL pv.run_duties();
SELECT state, reasons(blocked_by) FROM request;
SELECT release('Bert''s case');
CALL pv.run_duties();
SELECT state, reasons(blocked_by) FROM request;
SELECT id, subject, remark, body FROM letter ORDER BY id;
SELECT release('Carl''s case');
CALL pv.run_duties();
SELECT state, reasons(blocked_by) FROM request;
SELECT id, subject, remark, body FROM letter ORDER BY id;
SELECT count(*) FROM pv.verify_erasure('person', 1);
SELECT key, old, new FROM pv.audit_trail WHERE relation = 'hold_other.letter' ORDER BY CAST(key ->> 'id' AS int), id, n;

-- A hold that runs out: everything of a request is kept by it, and with no unblock_delay nor
-- worker the next call takes it.
SELECT pv.disable_audit('letter');
CREATE TABLE pair (id int PRIMARY KEY, a int, b int, words text);
INSERT INTO pair VALUES (1, 3, 4, 'between Carl and Dora');
CREATE INDEX ON pair (a);
CREATE INDEX ON pair (b);
SELECT pv.declare_link('pair', '{a}', 'person'), pv.declare_link('pair', '{b}', 'person');
SELECT pv.declare_personal('pair', '{words}', 'text', link => '*');
UPDATE person SET name = NULL WHERE id = 3;
UPDATE letter SET subject = NULL, address = NULL, remark = NULL, body = NULL;
SELECT 'held' AS hold FROM pv.place_hold('person', '4', 'Dora''s case', now() + interval '1 day');
SELECT state, reasons(blocked_by), retained_until FROM pv.erase_subject('person', 3);
SELECT words FROM pair;
UPDATE pv.hold SET expires = now() WHERE reason = 'Dora''s case';
SELECT state, reasons(blocked_by) FROM pv.erase_subject('person', 3);
SELECT words FROM pair;

-- A rule keeps one pair, a hold another: each ends by itself, and the hold's end is not waited
-- for till the rule's.
CREATE TABLE note (id int PRIMARY KEY, a int REFERENCES person, b int REFERENCES person, kept_to date, words text);
CREATE INDEX ON note (a);
CREATE INDEX ON note (b);
SELECT pv.link_foreign_keys('person');
SELECT pv.declare_personal('note', '{words}', 'text', link => '*');
SELECT pv.declare_retention('note', 'notes', '0', 'kept_to', 'the books', mandatory => true);
INSERT INTO person VALUES (5, NULL), (6, NULL), (7, NULL);
INSERT INTO note VALUES (1, 5, 7, 'infinity', 'by the rule'), (2, 5, 6, '2001-01-01', 'by the hold'), (3, 5, 6, 'infinity', 'by both');
SELECT hold('person', '6', 'Sixth''s case');
SELECT relation, column_name, rows, verdict, until, regexp_replace(basis, '\d+', 'N') AS basis FROM pv.preview_erasure('person', 5);
SELECT state, reasons(blocked_by), retained_until FROM pv.erase_subject('person', 5);
CALL pv.run_duties();
SELECT state, reasons(blocked_by), retained_until FROM request;
SELECT release('Sixth''s case');
CALL pv.run_duties();
SELECT state, reasons(blocked_by), retained_until FROM request;
TABLE note ORDER BY id;

-- Many at once: those who share nothing with whom is held are done with.
INSERT INTO person SELECT i, 'name ' || i FROM generate_series(100, 119) AS i;
INSERT INTO letter (id, sender, receiver, subject) SELECT i, i, i + 1, 'subject ' || i FROM generate_series(100, 118) AS i;
SELECT hold('person', '110', 'case of 110');
SELECT key, state, reasons(blocked_by), rows_anonymised FROM pv.erase_subjects('person', ARRAY(SELECT i::text FROM generate_series(100, 119) AS i))
WHERE state <> 'completed' ORDER BY key;
SELECT id, subject FROM letter WHERE subject IS NOT NULL ORDER BY id;
SELECT release('case of 110');
CALL pv.run_duties();
SELECT id, subject FROM letter WHERE subject IS NOT NULL ORDER BY id;
SELECT count(*) FROM pv.erasure WHERE state <> 'completed';

-- One's own row, in which a column is about one's spouse, too
CREATE TABLE member (no int PRIMARY KEY, name text, spouse int REFERENCES member, wed_at text);
CREATE INDEX ON member (spouse);
INSERT INTO member VALUES (1, 'Eva', NULL, 'Moss'), (2, 'Finn', 1, 'Moss'), (3, 'Geir', NULL, 'Oslo');
SELECT pv.declare_subject('member');
SELECT pv.declare_link('member', '{spouse}', 'member');
SELECT pv.declare_personal('member', '{name}', 'name');
SELECT pv.declare_personal('member', '{wed_at}', 'place', link => '*');
SELECT hold('member', '1', 'Eva''s case');
SELECT state, reasons(blocked_by) FROM pv.erase_subject('member', 2);
SELECT state FROM pv.erase_subject('member', 3);
TABLE member ORDER BY no;
SELECT release('Eva''s case');
CALL pv.run_duties();
TABLE member ORDER BY no;

--
-- Rows
--

-- Deleted with either of two
CREATE TABLE friend (a int REFERENCES member, b int REFERENCES member, since text, PRIMARY KEY (a, b));
CREATE INDEX ON friend (b);
INSERT INTO member VALUES (11, 'Hans', NULL), (12, 'Ida', NULL), (13, 'Jon', NULL);
INSERT INTO friend VALUES (11, 12, '2001'), (13, 11, '2002'), (12, 13, '2003');
SELECT pv.declare_link('friend', '{a}', 'member', on_erase => 'delete'), pv.declare_link('friend', '{b}', 'member', on_erase => 'delete');
SELECT pv.enable_audit('friend');
UPDATE friend SET since = since || '-01';
SELECT hold('member', '12', 'Ida''s case');
SELECT relation, column_name, rows, verdict, until, regexp_replace(basis, '\d+', 'N') AS basis FROM pv.preview_erasure('member', 11);
SELECT state, reasons(blocked_by), rows_deleted FROM pv.erase_subject('member', 11);
TABLE friend ORDER BY 1, 2;
SELECT key, operation, old, new FROM pv.audit_trail WHERE relation = 'hold_other.friend' ORDER BY CAST(key AS text), id, n;
SELECT release('Ida''s case');
CALL pv.run_duties();
SELECT state, reasons(blocked_by), deleted FROM request;
TABLE friend ORDER BY 1, 2;
SELECT key, operation, old, new FROM pv.audit_trail WHERE relation = 'hold_other.friend' ORDER BY CAST(key AS text), id, n;

-- What has a row below it that must stay does so, too: a thread with a post of somebody who
-- is held, which a cascade would take, and one whose post has a file of his. A link's condition says
-- which rows are below.
CREATE TABLE firm (code text, branch int, name text, PRIMARY KEY (code, branch));
CREATE TABLE thread (id int PRIMARY KEY, code text, branch int, title text, FOREIGN KEY (code, branch) REFERENCES firm);
CREATE TABLE post (id int PRIMARY KEY, thread int REFERENCES thread ON DELETE CASCADE, author int REFERENCES member, words text);
CREATE TABLE file (id int PRIMARY KEY, of_kind text, of_id int, owner int REFERENCES member, name text);
CREATE INDEX ON thread (code, branch);
CREATE INDEX ON post (thread);
CREATE INDEX ON post (author);
CREATE INDEX ON file (of_id);
CREATE INDEX ON file (owner);
INSERT INTO firm VALUES ('x', 1, 'X Ltd'), ('x', 2, 'X Inc');
INSERT INTO thread VALUES (1, 'x', 1, 'kept for a post'), (2, 'x', 1, 'goes'), (3, 'x', 1, 'kept for a file'), (4, 'x', 1, 'goes, too'), (5, 'x', 2, 'not this one''s');
INSERT INTO member VALUES (21, 'Nils', NULL), (22, 'Olga', NULL);
INSERT INTO post VALUES (1, 1, 21, 'by Nils'), (2, 1, 22, 'by Olga'), (3, 2, 22, 'by Olga'), (4, 3, 22, 'by Olga'), (5, 4, 22, 'by Olga'), (6, 5, 21, 'by Nils');
INSERT INTO file VALUES (1, 'post', 4, 21, 'of Nils, of a post'), (2, 'thread', 5, 21, 'of Nils, of a thread'), (3, 'post', 5, 22, 'of Olga'), (4, 'post', 4, 22, 'of Olga');
SELECT pv.declare_subject('firm');
SELECT pv.declare_link('post', '{author}', 'member'), pv.declare_link('file', '{owner}', 'member');
SELECT pv.declare_link('file', '{of_id}', 'post', name => 'post', condition => 'of_kind = ''post''', on_erase => 'delete');
SELECT pv.declare_link('post', '{thread}', 'thread', on_erase => 'delete');
SELECT pv.declare_link('thread', '{code,branch}', 'firm', on_erase => 'delete');
SELECT pv.declare_personal('firm', '{name}', 'name');
SELECT pv.declare_personal('post', '{words}', 'text', link => 'author');
SELECT pv.declare_personal('file', '{name}', 'text', link => 'owner');
SELECT hold('member', '21', 'Nils'' case');
SELECT relation, column_name, rows, verdict, regexp_replace(basis, '\d+', 'N', 'g') AS basis FROM pv.preview_erasure('firm', ROW('x'::text, 1));
SELECT state, reasons(blocked_by), rows_deleted FROM pv.erase_subject('firm', ROW('x'::text, 1));
TABLE thread ORDER BY id;
TABLE post ORDER BY id;
TABLE file ORDER BY id;
CALL pv.run_duties();
SELECT state, reasons(blocked_by) FROM request;
SELECT release('Nils'' case');
CALL pv.run_duties();
TABLE thread ORDER BY id;
TABLE post ORDER BY id;
TABLE file ORDER BY id;
SELECT state, reasons(blocked_by), deleted FROM request;

-- Replies belong to whom they reply to, too: in circles somebody is named, too, and it ends.
CREATE TABLE remark (id int PRIMARY KEY, author int REFERENCES member, reply_to int REFERENCES remark, words text);
CREATE INDEX ON remark (author);
CREATE INDEX ON remark (reply_to);
INSERT INTO member VALUES (31, 'Per', NULL), (32, 'Rita', NULL);
INSERT INTO remark VALUES (1, 31, NULL, 'by Per'), (2, 32, 1, 'by Rita, to Per'), (3, 32, 2, 'by Rita, to Rita'), (4, 32, NULL, 'by Rita');
SELECT pv.declare_link('remark', '{author}', 'member'), pv.declare_link('remark', '{reply_to}', 'remark');
SELECT pv.declare_personal('remark', '{words}', 'text', link => '*');
SELECT hold('member', '31', 'Per''s case');
SELECT state, blocked_by FROM pv.erase_subject('member', 32);
TABLE remark ORDER BY id;
SELECT release('Per''s case');
CALL pv.run_duties();
SELECT state, blocked_by FROM request;
TABLE remark ORDER BY id;

--
-- Whoever it is that is held
--

-- Somebody without a row, by a key that a link still holds; of another kind, whose key is
-- compared as text; over two tables of another owner's; by a composite key
CREATE ROLE regress_hold_other_a;
CREATE ROLE regress_hold_other_b;
GRANT ALL ON SCHEMA hold_other TO regress_hold_other_a, regress_hold_other_b;
CREATE TABLE crew (ship text, no int, name text, PRIMARY KEY (ship, no));
CREATE TABLE box (id int PRIMARY KEY, of_kind text, of_id text, ship text, no int);
CREATE TABLE page (id int PRIMARY KEY, box int, author int, words text);
CREATE INDEX ON box (of_id);
CREATE INDEX ON box (ship, no);
CREATE INDEX ON page (box);
CREATE INDEX ON page (author);
INSERT INTO member VALUES (41, 'Siri', NULL);
INSERT INTO crew VALUES ('a', 1, 'Tor'), ('a', 2, 'Una');
INSERT INTO box VALUES (1, 'person', '77', 'a', 1), (2, 'member', '77', 'b', 1), (3, 'person', '78', 'a', 2), (4, 'none', '77', NULL, 2);
INSERT INTO page SELECT i, i, 41, 'page ' || i FROM generate_series(1, 4) AS i;
ALTER TABLE box OWNER TO regress_hold_other_a;
ALTER TABLE page OWNER TO regress_hold_other_b;
SELECT pv.declare_subject('crew');
SELECT pv.declare_personal('crew', '{name}', 'name');
SELECT pv.declare_link('box', '{of_id}', 'person', name => 'person', condition => 'of_kind = ''person''');
SELECT pv.declare_link('box', '{of_id}', 'member', name => 'member', condition => 'of_kind = ''member''');
SELECT pv.declare_link('box', '{ship,no}', 'crew', name => 'crew');
SELECT pv.declare_link('page', '{box}', 'box'), pv.declare_link('page', '{author}', 'member');
SELECT pv.declare_personal('page', '{words}', 'text', link => '*');
SELECT hold('person', '77', 'case of one who is gone');
SELECT state, reasons(blocked_by) FROM pv.erase_subject('member', 41);
TABLE page ORDER BY id;
SELECT release('case of one who is gone');
UPDATE page SET words = 'page ' || id;
SELECT hold('crew', '(a,2)', 'Una''s case'), hold('crew', '(a,1)', 'Tor''s case');
CALL pv.run_duties();
SELECT state, reasons(blocked_by) FROM request;
TABLE page ORDER BY id;
SELECT release('Tor''s case'), release('Una''s case');
CALL pv.run_duties();
SELECT state, reasons(blocked_by) FROM request;
TABLE page ORDER BY id;

-- A key that is personal goes, and with it what says who it was; the row stays.
CREATE TABLE login (mail text PRIMARY KEY, seen text);
CREATE TABLE talk (id int PRIMARY KEY, mail text REFERENCES login, "with" text REFERENCES login, words text);
CREATE INDEX ON talk (mail);
CREATE INDEX ON talk ("with");
INSERT INTO login VALUES ('ada@example.no', 'today'), ('bo@example.no', 'today');
INSERT INTO talk VALUES (1, 'ada@example.no', 'bo@example.no', 'of this and that');
SELECT pv.declare_subject('login');
SELECT pv.link_foreign_keys('login');
SELECT pv.declare_personal('login', '{mail}', 'identifying', erase_with => 'token');
SELECT pv.declare_personal('talk', '{words}', 'text', link => '*');
SELECT hold('login', 'bo@example.no', 'Bo''s case');
SELECT state, reasons(blocked_by) FROM pv.erase_subject('login', 'ada@example.no'::text);
SELECT mail LIKE 'ada%' AS ada, "with", words FROM talk;
SELECT release('Bo''s case');
CALL pv.run_duties();
SELECT state, reasons(blocked_by) FROM request;
SELECT mail LIKE 'ada%' AS ada, "with", words FROM talk;

-- Of a table without a key the log keeps all, since one row cannot be told from another.
CREATE TABLE slip (a int, b int, words text);
CREATE INDEX ON slip (a);
CREATE INDEX ON slip (b);
SELECT pv.declare_link('slip', '{a}', 'member'), pv.declare_link('slip', '{b}', 'member');
SELECT pv.declare_personal('slip', '{words}', 'text', link => '*');
SELECT pv.enable_audit('slip');
INSERT INTO member VALUES (51, NULL, NULL), (52, NULL, NULL);
INSERT INTO slip VALUES (51, 52, 'of both'), (51, 51, 'of one');
SELECT hold('member', '52', 'case of 52');
SELECT state, reasons(blocked_by) FROM pv.erase_subject('member', 51);
TABLE slip ORDER BY b;
SELECT operation, old ->> 'words' AS old, new ->> 'words' AS new FROM pv.audit_trail WHERE relation = 'hold_other.slip' ORDER BY operation, old ->> 'words', new ->> 'words', id, n;
SELECT release('case of 52');
CALL pv.run_duties();
SELECT state, reasons(blocked_by) FROM request;
TABLE slip ORDER BY b;
SELECT operation, old ->> 'words' AS old, new ->> 'words' AS new FROM pv.audit_trail WHERE relation = 'hold_other.slip' ORDER BY operation, old ->> 'words', new ->> 'words', id, n;

-- One's own hold and blocker, and somebody else's hold; the delay after what blocked is gone
SELECT pv.declare_blocker('member', 'unpaid', 'subject.name IS NOT DISTINCT FROM ''debtor''', 'owes');
INSERT INTO member VALUES (61, 'debtor', 62), (62, 'Vera', NULL);
UPDATE member SET wed_at = 'Moss' WHERE no = 61;
SELECT hold('member', '61', 'own case'), hold('member', '62', 'Vera''s case');
SELECT state, reasons(blocked_by) FROM pv.erase_subject('member', 61);
SELECT release('own case');
CALL pv.run_duties();
SELECT state, reasons(blocked_by) FROM request;
SET pvext.unblock_delay = '1h';
SELECT pv.undeclare_blocker('member', 'unpaid');
CALL pv.run_duties();
SELECT state, reasons(blocked_by) FROM request;
SET pvext.unblock_delay = 0;
CALL pv.run_duties();
SELECT state, reasons(blocked_by) FROM request;
CALL pv.run_duties();
SELECT * FROM member WHERE no = 61;
SELECT release('Vera''s case');
CALL pv.run_duties();
SELECT state, reasons(blocked_by) FROM request;
SELECT * FROM member WHERE no = 61;

--
-- What a purge takes from persons
--
CREATE TABLE human (id int PRIMARY KEY, name text, ended_on date);
CREATE TABLE story (id int PRIMARY KEY, a int REFERENCES human, b int REFERENCES human, told_on date, words text);
CREATE INDEX ON story (a);
CREATE INDEX ON story (b);
INSERT INTO human VALUES (1, 'Wenche', '2001-01-01'), (2, 'Xenia', NULL), (3, 'Yngve', NULL);
INSERT INTO story VALUES (1, 1, 2, '2001-01-01', 'Wenche and Xenia'), (2, 1, 3, '2001-01-01', 'Wenche and Yngve');
SELECT pv.declare_subject('human');
SELECT pv.link_foreign_keys('human');
SELECT pv.declare_personal('human', '{name}', 'identifying');
SELECT pv.declare_personal('story', '{words}', 'text', link => '*', erase_with => 'redact');
SELECT hold('human', '2', 'Xenia''s case');
-- A name that a text is to lose stays with it.
SELECT pv.declare_retention('human', 'people', '1 year', 'ended_on', 'policy');
SELECT pv.activate_retention('human', 'people', 0);
CALL pv.purge('human');
TABLE human ORDER BY id;
TABLE story ORDER BY id;
SELECT rule, rows, regexp_replace(CAST(held_by AS text), '\d+', 'N') AS held_by FROM pv.overdue;
-- One story goes, and not by way of Wenche, who is in both, the other, too.
SELECT pv.declare_retention('story', 'stories', '1 year', 'told_on', 'policy');
SELECT pv.activate_retention('story', 'stories', 1);
CALL pv.purge('story');
TABLE story ORDER BY id;
SELECT rule, rows, regexp_replace(CAST(held_by AS text), '\d+', 'N') AS held_by FROM pv.overdue ORDER BY rule;
SELECT release('Xenia''s case');
CALL pv.run_duties();
TABLE human ORDER BY id;
TABLE story ORDER BY id;
SELECT count(*) FROM pv.overdue;
-- A spouse's hold counts for one's own row in a purge, too.
UPDATE member SET wed_at = 'Moss' WHERE no IN (2, 3);
SELECT hold('member', '1', 'Eva''s case');
SET client_min_messages = error;
ALTER TABLE member ADD COLUMN left_on date DEFAULT '2001-01-01';
SELECT pv.declare_not_personal('member', '{left_on}');
RESET client_min_messages;
SELECT pv.declare_retention('member', 'members', '1 year', 'left_on', 'policy', columns => '{wed_at}');
SELECT pv.activate_retention('member', 'members', 1);
CALL pv.purge('member');
SELECT no, wed_at FROM member WHERE no IN (2, 3) ORDER BY no;

RESET search_path;
DROP SCHEMA hold_other CASCADE;
DROP EXTENSION pvext;
DROP ROLE regress_hold_other_a, regress_hold_other_b;
