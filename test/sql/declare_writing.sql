--
-- pv.check_map() on triggers and rules that write where nothing is declared
--
SET client_min_messages = warning;
CREATE EXTENSION pvext CASCADE;
CREATE TABLE person (id int PRIMARY KEY, email text UNIQUE);
CREATE TABLE visit (id int PRIMARY KEY, person int NOT NULL REFERENCES person, at date);
CREATE INDEX ON visit (person);
CREATE TABLE visit_note (visit int NOT NULL REFERENCES visit ON DELETE CASCADE);
CREATE INDEX ON visit_note (visit);
SELECT pv.declare_subject('person'), pv.declare_personal('person', '{email}', 'identifying', erase_with => 'token'),
       pv.declare_link('visit_note', '{visit}', 'visit', on_erase => 'delete'),
       pv.declare_link('visit', '{person}', 'person', on_erase => 'delete'),
       pv.declare_not_personal('visit') \gset
CREATE SCHEMA log;
CREATE TABLE kept (id int, email text);
CREATE TABLE log.kept (id int, email text);
CREATE TABLE log."What ""was""" (id int, email text);
CREATE TABLE read_only (id int, email text);
CREATE TABLE old_row (was text);
CREATE VIEW findings AS
  SELECT relation, column_name, severity, problem, hint FROM pv.check_map();
SELECT * FROM findings;

-- a trigger's source, whatever it is in and however it is spelled
CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE update int; read_only text;
BEGIN
    -- INSERT INTO read_only
    /* UPDATE read_only SET */
    SELECT email INTO read_only FROM read_only FOR UPDATE;
    DELETE FROM read_only;
    insert
      into kept values (OLD.id, OLD.email);
    RETURN NEW;
END $$;
CREATE TRIGGER k AFTER UPDATE ON person FOR EACH ROW EXECUTE FUNCTION keep();
SELECT * FROM findings;
CREATE OR REPLACE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE ONLY log.kept SET email = OLD.email;
    MERGE INTO "log"."kept" USING kept ON true WHEN NOT MATCHED THEN INSERT VALUES (1, OLD.email);
    EXECUTE 'COPY old_row (was) FROM ''/dev/null''';
    COPY read_only TO '/dev/null';
    RETURN NEW;
END $$;
SELECT problem FROM findings;
-- what it calls
CREATE OR REPLACE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql SET search_path = log AS $$
BEGIN PERFORM log.note(OLD.email); RETURN NEW; END $$;
CREATE FUNCTION log.note(was text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN PERFORM log.note(was, 1); PERFORM log.note('x'); END $$;
CREATE FUNCTION log.note(was text, n int) RETURNS void LANGUAGE sql
BEGIN ATOMIC INSERT INTO public.old_row VALUES (was); END;
SELECT problem FROM findings;
-- by its own search_path
CREATE OR REPLACE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql SET search_path = log AS $$
BEGIN INSERT INTO kept VALUES (OLD.id, OLD.email); RETURN NEW; END $$;
SELECT problem, hint FROM findings;
-- what its arguments name
CREATE OR REPLACE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN EXECUTE TG_ARGV[0] || TG_ARGV[1]; RETURN NEW; END $$;
CREATE OR REPLACE TRIGGER k AFTER UPDATE ON person FOR EACH ROW EXECUTE FUNCTION keep('x', 'log."What ""was"""', 'kept', 'person', 7);
SELECT problem FROM findings;
CREATE OR REPLACE TRIGGER k AFTER UPDATE ON person FOR EACH ROW EXECUTE FUNCTION keep('INSERT INTO kept ', 'VALUES (1)');
SELECT problem FROM findings;
DROP TRIGGER k ON person;
-- those that no erasure fires
CREATE OR REPLACE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN INSERT INTO kept VALUES (1, 'x'); RETURN NEW; END $$;
CREATE TRIGGER k AFTER INSERT OR DELETE ON person FOR EACH ROW EXECUTE FUNCTION keep();
CREATE TRIGGER l AFTER UPDATE OF id ON person FOR EACH ROW EXECUTE FUNCTION keep();
CREATE TRIGGER m AFTER UPDATE ON person FOR EACH ROW EXECUTE FUNCTION keep();
ALTER TABLE person DISABLE TRIGGER m;
SELECT problem FROM findings;
-- of rows that go with others
CREATE TRIGGER k AFTER DELETE ON visit_note FOR EACH ROW EXECUTE FUNCTION keep();
SELECT relation, problem FROM findings;
DROP TRIGGER k ON visit_note;

-- rules
CREATE RULE r AS ON UPDATE TO person DO ALSO
  (INSERT INTO log.kept VALUES (OLD.id, OLD.email); UPDATE kept SET id = 1; DELETE FROM read_only);
CREATE RULE s AS ON INSERT TO person DO ALSO INSERT INTO old_row VALUES (NEW.email);
SELECT relation, severity, problem, hint FROM findings;
DROP RULE r ON person;

-- what is declared, and what is mapped by what it is a part of
CREATE TRIGGER k AFTER DELETE ON visit_note FOR EACH ROW EXECUTE FUNCTION keep();
SELECT pv.declare_not_personal('kept') \gset
SELECT problem FROM findings;
CREATE TABLE history (id int, person int, email text) PARTITION BY RANGE (id);
CREATE TABLE history_1 PARTITION OF history DEFAULT;
CREATE INDEX ON history (person);
CREATE OR REPLACE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN INSERT INTO history_1 VALUES (1, OLD.id, 'x'); RETURN NEW; END $$;
SELECT problem FROM findings;
SELECT pv.declare_link('history', '{person}', 'person'), pv.declare_personal('history', '{email}', 'identifying') \gset
SELECT problem FROM findings;
-- what is purged, and kept by a trigger in a table that no rule is about
CREATE TABLE member (id int PRIMARY KEY, email text, left_on date);
CREATE TABLE former (member int REFERENCES member, email text, phone text, at date);
CREATE INDEX ON former (member);
CREATE FUNCTION keep_member() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN INSERT INTO former VALUES (OLD.id, OLD.email); RETURN NULL; END $$;
CREATE TRIGGER k AFTER UPDATE ON member FOR EACH ROW EXECUTE FUNCTION keep_member();
SELECT pv.declare_subject('member'), pv.link_foreign_keys('member'),
       pv.declare_personal('member', '{email}', 'identifying'), pv.declare_personal('former', '{email,phone}', 'identifying'),
       pv.declare_not_personal('member'), pv.declare_not_personal('former') \gset
SELECT problem FROM findings WHERE relation = 'public.member';
SELECT pv.declare_retention('member', 'left', '1 year', 'left_on', 'policy') \gset
SELECT relation, severity, problem, hint FROM findings WHERE relation = 'public.member';
SELECT pv.declare_retention('former', 'left', '1 year', 'at', 'policy', columns => '{email}') \gset
SELECT problem, hint FROM findings WHERE relation = 'public.member';
SELECT pv.declare_retention('former', 'left', '1 year', 'at', 'policy') \gset
SELECT problem FROM findings WHERE relation = 'public.member';
