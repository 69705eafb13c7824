-- What check_map() finds by reading whole tables, and says of what is left of those that are gone.
SET client_min_messages = warning;
CREATE EXTENSION pvext CASCADE;
CREATE TABLE person (id int PRIMARY KEY, born date, weight int CHECK (weight >= 0), code text UNIQUE);
INSERT INTO person SELECT i, '2000-01-01', 100, 'c' || i FROM generate_series(1, 3000) AS i;
SELECT pv.declare_subject('person') \gset
-- a declaration tries some rows
UPDATE person SET weight = 7 WHERE id = 2990;
SELECT pv.declare_personal('person', '{weight}', 'health', erase_with => 'expression', parameter => '50 + 0 / (weight - 7)') \gset
SELECT pv.declare_personal('person', '{code}', 'identifying', erase_with => 'expression', parameter => $$'x' || id % 2500$$) \gset
SELECT pv.declare_personal('person', '{born}', 'other', erase_with => 'expression', parameter => $$date_trunc('year', born::timestamp)::date$$) \gset
SELECT column_name, severity, problem, hint FROM pv.check_map() WHERE severity = 'error' ORDER BY 1;
-- they do work
UPDATE person SET weight = 1 WHERE id = 2990;
DELETE FROM person WHERE id > 2500;
SELECT column_name, severity, problem FROM pv.check_map() WHERE severity = 'error' ORDER BY 1;

-- a table that others have left
CREATE TABLE visit (id int, person int, host text, PRIMARY KEY (id)) PARTITION BY RANGE (id);
CREATE TABLE visit_1 PARTITION OF visit FOR VALUES FROM (0) TO (10);
CREATE TABLE visit_2 PARTITION OF visit FOR VALUES FROM (10) TO (20);
SELECT pv.declare_link('visit', '{person}', 'person'), pv.declare_personal('visit', '{host}', 'name') \gset
SET client_min_messages = error;
ALTER TABLE visit DETACH PARTITION visit_1;
DROP TABLE visit;
RESET client_min_messages;
SELECT relation, problem, hint FROM pv.check_map() WHERE severity = 'error';
SELECT item, state, error FROM pv.status WHERE item = 'map';
SELECT pv.undeclare_orphan('public', 'visit') \gset
SELECT relation, problem, hint FROM pv.check_map() WHERE severity = 'error';
SELECT relation, column_name FROM pv.personal WHERE relation = 'visit_1'::regclass;
-- while no event trigger fired
CREATE TABLE stay (id int, person int, host text, PRIMARY KEY (id)) PARTITION BY RANGE (id);
CREATE TABLE stay_1 PARTITION OF stay FOR VALUES FROM (0) TO (10);
SELECT pv.declare_link('stay', '{person}', 'person'), pv.declare_personal('stay', '{host}', 'name') \gset
SET session_replication_role = replica;
ALTER EVENT TRIGGER pvext_ddl_command_start DISABLE;
ALTER EVENT TRIGGER pvext_ddl_command_end DISABLE;
ALTER TABLE stay DETACH PARTITION stay_1;
ALTER EVENT TRIGGER pvext_ddl_command_start ENABLE;
ALTER EVENT TRIGGER pvext_ddl_command_end ENABLE;
RESET session_replication_role;
SET client_min_messages = error;
DROP TABLE stay;
RESET client_min_messages;
SELECT relation, problem, hint FROM pv.check_map() WHERE severity = 'error';
SELECT pv.take_up_orphan('public', 'stay', 'stay_1') \gset
SELECT relation, problem FROM pv.check_map() WHERE severity = 'error';
SELECT relation, column_name FROM pv.personal WHERE relation = 'stay_1'::regclass;
