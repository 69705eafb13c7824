-- Rules that delete rows: what goes with them, whose it is, and what refuses.
SET client_min_messages = warning;
CREATE EXTENSION pvext CASCADE;
\set VERBOSITY terse
CREATE SCHEMA purge_delete;
SET search_path = purge_delete;
CREATE TABLE person (id int PRIMARY KEY, name text);
CREATE TABLE thread (id int PRIMARY KEY, person int REFERENCES person, begun_on date);
CREATE TABLE message (id int PRIMARY KEY, thread int REFERENCES thread, sender int REFERENCES person, body text);
CREATE TABLE picture (id int PRIMARY KEY, message int REFERENCES message, shows int REFERENCES person);
CREATE INDEX ON thread (person);
CREATE INDEX ON message (thread);
CREATE INDEX ON message (sender);
CREATE INDEX ON picture (message);
CREATE INDEX ON picture (shows);
INSERT INTO person SELECT i, 'name of ' || i FROM generate_series(1, 3) AS i;
INSERT INTO thread SELECT i, 1, '2001-01-01' FROM generate_series(10, 13) AS i;
INSERT INTO message VALUES (20, 10, 1, 'mine'), (21, 11, 1, 'mine'), (22, 11, 2, 'not mine'), (23, 12, 1, 'mine'), (24, 13, 1, 'mine');
INSERT INTO picture VALUES (30, 20, 1), (31, 23, 3), (32, 24, NULL);
SELECT pv.declare_subject('person');
SELECT pv.declare_link('thread', '{person}', 'person');
SELECT pv.declare_link('message', '{thread}', 'thread', on_erase => 'delete');
SELECT pv.declare_link('message', '{sender}', 'person');
SELECT pv.declare_link('picture', '{message}', 'message', on_erase => 'delete');
SELECT pv.declare_link('picture', '{shows}', 'person');
SELECT pv.declare_personal('message', '{body}', 'text', link => 'sender');

-- What goes with a row may be somebody else's, who is held.
SELECT pv.declare_retention('thread', 'threads', '1 year', 'begun_on', 'policy', action => 'delete');
SELECT pv.activate_retention('thread', 'threads', 4);
SELECT pv.place_hold('person', 2, 'court case');
SELECT pv.declare_blocker('person', 'pictured', 'subject.id = 3', 'is in pictures');
SELECT rows, held_by FROM pv.overdue ORDER BY held_by;
CALL pv.purge();
SELECT t.id AS thread, m.id AS message, p.id AS picture
FROM thread AS t JOIN message AS m ON m.thread = t.id LEFT JOIN picture AS p ON p.message = m.id ORDER BY 1, 2, 3;
SELECT pv.release_hold(1, 'settled'), pv.undeclare_blocker('person', 'pictured');
CALL pv.purge();
SELECT count(*) FROM thread;
SELECT count(*) FROM message;
SELECT count(*) FROM picture;

-- A foreign key to the table itself must not carry on to rows that are not due.
CREATE TABLE member (id int PRIMARY KEY, recruiter int REFERENCES member ON DELETE CASCADE, ended_on date);
INSERT INTO member VALUES (1, NULL, '2001-01-01'), (2, 1, NULL);
SELECT pv.declare_subject('member');
SELECT pv.declare_retention('member', 'members', '1 year', 'ended_on', 'policy', action => 'delete');
ALTER TABLE member DROP CONSTRAINT member_recruiter_fkey,
    ADD CONSTRAINT recruited FOREIGN KEY (recruiter) REFERENCES member ON DELETE SET NULL;
SELECT pv.declare_retention('member', 'members', '1 year', 'ended_on', 'policy', action => 'delete');
SELECT pv.activate_retention('member', 'members', 1);
-- Nor where it comes later
ALTER TABLE member DROP CONSTRAINT recruited, ADD CONSTRAINT recruited FOREIGN KEY (recruiter) REFERENCES member ON DELETE CASCADE;
CALL pv.purge();
SELECT message, hint FROM pv.duty_failure;
ALTER TABLE member DROP CONSTRAINT recruited, ADD CONSTRAINT recruited FOREIGN KEY (recruiter) REFERENCES member ON DELETE SET NULL;
CALL pv.purge();
TABLE member;

RESET search_path;
DROP SCHEMA purge_delete CASCADE;
DROP EXTENSION pvext;
