-- What fails, and what does not count as done: triggers that keep values, errors
-- that hold them, rules of which a part fails, tables that no longer fit, limits.
SET client_min_messages = warning;
CREATE EXTENSION pvext CASCADE;
\set VERBOSITY terse
CREATE SCHEMA purge_failure;
SET search_path = purge_failure;
CREATE VIEW runs AS SELECT state, done, failures, error FROM pv.run_log WHERE duty = 'purge' ORDER BY id DESC LIMIT 1;
SELECT pv.declare_purpose('service', 'contract', 'to deliver');
CREATE TABLE person (id int PRIMARY KEY, name text, ended_on date, touched int DEFAULT 0);
INSERT INTO person VALUES (1, 'Ada', '2001-01-01'), (2, 'Odd', '2001-01-01');
SELECT pv.declare_subject('person');
SELECT pv.declare_personal('person', '{name}', 'name');
SELECT pv.declare_retention('person', 'people', '1 year', 'ended_on', 'policy');
SELECT pv.activate_retention('person', 'people', 2);

-- Triggers that write back, before and after, that keep rows, and one that may
CREATE FUNCTION write_back() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    IF NEW.name IS NULL THEN
        UPDATE purge_failure.person SET name = OLD.name WHERE id = NEW.id;
    END IF;
    RETURN NULL;
END $$;
CREATE FUNCTION keep_row() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$;
CREATE FUNCTION put_back() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.name := OLD.name; RETURN NEW; END $$;
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    IF NEW.touched = OLD.touched THEN
        UPDATE purge_failure.person SET touched = touched + 1 WHERE id = NEW.id;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER t AFTER UPDATE ON person FOR EACH ROW EXECUTE FUNCTION write_back();
CALL pv.purge();
TABLE runs;
DROP TRIGGER t ON person;
CREATE CONSTRAINT TRIGGER t AFTER UPDATE ON person DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION write_back();
CALL pv.purge();
TABLE runs;
DROP TRIGGER t ON person;
CREATE TRIGGER t BEFORE UPDATE ON person FOR EACH ROW EXECUTE FUNCTION put_back();
CALL pv.purge();
TABLE runs;
DROP TRIGGER t ON person;
CREATE TRIGGER t BEFORE UPDATE ON person FOR EACH ROW WHEN (NEW.id = 2) EXECUTE FUNCTION keep_row();
CALL pv.purge();
TABLE runs;
DROP TRIGGER t ON person;
TABLE person;
CREATE TRIGGER t AFTER UPDATE ON person FOR EACH ROW EXECUTE FUNCTION touch();
CALL pv.purge();
TABLE runs;
TABLE person;
DROP TRIGGER t ON person;
SELECT pv.declare_retention('person', 'people', '1 year', 'ended_on', 'policy', action => 'delete');
SELECT pv.activate_retention('person', 'people', 2);
CREATE TRIGGER t BEFORE DELETE ON person FOR EACH ROW EXECUTE FUNCTION keep_row();
CALL pv.purge();
TABLE runs;
DROP TRIGGER t ON person;
CALL pv.purge();
TABLE runs;

SELECT pv.undeclare_retention('person', 'people');

-- Values in messages of the server's
CREATE TABLE note (id int PRIMARY KEY, person int REFERENCES person, at text, body text);
CREATE INDEX ON note (person);
SELECT pv.declare_link('note', '{person}', 'person');
SELECT pv.declare_personal('note', '{body}', 'text');
INSERT INTO note VALUES (10, NULL, '2001-01-01', 'x');
SELECT pv.declare_retention('note', 'notes', '1 year', 'CAST(to_date(at, ''YYYY-MM-DD'') AS date)', 'policy');
SELECT pv.activate_retention('note', 'notes', 1);
UPDATE note SET at = 'Ada Berg';
SELECT rule, rows, hint FROM pv.overdue WHERE rule = 'notes';
SELECT rule, rows, hint FROM pv.preview_purge() WHERE rule = 'notes';
CALL pv.purge();
SELECT name, sqlstate, message FROM pv.duty_failure;
SELECT pv.undeclare_retention('note', 'notes');

-- A rule takes columns of two links: what fails of one is not forgotten as the other
-- succeeds.
CREATE TABLE letter (id int PRIMARY KEY, sender int REFERENCES person, receiver int REFERENCES person, on_day date, greeting text, address text);
CREATE INDEX ON letter (sender);
CREATE INDEX ON letter (receiver);
INSERT INTO person VALUES (1, 'Ada', NULL), (2, 'Odd', NULL);
INSERT INTO letter VALUES (20, 1, 2, '2001-01-01', 'Dear Odd', 'Oslo');
SELECT pv.declare_link('letter', '{sender}', 'person'), pv.declare_link('letter', '{receiver}', 'person');
SELECT pv.declare_personal('letter', '{greeting}', 'text', link => 'receiver');
SELECT pv.declare_personal('letter', '{address}', 'text', link => 'sender');
SELECT pv.declare_retention('letter', 'letters', '1 year', 'on_day', 'policy');
SELECT pv.activate_retention('letter', 'letters', 1);
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'not this'; END $$;
CREATE TRIGGER t BEFORE UPDATE ON letter FOR EACH ROW WHEN (NEW.address IS NULL) EXECUTE FUNCTION refuse();
CALL pv.purge('letter');
TABLE runs;
SELECT name, failures, message FROM pv.duty_failure WHERE name LIKE 'letters%';
DROP TRIGGER t ON letter;
CALL pv.purge('letter');
TABLE letter;
SELECT name, failures, message FROM pv.duty_failure WHERE name LIKE 'letters%';

-- A table that no longer fits holds nothing else back, though the subject has a blocker.
INSERT INTO letter VALUES (21, 1, 2, '2001-01-01', 'Dear Odd', 'Oslo');
SELECT pv.declare_blocker('person', 'active', 'subject.id = 2', 'is active');
ALTER TABLE note DROP COLUMN body;
CALL pv.purge('letter');
TABLE runs;
TABLE letter ORDER BY id;
SELECT rule, rows, held_by, hint IS NULL AS indexed FROM pv.overdue;

-- What is held reaches no limit.
SELECT pv.undeclare_blocker('person', 'active');
INSERT INTO letter SELECT i, 1, 2, '2001-01-01', 'Dear Odd', 'Oslo' FROM generate_series(30, 32) AS i;
DELETE FROM pv.purge_count;
SELECT pv.place_hold('person', 2, 'court case');
SET pvext.purge_limit = 3;
CALL pv.purge('letter');
TABLE runs;
CALL pv.purge('letter');
TABLE runs;
INSERT INTO letter VALUES (33, 1, 2, '2001-01-01', 'Dear Odd', 'Oslo');
CALL pv.purge('letter');
TABLE runs;

RESET search_path;
DROP SCHEMA purge_failure CASCADE;
DROP EXTENSION pvext;
