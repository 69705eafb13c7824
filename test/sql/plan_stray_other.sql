--
-- Triggers that write the person into somebody else's rows, hand rows over, or empty what is to stay
--
SET client_min_messages = warning;
CREATE EXTENSION pvext CASCADE;
CREATE TABLE person (id int PRIMARY KEY, name text, partner int, remark text, touched int DEFAULT 0);
CREATE TABLE note (id int PRIMARY KEY, person int NOT NULL REFERENCES person, body text, pad text);
CREATE TABLE invoice (id int PRIMARY KEY, person int NOT NULL REFERENCES person, addressee text, issued_on date);
CREATE TABLE line (id int, invoice int NOT NULL REFERENCES invoice, text text) PARTITION BY RANGE (id);
CREATE TABLE line_1 PARTITION OF line FOR VALUES FROM (0) TO (30);
CREATE TABLE line_2 PARTITION OF line DEFAULT;
CREATE INDEX ON note (person);
CREATE INDEX ON invoice (person);
CREATE INDEX ON line (invoice);
INSERT INTO person SELECT i, 'Ada Byron' || i, i + 1, 'married to Ada Byron' || i + 1 FROM generate_series(1, 60) AS i;
INSERT INTO note SELECT i, i, 'Ada Byron' || i || ' called', repeat('x', 5) FROM generate_series(1, 60) AS i;
INSERT INTO invoice SELECT i, i, 'Ada Byron' || i, CASE WHEN i > 50 THEN date '2001-01-01' ELSE current_date END FROM generate_series(1, 60) AS i;
INSERT INTO line SELECT i, i, 'for Ada Byron' || i FROM generate_series(1, 60) AS i;
SELECT pv.declare_subject('person'), pv.link_foreign_keys('person', 2),
       pv.declare_personal('person', '{name}', 'identifying', erase_with => 'null'),
       pv.declare_personal('note', '{body}', 'free text', erase_with => 'null'),
       pv.declare_personal('invoice', '{addressee}', 'identifying', erase_with => 'null'),
       pv.declare_personal('line', '{text}', 'free text', erase_with => 'null'),
       pv.declare_retention('invoice', 'books', '5 years', 'issued_on', 'law', mandatory => true) \gset
\i test/prelude/stray.sql

-- others' rows are changed, and nobody is in them
CALL make('UPDATE person SET touched = touched + 1 WHERE id IN (OLD.id, OLD.partner)');
SELECT try(1);
-- what the person's own row says of others, unclassified, stays
SELECT name, remark, touched FROM person WHERE id IN (1, 2) ORDER BY id;

-- the name in another person's row, in a column that is declared or not
CALL make('UPDATE person SET name = OLD.name WHERE id = OLD.partner');
SELECT try(2);
CALL make('UPDATE person SET remark = remark || '' and '' || OLD.name WHERE id = OLD.partner');
SELECT try(2);
CALL make('UPDATE note SET body = OLD.name WHERE person = OLD.partner');
SELECT try(2);
-- in a partition
CALL make('UPDATE line SET text = OLD.name WHERE invoice = OLD.partner');
SELECT try(2);
CALL make('UPDATE line SET text = ''nobody'' WHERE invoice = OLD.partner');
SELECT try(2);
SELECT text FROM line WHERE id IN (2, 3) ORDER BY id;
-- of many at once
CALL make('UPDATE note SET body = OLD.name WHERE person = 60');
DO $$ BEGIN
    PERFORM pv.erase_subjects('person', ARRAY(SELECT i::text FROM generate_series(10, 35) AS i));
EXCEPTION WHEN OTHERS THEN RAISE WARNING '%', SQLERRM;
END $$;

-- a row is handed over as it was
CALL make('NEW.person := 60; NEW.body := OLD.body', 'BEFORE UPDATE ON note');
SELECT try(3);
CALL make('NEW.person := 60', 'BEFORE UPDATE ON note');
SELECT try(3);
SELECT person, body FROM note WHERE id = 3;

-- what is retained is emptied, changed, or deleted
CALL make('UPDATE invoice SET addressee = '''' WHERE person = OLD.id');
SELECT try(4);
CALL make('UPDATE invoice SET addressee = NULL WHERE person = OLD.id');
SELECT try(4);
CALL make('DELETE FROM line WHERE invoice = OLD.id; DELETE FROM invoice WHERE person = OLD.id');
SELECT try(4);
CALL make('NEW.remark := NULL; NEW.name := NULL; UPDATE invoice SET addressee = ''x''', 'BEFORE UPDATE ON person');
SELECT try(4);
-- what is not retained any more may go, and other columns and rows may change
CALL make('UPDATE invoice SET addressee = NULL WHERE person = OLD.id');
SELECT try(51);
CALL make('UPDATE invoice SET issued_on = issued_on + 1 WHERE person = OLD.id; UPDATE invoice SET addressee = NULL WHERE person = OLD.partner');
SELECT try(4);
SELECT id, addressee FROM invoice WHERE id IN (4, 5) ORDER BY id;
-- what is blocked
CALL make('UPDATE note SET body = NULL WHERE person = OLD.id');
SELECT pv.declare_purpose('care', 'contract', 'to care'), pv.declare_purpose('shop', 'contract', 'to sell') \gset
SELECT pv.declare_personal('person', '{name}', 'identifying', '{shop}', erase_with => 'null'),
       pv.declare_personal('invoice', '{addressee}', 'identifying', '{shop}', erase_with => 'null'),
       pv.declare_personal('line', '{text}', 'free text', '{shop}', erase_with => 'null'), pv.declare_personal('note', '{body}', 'free text', '{care}', erase_with => 'null'),
       pv.declare_blocker('person', 'cared for', 'subject.id = 6', 'is cared for', purposes => '{care}') \gset
SELECT try(6);
CALL make('NEW.touched := 7; NEW.remark := OLD.name', 'BEFORE UPDATE ON person');
SELECT try(6);
CALL make('UPDATE note SET pad = NULL WHERE person = OLD.id');
SELECT try(6);
SELECT body, pad FROM note WHERE id = 6;
