--
-- Triggers and rules that write the person where the data map does not know
--
SET client_min_messages = warning;
CREATE EXTENSION pvext CASCADE;
\set VERBOSITY terse
CREATE TABLE person (id int PRIMARY KEY, name text, email text UNIQUE, town text, born date);
CREATE TABLE visit (id int PRIMARY KEY, person int NOT NULL REFERENCES person, note text, at date);
CREATE INDEX ON visit (person);
INSERT INTO person SELECT i, 'Ada Byron' || i, 'ada' || i || '@x.example', 'Oslo', '1985-12-10'
  FROM generate_series(1, 60) AS i;
INSERT INTO visit SELECT i, i, 'seen by the doctor of ward ' || i, '2010-01-01' FROM generate_series(1, 60) AS i;
SELECT pv.declare_subject('person'),
       pv.declare_link('visit', '{person}', 'person', on_erase => 'delete'),
       pv.declare_personal('person', '{name,email}', 'identifying'),
       pv.declare_personal('person', '{town,born}', 'other'),
       pv.declare_not_personal('visit', '{at}') \gset
-- what kinds of triggers and tables there are
CREATE TABLE kept (id int, name text, email text, at timestamptz DEFAULT now());
CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN INSERT INTO kept VALUES (OLD.id, OLD.name, OLD.email); RETURN coalesce(NEW, OLD); END $$;
\i test/prelude/stray.sql

-- for each row, before and after
CREATE TRIGGER k BEFORE UPDATE ON person FOR EACH ROW EXECUTE FUNCTION keep();
\set VERBOSITY default
SELECT state FROM pv.erase_subject('person', 1);
\set VERBOSITY terse
SELECT count(*) FROM kept;
SELECT name, email FROM person WHERE id = 1;
SELECT count(*) FROM pv.erasure;
DROP TRIGGER k ON person;
CREATE TRIGGER k AFTER UPDATE OF email ON person FOR EACH ROW EXECUTE FUNCTION keep();
SELECT try(1);
DROP TRIGGER k ON person;
-- at the end of the transaction
CREATE CONSTRAINT TRIGGER k AFTER UPDATE ON person DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW EXECUTE FUNCTION keep();
SELECT try(1);
-- which another trigger would postpone
CREATE FUNCTION postpone() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN SET CONSTRAINTS ALL DEFERRED; RETURN NEW; END $$;
CREATE TRIGGER a BEFORE UPDATE ON person FOR EACH ROW EXECUTE FUNCTION postpone();
SELECT try(1);
DROP TRIGGER a ON person;
DROP TRIGGER k ON person;
-- of the whole statement
CREATE FUNCTION keep_all() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN INSERT INTO kept SELECT id, name, email FROM gone; RETURN NULL; END $$;
CREATE TRIGGER k AFTER UPDATE ON person REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION keep_all();
SELECT try(1);
DROP TRIGGER k ON person;
-- a rule
CREATE RULE k AS ON UPDATE TO person DO ALSO INSERT INTO kept VALUES (OLD.id, OLD.name, OLD.email);
SELECT try(1);
DROP RULE k ON person;
-- whole rows as jsonb, with escapes; as a row; as bytes
CREATE TABLE kept_json (op text, was jsonb, is_now json);
CREATE FUNCTION keep_json() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN INSERT INTO kept_json VALUES (TG_OP, to_jsonb(OLD), to_json(NEW)); RETURN NULL; END $$;
CREATE TRIGGER k AFTER UPDATE OR DELETE ON person FOR EACH ROW EXECUTE FUNCTION keep_json();
SELECT try(1);
UPDATE person SET name = E'A"da \u00c5s\tBy', email = NULL WHERE id = 2;
SELECT try(2);
DROP TRIGGER k ON person;
CREATE TABLE kept_row (was person, bytes bytea);
CREATE FUNCTION keep_row() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.id = 3 THEN INSERT INTO kept_row VALUES (OLD);
    ELSE INSERT INTO kept_row VALUES (NULL, convert_to(OLD.email, 'UTF8')); END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER k AFTER UPDATE ON person FOR EACH ROW EXECUTE FUNCTION keep_row();
SELECT try(3), try(4);
DROP TRIGGER k ON person;
-- in a table without a log, in a partition, in a child, in a temporary one
CREATE UNLOGGED TABLE kept_unlogged (was text);
CREATE TABLE kept_parted (id int, was text) PARTITION BY RANGE (id);
CREATE TABLE kept_part PARTITION OF kept_parted DEFAULT;
CREATE TABLE kept_child () INHERITS (kept_unlogged);
CREATE FUNCTION keep_as() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN EXECUTE format(TG_ARGV[0], OLD.email); RETURN NULL; END $$;
CREATE TRIGGER k AFTER UPDATE ON person FOR EACH ROW EXECUTE FUNCTION
  keep_as('INSERT INTO kept_unlogged VALUES (%L)');
SELECT try(1);
DROP TRIGGER k ON person;
CREATE TRIGGER k AFTER UPDATE ON person FOR EACH ROW EXECUTE FUNCTION
  keep_as('INSERT INTO kept_parted VALUES (1, %L)');
SELECT try(1);
DROP TRIGGER k ON person;
CREATE TRIGGER k AFTER UPDATE ON person FOR EACH ROW EXECUTE FUNCTION
  keep_as('INSERT INTO kept_child VALUES (%L)');
SELECT try(1);
DROP TRIGGER k ON person;
CREATE TEMPORARY TABLE kept_temp (was text);
CREATE TRIGGER k AFTER UPDATE ON person FOR EACH ROW EXECUTE FUNCTION
  keep_as('INSERT INTO pg_temp.kept_temp VALUES (%L)');
SELECT regexp_replace(try(1), 'pg_temp_\d+', 'pg_temp', 'g');
DROP TRIGGER k ON person;
CREATE TRIGGER k AFTER UPDATE ON person FOR EACH ROW EXECUTE FUNCTION
  keep_as('CREATE TABLE kept_new AS SELECT %L AS was');
SELECT try(1);
DROP TRIGGER k ON person;
-- into rows that are there already, and by way of another table's trigger
CREATE TABLE last (id int, was text);
INSERT INTO last VALUES (1, 'nobody');
CREATE TRIGGER k AFTER UPDATE ON person FOR EACH ROW EXECUTE FUNCTION keep_as('UPDATE last SET was = %L');
SELECT try(1);
DROP TRIGGER k ON person;
CREATE TABLE hop (id int, name text, email text);
CREATE TRIGGER k AFTER INSERT ON hop FOR EACH ROW EXECUTE FUNCTION keep_json();
CREATE FUNCTION hop() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN INSERT INTO hop VALUES (OLD.id, 'x', OLD.email); DELETE FROM hop; RETURN NULL; END $$;
CREATE TRIGGER h AFTER UPDATE ON person FOR EACH ROW EXECUTE FUNCTION hop();
SELECT try(1);
DROP TRIGGER h ON person;
-- among many rows, in pages that have room
INSERT INTO kept SELECT i, 'x', repeat('y', 200) FROM generate_series(1, 5000) AS i;
DELETE FROM kept WHERE id % 7 = 0;
VACUUM kept;
CREATE TRIGGER k AFTER UPDATE ON person FOR EACH ROW EXECUTE FUNCTION keep();
SELECT try(1);
-- many persons
SET pvext.erasure_limit = 0;
SELECT count(*) FROM pv.erase_subjects('person', ARRAY(SELECT i::text FROM generate_series(1, 60) AS i));
-- where the statistics are off
SET track_counts = off;
SELECT try(1);
RESET track_counts;
DROP TRIGGER k ON person;
-- of rows that are deleted, what tells by itself
CREATE TABLE kept_visit (id int, note text);
CREATE FUNCTION keep_visit() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN INSERT INTO kept_visit VALUES (OLD.id, OLD.note); RETURN NULL; END $$;
CREATE TRIGGER k AFTER DELETE ON visit FOR EACH ROW EXECUTE FUNCTION keep_visit();
SELECT try(1);
DROP TRIGGER k ON visit;
-- what a foreign key reaches
CREATE TABLE follower (email text REFERENCES person (email) ON UPDATE CASCADE, nick text);
INSERT INTO follower SELECT email, 'nick' FROM person WHERE id = 5;
CREATE FUNCTION keep_follower() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN INSERT INTO kept (email) VALUES (OLD.email); RETURN NULL; END $$;
CREATE TRIGGER k AFTER UPDATE ON follower FOR EACH ROW EXECUTE FUNCTION keep_follower();
SELECT try(5);
DROP TABLE follower;
-- in mapped tables: rows that are nobody's, another subject's, a column that is not classified
CREATE TABLE staff (id int PRIMARY KEY, email text, last text);
INSERT INTO staff VALUES (1, 'ada6@x.example', 'x');
SELECT pv.declare_subject('staff'), pv.declare_personal('staff', '{email}', 'identifying') \gset
CREATE TRIGGER k AFTER UPDATE ON person FOR EACH ROW EXECUTE FUNCTION keep_as('INSERT INTO staff VALUES (2, %L)');
SELECT try(6);
DROP TRIGGER k ON person;
CREATE TRIGGER k AFTER UPDATE ON person FOR EACH ROW EXECUTE FUNCTION keep_as('UPDATE staff SET last = %L');
SELECT try(6);
DROP TRIGGER k ON person;
CREATE TRIGGER k AFTER UPDATE ON person FOR EACH ROW EXECUTE FUNCTION
  keep_as('INSERT INTO person (id, name) VALUES (1000, %L)');
SELECT try(6);
DROP TRIGGER k ON person;

--
-- What may be written
--
-- counters and queues; a row of another, who is called the same
CREATE TABLE counted (town text PRIMARY KEY, n int);
CREATE TABLE queue (id bigserial, person int, what text, at timestamptz DEFAULT now(), pending bool);
CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO counted VALUES (OLD.town, 1) ON CONFLICT (town) DO UPDATE SET n = counted.n + 1;
    INSERT INTO queue (person, what, pending) VALUES (OLD.id, format('{"table": "person", "id": %s}', OLD.id), true);
    UPDATE staff SET last = 'somebody was erased' WHERE id = 1;
    RETURN NULL;
END $$;
CREATE TRIGGER k AFTER UPDATE ON person FOR EACH ROW EXECUTE FUNCTION note();
SELECT try(6), try(7);
SELECT * FROM counted;
SELECT person, what FROM queue ORDER BY id;
DROP TRIGGER k ON person;
-- surrogate keys that happen to be somebody's number
CREATE TABLE number (id int PRIMARY KEY, no int NOT NULL UNIQUE);
INSERT INTO number VALUES (1, 4711), (2, 4712);
CREATE TABLE number_queue (id int PRIMARY KEY, what text);
CREATE FUNCTION number() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN INSERT INTO number_queue VALUES (4711, TG_OP); RETURN NULL; END $$;
CREATE TRIGGER k AFTER UPDATE ON number FOR EACH ROW EXECUTE FUNCTION number();
SELECT pv.declare_subject('number'), pv.declare_personal('number', '{no}', 'identifying') \gset
SELECT state FROM pv.erase_subject('number', 1);
ALTER TABLE number_queue ADD no int DEFAULT 4712;
DELETE FROM number_queue;
SELECT state FROM pv.erase_subject('number', 2);
SELECT pv.declare_not_personal('number_queue') \gset
SELECT state FROM pv.erase_subject('number', 2);
-- what the transaction had written before, and what was undone
BEGIN;
INSERT INTO kept SELECT id, name, email FROM person WHERE id = 8;
CREATE TABLE tried (was text);
CREATE FUNCTION try_to_keep() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO queue (what) VALUES ('before');
    BEGIN
        INSERT INTO tried VALUES (OLD.email);
        INSERT INTO queue (what) VALUES (OLD.email);
        RAISE division_by_zero;
    EXCEPTION WHEN division_by_zero THEN NULL; END;
    INSERT INTO tried VALUES (OLD.email);
    DELETE FROM tried;
    RETURN NULL;
END $$;
CREATE TRIGGER k AFTER UPDATE ON person FOR EACH ROW EXECUTE FUNCTION try_to_keep();
SELECT try(8);
ROLLBACK;
-- whose columns nobody is identified by, or is declared
SELECT pv.declare_not_personal('kept_json', '{was}') \gset
CREATE TRIGGER k AFTER UPDATE ON person FOR EACH ROW EXECUTE FUNCTION keep_json();
SELECT try(9);
DROP TRIGGER k ON person;
CREATE TABLE history (person int, name text, email text);
CREATE INDEX ON history (person);
CREATE FUNCTION keep_history() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN INSERT INTO history VALUES (OLD.id, OLD.name, OLD.email); RETURN NULL; END $$;
CREATE TRIGGER k AFTER UPDATE ON person FOR EACH ROW EXECUTE FUNCTION keep_history();
SELECT try(10);
SELECT pv.declare_link('history', '{person}', 'person'), pv.declare_personal('history', '{email}', 'identifying') \gset
SELECT try(10);
SELECT pv.declare_personal('history', '{name}', 'identifying') \gset
SELECT try(10);
SELECT * FROM history;
SELECT * FROM pv.verify_erasure('person', 10);
-- what is erased again tells nobody
UPDATE person SET town = 'Bergen' WHERE id = 10;
DROP TRIGGER k ON person;
CREATE TRIGGER k AFTER UPDATE ON person FOR EACH ROW EXECUTE FUNCTION keep();
SELECT try(10);
DROP TRIGGER k ON person;

--
-- Duties
--
-- a request that the worker completes
SELECT pv.declare_blocker('person', 'waits', 'subject.town = ''wait''', 'waits') \gset
UPDATE person SET town = 'wait' WHERE id = 11;
SELECT state FROM pv.erase_subject('person', 11);
UPDATE person SET town = 'x' WHERE id = 11;
CREATE TRIGGER k AFTER UPDATE ON person FOR EACH ROW EXECUTE FUNCTION keep();
CALL pv.run_duties();
SELECT duty, name = (SELECT id::text FROM pv.erasure WHERE state = 'blocked') AS named, failures, sqlstate, message
  FROM pv.duty_failure;
SELECT state FROM pv.erasure WHERE state <> 'completed';
SELECT name FROM person WHERE id = 11;
DROP TRIGGER k ON person;
UPDATE pv.duty_failure SET retry_at = now();
CALL pv.run_duties();
SELECT count(*) FROM pv.duty_failure;
SELECT state FROM pv.erasure WHERE state <> 'completed';
-- a purge that anonymises
SELECT pv.declare_retention('person', 'old', '30 years', 'born', 'promise', columns => '{email}') \gset
UPDATE person SET born = '1985-12-10' WHERE id BETWEEN 20 AND 30;
UPDATE person SET born = now() WHERE id NOT BETWEEN 20 AND 30;
SELECT pv.activate_retention('person', 'old', 11) \gset
CREATE TRIGGER k AFTER UPDATE ON person FOR EACH ROW EXECUTE FUNCTION keep();
CALL pv.purge();
SELECT duty, name, failures, sqlstate, message FROM pv.duty_failure;
SELECT count(*) FROM person WHERE id BETWEEN 20 AND 30 AND email IS NOT NULL;
-- one row's alone is refused
DROP TRIGGER k ON person;
CREATE TRIGGER k AFTER UPDATE ON person FOR EACH ROW WHEN (OLD.id = 25) EXECUTE FUNCTION keep();
CALL pv.purge();
SELECT duty, name, failures, sqlstate, message FROM pv.duty_failure;
SELECT id FROM person WHERE id BETWEEN 20 AND 30 AND email IS NOT NULL;
DROP TRIGGER k ON person;
UPDATE pv.duty_failure SET retry_at = now();
CALL pv.purge();
SELECT count(*) FROM pv.duty_failure;
SELECT count(*) FROM person WHERE id BETWEEN 20 AND 30 AND email IS NOT NULL;
-- one that deletes
SELECT pv.declare_retention('visit', 'old', '5 years', 'at', 'promise', action => 'delete') \gset
SELECT count(*) AS visits FROM visit \gset
SELECT pv.activate_retention('visit', 'old', :visits) \gset
CREATE TRIGGER k AFTER DELETE ON visit FOR EACH ROW EXECUTE FUNCTION keep_visit();
CALL pv.purge();
SELECT duty, name, failures, sqlstate, message FROM pv.duty_failure;
SELECT count(*) = :visits AS all FROM visit;
DROP TRIGGER k ON visit;
CALL pv.purge();
SELECT count(*) FROM visit;
