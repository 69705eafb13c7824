-- What a link goes by is pairs of columns, and a path is a list: the same names in another
-- order are another key, and another person.
SET client_min_messages = warning;
CREATE EXTENSION pvext CASCADE;
\set VERBOSITY terse
CREATE SCHEMA link;
SET search_path = link;

-- Foreign keys of the same columns in another order are two; the link of one is none of the other.
CREATE TABLE place (a int, b int, name text, PRIMARY KEY (a, b));
CREATE TABLE pair (x int, y int, note text, FOREIGN KEY (x, y) REFERENCES place (a, b) ON DELETE CASCADE,
                   FOREIGN KEY (y, x) REFERENCES place (a, b));
CREATE INDEX ON pair (x, y);
SELECT pv.declare_subject('place');
SELECT name, columns, declared FROM pv.candidate_links('place') ORDER BY 1;
SELECT pv.declare_link('pair', '{y,x}', 'place');
SELECT name, columns, declared FROM pv.candidate_links('place') ORDER BY 1;
-- the columns of a foreign key in another order, and its parent's with them, are the same key
SELECT pv.undeclare_link('pair', 'y_x'), pv.declare_link('pair', '{y,x}', 'place', '{b,a}', name => 'same');
SELECT name, columns, declared FROM pv.candidate_links('place') ORDER BY 1;
SELECT pv.undeclare_link('pair', 'same');
-- one column may hold two of the parent's
ALTER TABLE pair ADD FOREIGN KEY (x, x) REFERENCES place (a, b);
SELECT name, columns, declared FROM pv.candidate_links('place') ORDER BY 1;
-- a row may belong to another of its own table that has the key's values the other way round
SELECT pv.declare_link('place', '{b,a}', 'place');
SELECT pv.declare_link('place', '{b,a}', 'place', '{b,a}', name => 'itself');

-- Rows that a foreign key deletes go by a link of just its columns, else nothing is deleted.
CREATE TABLE owner (id int PRIMARY KEY, name text);
CREATE TABLE box (a int, b int, owner int REFERENCES owner, PRIMARY KEY (a, b));
CREATE TABLE thing (x int, y int, note text, FOREIGN KEY (x, y) REFERENCES box (a, b));
CREATE INDEX ON box (owner);
CREATE INDEX ON thing (x, y);
INSERT INTO owner VALUES (1, 'Ada'), (2, 'Odd');
INSERT INTO box VALUES (1, 2, 1), (2, 1, 2);
INSERT INTO thing VALUES (1, 2, 'mine'), (2, 1, 'his');
SELECT pv.declare_subject('owner'), pv.declare_personal('owner', '{name}', 'identifying');
SELECT pv.declare_link('thing', '{y,x}', 'box', on_erase => 'delete');
SELECT pv.declare_link('box', '{owner}', 'owner', on_erase => 'delete');
SELECT relation, problem FROM pv.check_map() WHERE severity = 'error';
ALTER TABLE thing DROP CONSTRAINT thing_x_y_fkey;
ALTER TABLE thing ADD FOREIGN KEY (x, y) REFERENCES box (a, b) ON DELETE CASCADE;
SELECT relation, problem FROM pv.check_map() WHERE severity = 'error';
SELECT pv.erase_subject('owner', 1);
TABLE thing ORDER BY x;

-- A personal key is followed by foreign keys of just its columns.
CREATE ROLE link_other;
GRANT USAGE ON SCHEMA link TO link_other;
CREATE TABLE code (a text, b text, PRIMARY KEY (a, b));
CREATE TABLE use (id int PRIMARY KEY, x text, y text, FOREIGN KEY (x, y) REFERENCES code (a, b) ON UPDATE CASCADE);
CREATE INDEX ON use (y, x);
ALTER TABLE use OWNER TO link_other;
SELECT pv.declare_subject('code');
SELECT pv.declare_link('use', '{y,x}', 'code');
SELECT pv.declare_personal('code', '{a}', 'identifying');
SELECT pv.undeclare_link('use', 'y_x');
SELECT pv.declare_personal('code', '{a}', 'identifying');
SELECT pv.declare_link('use', '{y,x}', 'code');

-- Two columns whose paths have the same names the other way round are about two persons:
-- what holds the one does not hold the other.
CREATE TABLE person (id int PRIMARY KEY, name text);
CREATE TABLE first (id int PRIMARY KEY, b int REFERENCES person);
CREATE TABLE second (id int PRIMARY KEY, a int REFERENCES person);
CREATE TABLE meeting (id int PRIMARY KEY, a int REFERENCES first, b int REFERENCES second, x text, y text, on_day date);
INSERT INTO person VALUES (1, 'Ada'), (2, 'Odd');
INSERT INTO first VALUES (10, 1);
INSERT INTO second VALUES (20, 2);
INSERT INTO meeting VALUES (100, 10, 20, 'of Ada', 'of Odd', '2001-01-01');
SET client_min_messages = error;
SELECT pv.declare_subject('person'), pv.link_foreign_keys('person', 2);
SET client_min_messages = warning;
SELECT pv.declare_personal('person', '{name}', 'identifying'),
       pv.declare_personal('meeting', '{x}', 'text', link => 'a'), pv.declare_personal('meeting', '{y}', 'text', link => 'b');
SELECT column_name, paths FROM pv.personal WHERE relation = 'meeting'::regclass ORDER BY 1;
SELECT pv.declare_retention('meeting', 'meetings', '1 year', 'on_day', 'policy');
SELECT pv.activate_retention('meeting', 'meetings', 1);
SELECT pv.place_hold('person', 2, 'court case');
CALL pv.purge('meeting');
TABLE meeting;
SELECT rows, held_by FROM pv.overdue;
SELECT pv.release_hold(id, 'settled') FROM pv.hold;
SELECT pv.place_hold('person', 1, 'court case');
CALL pv.purge('meeting');
TABLE meeting;

RESET search_path;
DROP SCHEMA link CASCADE;
DROP EXTENSION pvext;
DROP ROLE link_other;
