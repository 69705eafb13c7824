-- Links in a circle: whom a row is about is found however far around it is, by what begins at
-- rows (a purge, the last of those who share one) as by what begins at a person.
SET client_min_messages = warning;
CREATE EXTENSION pvext CASCADE;
\set VERBOSITY default
CREATE SCHEMA circle;
SET search_path = circle;

-- A flat is in a house, which others live in, too.
CREATE TABLE address (id int PRIMARY KEY, street text, parent int REFERENCES address);
CREATE TABLE person (id int PRIMARY KEY, name text, address int REFERENCES address);
CREATE INDEX ON person (address);
CREATE INDEX ON address (parent);
INSERT INTO address VALUES (7, 'town of all', NULL), (5, 'house of both', 7), (1, 'flat of Ada', 5), (3, 'flat of Siv', 5), (4, 'house of Odd', 7);
INSERT INTO person VALUES (1, 'Ada', 1), (3, 'Siv', 3), (4, 'Odd', 4);
SELECT pv.declare_subject('person');
SELECT pv.declare_link('address', '{id}', 'person', '{address}', shared => 'last', name => 'lives'),
       pv.declare_link('address', '{id}', 'address', '{parent}', shared => 'last', name => 'within');
SELECT pv.declare_personal('person', '{name}', 'identifying'), pv.declare_personal('address', '{street}', 'address', link => '*');
SELECT state FROM pv.erase_subject('person', 1);
SELECT * FROM pv.verify_erasure('person', 1);
TABLE address ORDER BY id;
SELECT state FROM pv.erase_subject('person', 3);
TABLE address ORDER BY id;
SELECT state FROM pv.erase_subject('person', 4);
TABLE address ORDER BY id;

-- Replies to replies: a purge knows whose they are, also where they go around.
CREATE TABLE author (id int PRIMARY KEY, name text);
CREATE TABLE thread (id int PRIMARY KEY, post int);
CREATE TABLE post (id int PRIMARY KEY, author int REFERENCES author, reply_to int REFERENCES post, thread int REFERENCES thread, body text, at date);
ALTER TABLE thread ADD FOREIGN KEY (post) REFERENCES post;
CREATE INDEX ON post (author);
CREATE INDEX ON post (reply_to);
CREATE INDEX ON post (thread);
CREATE INDEX ON thread (post);
INSERT INTO author VALUES (1, 'Ada'), (2, 'Siv');
INSERT INTO post VALUES (1, 1, NULL, NULL, 'Ada', '2000-01-01'), (2, NULL, 1, NULL, 'to Ada', '2000-01-01'), (3, NULL, 2, NULL, 'to that', '2000-01-01'),
    (4, 2, NULL, NULL, 'Siv', '2000-01-01'), (5, NULL, NULL, NULL, 'nobody', '2000-01-01');
INSERT INTO post VALUES (6, NULL, 5, NULL, 'nobody', '2000-01-01');
UPDATE post SET reply_to = 6 WHERE id = 5;
INSERT INTO thread VALUES (1, 3);
INSERT INTO post VALUES (7, NULL, NULL, 1, 'in the thread of Ada', '2000-01-01'), (8, NULL, 7, NULL, 'further on', '2000-01-01');
SELECT pv.declare_subject('author');
SELECT pv.declare_link('post', '{author}', 'author'), pv.declare_link('post', '{reply_to}', 'post'), pv.declare_link('post', '{thread}', 'thread'),
       pv.declare_link('thread', '{post}', 'post');
SELECT pv.declare_personal('author', '{name}', 'identifying'), pv.declare_personal('post', '{body}', 'text', link => '*');
SELECT pv.declare_retention('post', 'old', '5 years', 'at', 'law');
SELECT pv.place_hold('author', 1, 'court') IS NOT NULL AS held;
SELECT rows, held FROM pv.preview_purge();
SELECT pv.activate_retention('post', 'old', rows) FROM pv.preview_purge();
CALL pv.purge();
SELECT id, body FROM post ORDER BY id;
-- The other way around it is the same.
SELECT pv.release_hold(id, 'over') FROM pv.hold WHERE released_at IS NULL;
SELECT state FROM pv.erase_subject('author', 1);
SELECT id, body FROM post ORDER BY id;

-- A clock would read the nearest row alone, where all that a row hangs on must have ended.
CREATE TABLE owner (id int PRIMARY KEY, name text, boss int REFERENCES owner, ended date);
CREATE TABLE folder (id int PRIMARY KEY, within int REFERENCES folder, owner int REFERENCES owner, ended date);
CREATE TABLE item (id int PRIMARY KEY, folder int REFERENCES folder, after int REFERENCES item, body text);
CREATE INDEX ON folder (within);
CREATE INDEX ON folder (owner);
CREATE INDEX ON owner (boss);
CREATE INDEX ON item (folder);
CREATE INDEX ON item (after);
SELECT pv.declare_subject('owner'), pv.declare_link('owner', '{boss}', 'owner'), pv.declare_link('folder', '{owner}', 'owner'), pv.declare_link('item', '{folder}', 'folder'),
       pv.declare_link('item', '{after}', 'item');
SELECT pv.declare_personal('owner', '{name}', 'identifying'), pv.declare_personal('item', '{body}', 'text', link => '*');
SELECT pv.declare_retention('item', 'folders', '1 year', 'ended', 'policy', over => 'folder');
SELECT pv.declare_link('folder', '{within}', 'folder', name => 'within');
SELECT problem, hint FROM pv.check_map() WHERE relation = 'circle.item' AND problem ~ 'clock';
SELECT pv.declare_retention('item', 'again', '1 year', 'ended', 'policy', over => 'folder');
\echo :SQLSTATE
SELECT pv.declare_retention('item', 'again', '1 year', 'ended', 'policy', over => 'owner');
SELECT pv.undeclare_link('folder', 'within');
SELECT pv.declare_link('folder', '{within}', 'folder', name => 'within', inherit => false);
SELECT pv.declare_retention('item', 'again', '1 year', 'ended', 'policy', over => 'owner');
SELECT problem FROM pv.check_map() WHERE relation = 'circle.item' AND problem ~ 'clock';
DROP SCHEMA circle CASCADE;
DROP EXTENSION pvext;
