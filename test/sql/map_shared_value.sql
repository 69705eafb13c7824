-- Rows that persons refer to by a value rather than a key: a name whose case is ignored, a
-- number inside a string, an element of a list. They go with the last as others do.
SET client_min_messages = warning;
CREATE EXTENSION pvext CASCADE;
CREATE SCHEMA value;
SET search_path = value;

-- Names whose case is ignored: of a mailbox, as persons spell it.
CREATE TABLE mailbox (id int PRIMARY KEY, name text, content text);
CREATE TABLE person (id int PRIMARY KEY, name text, reads_box text, door text, photo int);
CREATE INDEX ON person (door);
CREATE INDEX ON person (photo);
CREATE INDEX ON mailbox (lower(name));
INSERT INTO mailbox VALUES (1, 'Sales', 'to Ada and Odd'), (2, 'it', 'to Siv'), (3, 'ALL', 'to nobody');
INSERT INTO person VALUES (1, 'Ada', 'SALES', 'k1', 1), (2, 'Odd', 'sales', 'k1', 1), (3, 'Siv', 'IT', 'k2', 2), (4, 'Per', NULL, NULL, NULL);
SELECT pv.declare_subject('person');
SELECT pv.declare_personal('person', '{name}', 'identifying');
SELECT pv.declare_link('mailbox', '{name}', 'person', '{reads_box}', ignore_case => true, shared => 'last', name => 'box');
CREATE INDEX ON person (lower(reads_box));
SELECT pv.declare_personal('mailbox', '{content}', 'text');

-- A number inside a string: of a key card.
CREATE TABLE card (id int PRIMARY KEY, of text, pin text);
INSERT INTO card VALUES (1, 'door:K1', 'pin of Ada and Odd'), (2, 'door:k2', 'pin of Siv'), (3, 'gate', 'pin of nobody'), (4, NULL, 'pin of nobody');
CREATE INDEX ON card (lower(split_part(of, ':', 2)));
SELECT pv.declare_link('card', NULL, 'person', '{door}', expression => $$lower(split_part(of, ':', 2))$$, shared => 'last', name => 'door');
SELECT pv.declare_personal('card', '{pin}', 'contact');

-- An element of a list: albums of photos, which several persons have.
CREATE TABLE album (id int PRIMARY KEY, photos int[], words text);
INSERT INTO album VALUES (1, '{1,2}', 'words for all'), (2, '{2}', 'words for Siv'), (3, '{}', 'for nobody'), (4, NULL, 'for nobody'), (5, '{NULL,1}', 'for Ada and Odd');
CREATE INDEX ON album USING gin (photos);
SELECT pv.declare_link('album', NULL, 'person', '{photo}', expression => 'photos', shared => 'last', name => 'photo');
SELECT pv.declare_personal('album', '{words}', 'text');
SELECT relation, name, expression, ignore_case, shared FROM pv.link ORDER BY 1;
SELECT relation, severity, problem, hint FROM pv.check_map() WHERE problem NOT LIKE '%not classified%';

SELECT pv.enable_audit(t) FROM unnest('{mailbox,card,album}'::regclass[]) AS t;
UPDATE mailbox SET content = content || '!';
UPDATE card SET pin = pin || '!';
UPDATE album SET words = words || '!';
CREATE VIEW left_over AS SELECT 'box' AS what, id, content FROM mailbox UNION ALL SELECT 'card', id, pin FROM card UNION ALL SELECT 'album', id, words FROM album;
CREATE VIEW trail AS SELECT relation, key ->> 'id' AS id, coalesce(old ->> 'content', old ->> 'pin', old ->> 'words') AS old FROM pv.audit_trail WHERE operation = 'UPDATE';

-- What Ada shares with Odd goes with him, and what all three do with Siv.
SELECT relation, column_name, rows, verdict FROM pv.preview_erasure('person', 1) ORDER BY 1, 2;
SELECT state FROM pv.erase_subject('person', 1);
SELECT * FROM pv.verify_erasure('person', 1);
SELECT * FROM left_over ORDER BY 1, 2;
SELECT relation, column_name, rows, verdict FROM pv.preview_erasure('person', 2) ORDER BY 1, 2;
SELECT state FROM pv.erase_subject('person', 2);
SELECT * FROM pv.verify_erasure('person', 2);
SELECT * FROM left_over ORDER BY 1, 2;
SELECT * FROM trail ORDER BY 1, 2, 3;
-- Who is held keeps what he shares, also by another spelling.
UPDATE person SET reads_box = 'it' WHERE id = 4;
SELECT pv.place_hold('person', 4, 'court') IS NOT NULL AS held;
SELECT state, rows_anonymised FROM pv.erase_subject('person', 3);
SELECT * FROM pv.verify_erasure('person', 3);
SELECT * FROM left_over ORDER BY 1, 2;
SELECT relation, severity, problem, hint FROM pv.check_map() WHERE problem NOT LIKE '%not classified%';
SELECT pv.release_hold(id, 'over') FROM pv.hold WHERE released_at IS NULL;
SELECT state, rows_anonymised FROM pv.erase_subject('person', 4);
SELECT * FROM left_over ORDER BY 1, 2;
SELECT * FROM trail WHERE old IS NOT NULL ORDER BY 1, 2, 3;

-- A purge of what a held person shares leaves it, and knows by value whose it is.
CREATE TABLE note (id int PRIMARY KEY, to_box text, body text, at date);
CREATE INDEX ON note (lower(to_box));
INSERT INTO note VALUES (1, 'Board', 'to Una', '2000-01-01'), (2, 'BOARD', 'to Una, too', '2000-01-01'), (3, 'other', 'to nobody', '2000-01-01');
INSERT INTO person VALUES (5, 'Una', 'board', NULL, NULL);
SELECT pv.declare_link('note', '{to_box}', 'person', '{reads_box}', ignore_case => true, shared => 'last', name => 'box');
SELECT pv.declare_personal('note', '{body}', 'text');
SELECT pv.declare_retention('note', 'old', '5 years', 'at', 'law');
SELECT pv.place_hold('person', 5, 'court') IS NOT NULL AS held;
SELECT rows, held FROM pv.preview_purge();
SELECT pv.activate_retention('note', 'old', rows) FROM pv.preview_purge();
CALL pv.purge();
SELECT id, body FROM note ORDER BY 1;

-- Rows that are deleted, by value: nothing else refers to them.
SELECT pv.undeclare_personal('mailbox');
SELECT pv.undeclare_link('mailbox', 'box');
SELECT pv.declare_link('mailbox', '{name}', 'person', '{reads_box}', ignore_case => true, shared => 'last', on_erase => 'delete', name => 'box');
INSERT INTO mailbox VALUES (7, 'club', 'to Kim and Liv');
INSERT INTO person VALUES (6, 'Kim', 'CLUB', NULL, NULL), (7, 'Liv', 'Club', NULL, NULL);
SELECT state, rows_deleted FROM pv.erase_subject('person', 6);
SELECT state, rows_deleted FROM pv.erase_subject('person', 7);
SELECT id FROM mailbox ORDER BY 1;

-- A list that is kept keeps what refers to its elements; lists are of any length.
CREATE TABLE basket (id int PRIMARY KEY, nos int[], note text, until date);
CREATE TABLE bought (id int PRIMARY KEY, person int REFERENCES person, no int);
CREATE INDEX ON basket USING gin (nos);
CREATE INDEX ON bought (person);
CREATE INDEX ON bought (no);
INSERT INTO person VALUES (8, 'Mia'), (9, 'Nils'), (10, 'Olav');
INSERT INTO bought VALUES (1, 8, 10), (2, 9, 20), (3, 10, 30);
INSERT INTO basket VALUES (1, '{10}', 'Mia, long ago', '2000-01-01'), (2, '{20,40}', 'Nils', 'infinity'),
    (3, '{{30,20},{50,NULL}}', 'Olav and Nils', 'infinity'), (4, NULL, 'nobody', '2000-01-01'), (5, '{}', 'nobody', '2000-01-01');
SELECT pv.declare_link('bought', '{person}', 'person'), pv.declare_personal('bought', '{no}', 'other', erase_with => 'null');
SELECT pv.declare_link('basket', '{nos}', 'bought', '{no}', shared => 'last'), pv.declare_personal('basket', '{note}', 'text');
SELECT pv.declare_retention('basket', 'kept', '1 year', 'until', 'law', mandatory => true);
SELECT n, (pv.erase_subject('person', n)).state FROM generate_series(8, 10) AS n;
SELECT id, note FROM basket ORDER BY id;
SELECT id, no FROM bought ORDER BY id;

-- What cannot be.
SELECT pv.declare_link('card', NULL, 'person', '{door}', expression => 'of', shared => 'last', ignore_case => true, name => 'again');
SELECT pv.declare_link('card', NULL, 'person', '{photo}', expression => 'id', shared => 'last', ignore_case => true, name => 'number');
DROP SCHEMA value CASCADE;
DROP EXTENSION pvext;
