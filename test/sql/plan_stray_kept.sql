--
-- Triggers that write the person into somebody else's rows of a table in which values are kept
--
SET client_min_messages = warning;
CREATE EXTENSION pvext CASCADE;
CREATE TABLE person (id int PRIMARY KEY, name text, nick text);
CREATE TABLE invoice (id int PRIMARY KEY, person int REFERENCES person, addressee text, issued_on date, pad text);
CREATE TABLE letter (id int PRIMARY KEY, sender int REFERENCES person, receiver int REFERENCES person, body text, pad text);
CREATE TABLE visit (id int, person int REFERENCES person, at date, memo text) PARTITION BY RANGE (at);
CREATE TABLE visit_1 PARTITION OF visit FOR VALUES FROM ('1900-01-01') TO ('1980-01-05');
CREATE TABLE visit_2 PARTITION OF visit DEFAULT;
CREATE INDEX ON invoice (person);
CREATE INDEX ON letter (sender);
CREATE INDEX ON letter (receiver);
CREATE INDEX ON visit (person);
INSERT INTO person SELECT i, 'Ada Byron' || i FROM generate_series(101, 120) AS i;
INSERT INTO invoice SELECT i, i, 'Ada Byron' || i, CASE WHEN i < 105 THEN date '2001-01-01' ELSE current_date END FROM generate_series(101, 120) AS i;
INSERT INTO letter SELECT i, i, i + 1, 'from Ada Byron' || i FROM generate_series(101, 119) AS i;
INSERT INTO visit SELECT i, i, '1980-03-03', 'by Ada Byron' || i FROM generate_series(101, 120) AS i;
SELECT pv.declare_subject('person'), pv.link_foreign_keys('person'),
       pv.declare_personal('person', '{name,nick}', 'identifying', erase_with => 'null'),
       pv.declare_personal('invoice', '{addressee}', 'identifying', erase_with => 'null'), pv.declare_not_personal('invoice'),
       pv.declare_personal('letter', '{body}', 'free text', link => '*', erase_with => 'null'), pv.declare_not_personal('letter'),
       pv.declare_personal('visit', '{memo}', 'free text', erase_with => 'null'),
       pv.declare_personal('visit', '{at}', 'date', erase_with => 'generalise', parameter => 'year'),
       pv.declare_retention('invoice', 'books', '5 years', 'issued_on', 'law', mandatory => true) \gset
\i test/prelude/stray.sql

-- a rule retains values of the table, of the other person's row or not, and of the person's own or not
CALL make('UPDATE invoice SET addressee = ''once '' || OLD.name WHERE id = 120');
SELECT try(101);
SELECT try(110);
CALL make('UPDATE invoice SET addressee = OLD.name WHERE id = 102');
SELECT try(110);
CALL make('INSERT INTO invoice VALUES (1, 120, OLD.name, current_date)');
SELECT try(110);
CALL make('UPDATE invoice SET person = 120 WHERE person = OLD.id');
SELECT try(110);
-- nor may another person's row that is given to this one on the way
CALL make('UPDATE invoice SET person = OLD.id, addressee = addressee || OLD.name WHERE id = 120');
SELECT try(110);
-- the person's own rows may be written to, and come, as long as they are kept
CALL make('UPDATE invoice SET pad = ''seen''');
SELECT try(110);
CALL make('INSERT INTO invoice VALUES (2, OLD.id, OLD.name, current_date)');
SELECT try(111);
SELECT addressee FROM invoice WHERE person IN (110, 111) ORDER BY id;
CALL make('INSERT INTO invoice VALUES (3, OLD.id, OLD.name, ''2001-01-01'')');
SELECT try(112);
SELECT addressee FROM invoice WHERE id = 3;

-- somebody is held: who has no part in it, or shares a letter
SELECT pv.place_hold('person', '114', 'a case') > 0 AS held;
CALL make('UPDATE letter SET body = OLD.name WHERE id = 118');
SELECT try(102);
SELECT try(113);
CALL make('UPDATE letter SET pad = ''seen''');
SELECT try(113);
SELECT body, pad FROM letter WHERE id IN (113, 118) ORDER BY id;

-- what is kept for the other is emptied, changed, taken away or deleted; what nobody keeps may be
INSERT INTO letter VALUES (1, 115, 114, 'to the held', NULL), (2, 115, 116, 'to another', NULL);
CALL make('UPDATE letter SET body = NULL WHERE sender = OLD.id');
SELECT try(115);
CALL make('UPDATE letter SET body = ''x'' WHERE id = 1');
SELECT try(115);
CALL make('UPDATE letter SET receiver = NULL WHERE sender = OLD.id');
SELECT try(115);
CALL make('DELETE FROM letter WHERE sender = OLD.id');
SELECT try(115);
CALL make('DELETE FROM letter WHERE id = 2; UPDATE letter SET pad = ''sent'' WHERE id = 1');
SELECT try(115);
SELECT id, body, pad FROM letter WHERE sender = 115 ORDER BY id;
-- rows that would be deleted
CREATE TABLE talk (id int PRIMARY KEY, a int REFERENCES person, b int REFERENCES person, said text);
CREATE INDEX ON talk (a);
CREATE INDEX ON talk (b);
INSERT INTO talk VALUES (1, 116, 114, 'the one'), (2, 116, 117, 'the other');
ALTER TABLE talk ADD heard int DEFAULT 0;
SELECT pv.declare_link('talk', '{a}', 'person', on_erase => 'delete'), pv.declare_link('talk', '{b}', 'person', on_erase => 'delete'),
       pv.declare_not_personal('talk', '{heard}') \gset
CALL make('DELETE FROM talk WHERE a = OLD.id');
SELECT try(116);
CALL make('UPDATE talk SET said = ''x'' WHERE id = 1');
SELECT try(116);
CALL make('DELETE FROM talk WHERE a = OLD.id; INSERT INTO talk VALUES (3, OLD.id, 114, ''the one'')');
SELECT try(116);
CALL make('DELETE FROM talk WHERE id = 2; UPDATE talk SET heard = 7');
SELECT try(116);
TABLE talk;

-- a blocker keeps the column
SELECT pv.declare_purpose('books', 'legal_obligation', 'to keep books'), pv.declare_purpose('shop', 'contract', 'to sell') \gset
SELECT pv.declare_personal('person', '{name}', 'identifying', '{shop}', erase_with => 'null'),
       pv.declare_personal('person', '{nick}', 'identifying', '{books}', erase_with => 'null'),
       pv.declare_personal('letter', '{body}', 'free text', '{books}', link => '*', erase_with => 'null'),
       pv.declare_personal('visit', '{memo}', 'free text', '{books}', erase_with => 'null'),
       pv.declare_personal('visit', '{at}', 'date', '{shop}', erase_with => 'generalise', parameter => 'year'),
       pv.declare_blocker('person', 'audited', 'subject.id BETWEEN 103 AND 109', 'is audited', purposes => '{books}') \gset
CALL make('UPDATE letter SET body = OLD.name WHERE id = 118');
SELECT try(103);
CALL make('UPDATE letter SET body = body || OLD.name WHERE receiver = OLD.id');
SELECT try(103);
CALL make('NEW.nick := OLD.name', 'BEFORE UPDATE ON person');
SELECT try(103);
-- rows of which some values are kept move to another partition
CALL make('NULL');
SELECT try(103);
SELECT tableoid::regclass, memo, at FROM visit WHERE id = 103;
SELECT name FROM person WHERE id IN (101, 102, 103) ORDER BY id;

-- rows that move, or are in a child, don't stand for others that a trigger changes
CREATE TABLE stay (id int PRIMARY KEY, person int REFERENCES person, memo text);
CREATE TABLE old_stay (PRIMARY KEY (id)) INHERITS (stay);
CREATE INDEX ON stay (person);
CREATE INDEX ON old_stay (person);
INSERT INTO stay VALUES (1, 120, 'by nobody');
INSERT INTO old_stay SELECT i, i, 'by Ada Byron' || i FROM generate_series(101, 119) AS i;
INSERT INTO visit VALUES (1, 120, '1970-01-01', 'by nobody');
SELECT pv.declare_link('stay', '{person}', 'person'), pv.declare_personal('stay', '{memo}', 'free text', erase_with => 'null') \gset
CALL make('UPDATE visit SET memo = OLD.name WHERE id = 1');
SELECT try(118);
CALL make('UPDATE stay SET memo = OLD.name WHERE id = 1');
SELECT try(118);
CALL make('UPDATE visit SET memo = ''by somebody'' WHERE id = 1; UPDATE stay SET memo = ''by somebody'' WHERE id = 1');
SELECT try(118);
SELECT tableoid::regclass, memo, at FROM visit WHERE id IN (1, 118) ORDER BY id;
SELECT tableoid::regclass, memo FROM stay WHERE id IN (1, 118) ORDER BY id;
