-- DDL after which an erasure would fail is found by whoever runs it, and by pv.check_map().
SET client_min_messages = warning; CREATE EXTENSION pvext CASCADE; RESET client_min_messages;
CREATE ROLE regress_writable_owner;
CREATE SCHEMA writable AUTHORIZATION regress_writable_owner; SET search_path = writable, public;
CREATE DOMAIN label AS text;
CREATE DOMAIN short_label AS label;
CREATE TABLE person (id int PRIMARY KEY, name short_label);
CREATE TABLE note (person_id int REFERENCES person, text text);
CREATE TABLE session (person_id int REFERENCES person, key text);
CREATE TABLE history (n int);
CREATE INDEX ON note (person_id); CREATE INDEX ON session (person_id);
INSERT INTO person VALUES (1, 'Ann'), (2, 'Bob'); INSERT INTO note VALUES (1, 'a'), (2, 'b'); INSERT INTO session VALUES (1, 'k'), (2, 'l');
SELECT pv.declare_subject('person'), pv.declare_link('note', '{person_id}', 'person'),
       pv.declare_link('session', '{person_id}', 'person', on_erase => 'delete');
SELECT pv.declare_personal('person', '{name}', 'identifying'), pv.declare_personal('note', '{text}', 'text'), pv.declare_not_personal('session');
ALTER TABLE person OWNER TO regress_writable_owner; ALTER TABLE note OWNER TO regress_writable_owner; ALTER TABLE session OWNER TO regress_writable_owner;
SELECT * FROM pv.check_map();
-- a domain, also one beneath that of the column
ALTER DOMAIN label SET NOT NULL;
SELECT relation, column_name, problem, hint FROM pv.check_map();
ALTER DOMAIN label DROP NOT NULL;
-- rules
CREATE RULE nothing AS ON UPDATE TO note DO INSTEAD NOTHING;
CREATE RULE archive AS ON DELETE TO session DO ALSO INSERT INTO history VALUES (1);
CREATE RULE unconcerned AS ON DELETE TO note DO INSTEAD NOTHING;
SELECT relation, severity, problem, hint FROM pv.check_map();
DROP RULE archive ON session; DROP RULE unconcerned ON note;
SELECT pv.erase_subject('person', 1);
DROP RULE nothing ON note;
-- rights that the owner has given up, or never had
REVOKE UPDATE ON note, person FROM regress_writable_owner;
GRANT UPDATE (name) ON person TO regress_writable_owner;
REVOKE DELETE, SELECT ON session FROM regress_writable_owner;
SELECT relation, severity, problem, hint FROM pv.check_map();
SELECT pv.erase_subject('person', 1);
GRANT ALL ON note, person, session TO regress_writable_owner;
REVOKE USAGE ON SCHEMA writable FROM regress_writable_owner;
GRANT USAGE ON SCHEMA writable TO regress_writable_owner;
SET pvext.strict_ddl = on;
REVOKE INSERT ON note FROM regress_writable_owner;
CREATE RULE nothing AS ON UPDATE TO note DO INSTEAD NOTHING;
-- a trigger that the owner's search_path lets strangers take over
CREATE SCHEMA writable_open; GRANT USAGE, CREATE ON SCHEMA writable_open TO PUBLIC;
ALTER ROLE regress_writable_owner SET search_path = writable_open, writable;
CREATE FUNCTION count_up() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN INSERT INTO history VALUES (1); RETURN NEW; END';
CREATE TRIGGER count_up BEFORE UPDATE ON note FOR EACH ROW EXECUTE FUNCTION count_up();
RESET pvext.strict_ddl;
CREATE TRIGGER count_up BEFORE UPDATE ON note FOR EACH ROW EXECUTE FUNCTION count_up();
DROP TRIGGER count_up ON note;
SELECT * FROM pv.check_map();
SELECT state FROM pv.erase_subject('person', 1);
SET client_min_messages = warning; DROP SCHEMA writable, writable_open CASCADE; DROP ROLE regress_writable_owner;
