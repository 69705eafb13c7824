-- Rows that persons refer to, where a key that was erased is given to somebody else, who lives:
-- by what is personal of it again, in the row or in those that are its alone.
SET client_min_messages = warning;
CREATE EXTENSION pvext CASCADE;
CREATE SCHEMA again;
SET search_path = again;

CREATE TABLE address (id int PRIMARY KEY, street text);
CREATE TABLE person (id int PRIMARY KEY, ship int REFERENCES address, title text, alias text);
CREATE TABLE account (id int PRIMARY KEY, person int REFERENCES person);
CREATE TABLE holder (id int PRIMARY KEY, account int REFERENCES account, name text);
CREATE TABLE session (id int PRIMARY KEY, person int REFERENCES person);
CREATE TABLE bill (id int PRIMARY KEY, person int REFERENCES person, addressee text, at date);
CREATE INDEX ON person (ship);
CREATE INDEX ON account (person);
CREATE INDEX ON holder (account);
CREATE INDEX ON session (person);
CREATE INDEX ON bill (person);
INSERT INTO address SELECT i, 'street ' || i FROM generate_series(1, 8) AS i;
INSERT INTO person SELECT i, (i + 1) / 2, 'Dr', 'alias ' || i FROM generate_series(1, 16) AS i;
INSERT INTO account SELECT i, i FROM generate_series(1, 16) AS i;
INSERT INTO holder SELECT i, i, 'name ' || i FROM generate_series(1, 16) AS i;
INSERT INTO session SELECT i, i FROM generate_series(1, 16) AS i;
INSERT INTO bill VALUES (11, 11, 'to 11', current_date), (13, 13, 'to 13', current_date);
SELECT pv.declare_purpose('books', 'legal_obligation', 'Books');
SELECT pv.declare_subject('person');
SELECT pv.declare_link('account', '{person}', 'person'), pv.declare_link('holder', '{account}', 'account'),
       pv.declare_link('session', '{person}', 'person', on_erase => 'delete'), pv.declare_link('bill', '{person}', 'person'),
       pv.declare_link('address', '{id}', 'person', '{ship}', shared => 'last', name => 'ship');
SELECT pv.declare_personal('holder', '{name}', 'identifying'), pv.declare_personal('bill', '{addressee}', 'identifying', '{books}'),
       pv.declare_personal('person', '{alias}', 'identifying', erase_with => 'expression', parameter => $$'person ' || id$$),
       pv.declare_personal('person', '{title}', 'text', erase_with => 'redact'), pv.declare_personal('address', '{street}', 'contact');
SELECT pv.declare_retention('bill', 'books', '5 years', 'at', 'Bookkeeping Act', mandatory => true);

-- The first of each pair is erased.
SELECT key, state FROM pv.erase_subjects('person', '{1,3,5,7,9,11,13,15}') ORDER BY key::int;
-- Of 1 nothing has come back; of the others something has. What a rule retains of 11 is none of that, of 13 there is more.
UPDATE holder SET name = 'new' WHERE id = 3;
UPDATE person SET alias = 'new' WHERE id = 5;
INSERT INTO session VALUES (17, 7);
INSERT INTO account VALUES (17, 9);
INSERT INTO holder VALUES (17, 17, 'new');
UPDATE holder SET name = 'new' WHERE id = 13;
-- A text of strategy redact does not tell.
UPDATE person SET title = 'Dr' WHERE id = 15;
SELECT relation, column_name, rows FROM pv.preview_erasure('person', 4) WHERE rows > 0 ORDER BY 1, 2;
SELECT key, state FROM pv.erase_subjects('person', '{2,4,6,8,10,12,14,16}') ORDER BY key::int;
SELECT * FROM address ORDER BY id;
SELECT k, v.* FROM generate_series(2, 16, 2) AS k, pv.verify_erasure('person', k) AS v;
-- Once they are erased again the last has gone.
SELECT key, state FROM pv.erase_subjects('person', '{3,5,7,9,13}') ORDER BY key::int;
SELECT * FROM address ORDER BY id;
SELECT relation, severity, problem FROM pv.check_map() WHERE problem NOT LIKE '%not classified%';
DROP SCHEMA again CASCADE;
DROP EXTENSION pvext;
