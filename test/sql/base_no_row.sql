--
-- A statement of pvext's that gives no row where it always gives one
--
SET client_min_messages = warning;
CREATE EXTENSION pvext CASCADE;
CREATE TABLE person (id int PRIMARY KEY, name text);
INSERT INTO person VALUES (1, 'Ada');
SELECT pv.declare_subject('person'), pv.declare_personal('person', '{name}', 'identifying') \gset
CREATE FUNCTION swallow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$;
CREATE TRIGGER swallow BEFORE INSERT ON pv.erasure_ledger FOR EACH ROW EXECUTE FUNCTION swallow();
SELECT state FROM pv.erase_subject('person', 1);
SELECT * FROM person;
DROP TRIGGER swallow ON pv.erasure_ledger;
CREATE TRIGGER swallow BEFORE INSERT ON pv.relation FOR EACH ROW EXECUTE FUNCTION swallow();
CREATE TABLE other (id int PRIMARY KEY, name text);
SELECT pv.declare_subject('other');
DROP TRIGGER swallow ON pv.relation;
CREATE TRIGGER swallow BEFORE INSERT ON pv.hold FOR EACH ROW EXECUTE FUNCTION swallow();
SELECT pv.place_hold('person', 1, 'a court case');
DROP TRIGGER swallow ON pv.hold;
SELECT state FROM pv.erase_subject('person', 1);
