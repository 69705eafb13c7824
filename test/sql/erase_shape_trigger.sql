-- Triggers of the user's: those that copy what was, those that put it back, and
-- those that fail.
SET client_min_messages = warning; CREATE EXTENSION pvext CASCADE; RESET client_min_messages;
CREATE SCHEMA shape;
SET search_path = shape;
SET client_min_messages = error;    -- of missing indexes
\set SHOW_CONTEXT never

-- A history table that is mapped: a second pass cleans what the first put there.
CREATE TABLE person (id int PRIMARY KEY, name text, mail text);
CREATE TABLE person_history (id int, name text, mail text, at timestamptz DEFAULT now());
CREATE TABLE address (id int PRIMARY KEY, person int REFERENCES person, street text);
CREATE TABLE version (item_type text, item_id text, old jsonb);
CREATE FUNCTION keep_person() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN INSERT INTO shape.person_history VALUES (OLD.id, OLD.name, OLD.mail); RETURN NULL; END $$;
CREATE FUNCTION keep_version() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN INSERT INTO shape.version VALUES (TG_TABLE_NAME, OLD.person, to_jsonb(OLD)); RETURN OLD; END $$;
CREATE TRIGGER keep AFTER UPDATE OR DELETE ON person FOR EACH ROW EXECUTE FUNCTION keep_person();
CREATE TRIGGER keep BEFORE UPDATE OR DELETE ON address FOR EACH ROW EXECUTE FUNCTION keep_version();
INSERT INTO person VALUES (1, 'Ann', 'ann@x'), (2, 'Bob', 'bob@x');
INSERT INTO address VALUES (1, 1, 'first street'), (2, 2, 'second street'), (3, 1, 'third street');
UPDATE person SET mail = upper(mail);
\o /dev/null
SELECT pv.declare_subject('person');
SELECT pv.declare_personal('person', '{name,mail}', 'identifying');
SELECT pv.declare_link('address', '{person}', 'person', on_erase => 'delete');
SELECT pv.declare_link('person_history', '{id}', 'person');
SELECT pv.declare_personal('person_history', '{name,mail}', 'identifying');
SELECT pv.declare_link('version', '{item_id}', 'person', condition => 'item_type = ''address''');
SELECT pv.declare_personal('version', '{old}', 'identifying', erase_with => 'remove_paths', parameter => '{street}');
\o
SELECT state, rows_anonymised > 0 AS anonymised, rows_deleted FROM pv.erase_subject('person', 1);
SELECT id, name, mail, count(*) > 0 AS rows FROM person_history GROUP BY 1, 2, 3 ORDER BY 1;
SELECT item_id, old - 'id' AS old, count(*) FROM version GROUP BY 1, 2 ORDER BY 1;
SELECT count(*) FROM pv.verify_erasure('person', 1);
SELECT * FROM address ORDER BY id;

-- A history that is not mapped isn't the map's to clean; check_map() can't know of it.
-- A trigger that puts the value back: an error after three passes, and all as before.
CREATE TABLE stubborn (id int PRIMARY KEY, person int REFERENCES person, name text);
CREATE FUNCTION stay() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.name := OLD.name; RETURN NEW; END $$;
CREATE TRIGGER stay BEFORE UPDATE ON stubborn FOR EACH ROW EXECUTE FUNCTION stay();
INSERT INTO stubborn VALUES (1, 1, 'Ann'), (2, 2, 'Bob');
SELECT pv.declare_link('stubborn', '{person}', 'person');
SELECT pv.declare_personal('stubborn', '{name}', 'x') \g /dev/null
SELECT pv.erase_subject('person', 2);
\echo :SQLSTATE
TABLE person ORDER BY id;
TABLE stubborn;
SELECT count(*) FROM address WHERE person = 2;
SELECT count(*) AS requests FROM pv.erasure;
SELECT count(*) FROM pv.event WHERE call LIKE 'erase%';
-- A trigger that leaves out the change, and a rule that does something else instead
CREATE OR REPLACE FUNCTION stay() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$;
SELECT pv.erase_subject('person', 2);
\echo :SQLSTATE
DROP TRIGGER stay ON stubborn;
CREATE RULE stay AS ON UPDATE TO stubborn DO INSTEAD NOTHING;
SELECT pv.erase_subject('person', 2);
\echo :SQLSTATE
TABLE stubborn;
DROP RULE stay ON stubborn;

-- One that takes its time: it gives in at the third pass.
CREATE TABLE patience (n int);
INSERT INTO patience VALUES (0);
CREATE OR REPLACE FUNCTION stay() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE shape.patience SET n = n + 1;
    IF (SELECT n FROM shape.patience) < 3 THEN NEW.name := OLD.name; END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER stay BEFORE UPDATE ON stubborn FOR EACH ROW EXECUTE FUNCTION stay();
BEGIN;
SELECT state FROM pv.erase_subject('person', 2);
TABLE stubborn;
ROLLBACK;
UPDATE patience SET n = -1;
SELECT pv.erase_subject('person', 2);
\echo :SQLSTATE
DROP TRIGGER stay ON stubborn;

-- An error at the last table: nothing of the erasure stays. The messages of the
-- trigger's own making are its owner's; details are left out.
CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'not today' USING detail = OLD.mail, errcode = 'P0001'; END $$;
CREATE TRIGGER fail BEFORE UPDATE ON person FOR EACH ROW EXECUTE FUNCTION fail();
SELECT pv.erase_subject('person', 2);
\echo :SQLSTATE
TABLE person ORDER BY id;
TABLE stubborn;
SELECT * FROM address ORDER BY id;
SELECT count(*) FILTER (WHERE id = 2) AS history FROM person_history;
SELECT count(*) AS requests, count(*) FILTER (WHERE key IS NOT NULL) AS open FROM pv.erasure;
-- The session goes on: what has failed may be tried again.
BEGIN;
SAVEPOINT s;
SELECT pv.erase_subject('person', 2);
ROLLBACK TO s;
DROP TRIGGER fail ON person;
SELECT state FROM pv.erase_subject('person', 2);
COMMIT;
TABLE person ORDER BY id;
TABLE stubborn;

-- A constraint that fails does not repeat the row's values.
CREATE TABLE client (id int PRIMARY KEY, name text, mail text);
CREATE TABLE bill (id int PRIMARY KEY, client int REFERENCES client, name text);
INSERT INTO client VALUES (1, 'Ann', 'ann@x');
INSERT INTO bill VALUES (1, 1, 'Ann');
\o /dev/null
SELECT pv.declare_subject('client');
SELECT pv.declare_link('bill', '{client}', 'client');
SELECT pv.declare_personal('client', '{name}', 'x'), pv.declare_personal('bill', '{name}', 'x');
\o
ALTER TABLE client ADD CHECK (name IS NOT NULL OR mail IS NULL) NOT VALID;
SELECT pv.erase_subject('client', 1);
\echo :SQLSTATE
ALTER TABLE client DROP CONSTRAINT client_check;
ALTER TABLE bill ALTER name SET NOT NULL;
SELECT pv.erase_subject('client', 1);
\echo :SQLSTATE
ALTER TABLE bill ALTER name DROP NOT NULL;
-- A deferred constraint trigger runs before the erasure's end, as the caller's others do.
CREATE FUNCTION late() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'too late'; END $$;
CREATE CONSTRAINT TRIGGER late AFTER UPDATE ON client DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION late();
BEGIN;
SELECT pv.erase_subject('client', 1);
\echo :SQLSTATE
COMMIT;
TABLE client;
TABLE bill;
DROP TRIGGER late ON client;

-- A trigger cannot erase while it is fired by an erasure.
CREATE FUNCTION again() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN PERFORM pv.erase_subject('shape.client', OLD.id); RETURN NEW; END $$;
CREATE TRIGGER again BEFORE UPDATE ON client FOR EACH ROW EXECUTE FUNCTION again();
\set VERBOSITY sqlstate
SELECT pv.erase_subject('client', 1);
\set VERBOSITY default
DROP TRIGGER again ON client;
-- But one may erase when it is fired by something else.
CREATE FUNCTION leave() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN PERFORM pv.erase_subject('shape.client', OLD.id); RETURN NULL; END $$;
CREATE TRIGGER leave AFTER DELETE ON bill FOR EACH ROW EXECUTE FUNCTION leave();
DELETE FROM bill;
TABLE client;

DROP SCHEMA shape CASCADE;
