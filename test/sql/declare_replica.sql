-- What is published without a replica identity cannot be erased: whoever publishes, drops the
-- identity or declares is told, not the next erasure.
SET client_min_messages = warning; CREATE EXTENSION pvext CASCADE; RESET client_min_messages;
CREATE SCHEMA replica; SET search_path = replica, public;
CREATE TABLE customer (id int PRIMARY KEY, email text UNIQUE);
CREATE TABLE log (customer_id int REFERENCES customer, ip text);
CREATE TABLE token (customer_id int REFERENCES customer, value text);
CREATE TABLE visit (customer_id int REFERENCES customer, year int, page text) PARTITION BY LIST (year);
CREATE TABLE visit_1 PARTITION OF visit FOR VALUES IN (1);
CREATE INDEX ON log (customer_id); CREATE INDEX ON token (customer_id); CREATE INDEX ON visit (customer_id);
INSERT INTO customer VALUES (1, 'a'), (2, 'b'); INSERT INTO log VALUES (1, '10.0.0.1'), (2, '10.0.0.2'); INSERT INTO visit VALUES (1, 1, '/');
SELECT pv.declare_subject('customer'), pv.link_foreign_keys('customer', excluding => '{token}');
SELECT pv.declare_personal('customer', '{email}', 'identifying'), pv.declare_personal('log', '{ip}', 'net'),
       pv.declare_personal('visit', '{page}', 'behaviour'), pv.declare_not_personal('visit');
SELECT * FROM pv.check_map();
-- that wal_level is too low is said by the server, and not what this is about
-- the publication; another one for what is deleted with the person; one without updates is fine
SET client_min_messages = error; CREATE PUBLICATION p FOR ALL TABLES WITH (publish = 'insert'); RESET client_min_messages;
ALTER PUBLICATION p SET (publish = 'insert, update');
SELECT relation, severity, problem, hint FROM pv.check_map();
SELECT state FROM pv.erase_subject('customer', 1);
SELECT pv.declare_link('token', '{customer_id}', 'customer', on_erase => 'delete');
ALTER PUBLICATION p SET (publish = 'insert, delete');
SELECT pv.undeclare_link('token', 'customer_id');
SELECT pv.declare_link('token', '{customer_id}', 'customer', on_erase => 'delete');
DROP PUBLICATION p;
SELECT * FROM pv.check_map();
-- some tables; a schema; and a table that comes into it
SET client_min_messages = error; SET pvext.strict_ddl = on;
CREATE PUBLICATION p FOR TABLE customer, log, visit;
RESET pvext.strict_ddl;
CREATE PUBLICATION p FOR TABLE customer, log, visit;
RESET client_min_messages;
SELECT relation, severity, problem, hint FROM pv.check_map();
ALTER TABLE log REPLICA IDENTITY FULL;
ALTER TABLE visit_1 REPLICA IDENTITY FULL;
SELECT * FROM pv.check_map();
-- a partition has none of its parent's
CREATE TABLE visit_2 PARTITION OF visit FOR VALUES IN (2);
CREATE TABLE visit_3 (LIKE visit);
ALTER TABLE visit ATTACH PARTITION visit_3 FOR VALUES IN (3);
ALTER TABLE visit_2 REPLICA IDENTITY FULL; ALTER TABLE visit_3 REPLICA IDENTITY FULL;
SELECT state FROM pv.erase_subject('customer', 1);
DROP PUBLICATION p;
ALTER TABLE log REPLICA IDENTITY DEFAULT;
SET client_min_messages = error; SET pvext.strict_ddl = on;
CREATE PUBLICATION p FOR TABLES IN SCHEMA replica WITH (publish = 'update');
RESET pvext.strict_ddl;
CREATE PUBLICATION p FOR TABLES IN SCHEMA replica WITH (publish = 'update');
RESET client_min_messages;
CREATE SCHEMA elsewhere;
ALTER TABLE log SET SCHEMA elsewhere;
SELECT * FROM pv.check_map();
ALTER TABLE elsewhere.log SET SCHEMA replica;
-- the identity that there was
ALTER TABLE log ADD id int GENERATED ALWAYS AS IDENTITY, ADD UNIQUE (id);
SELECT pv.declare_not_personal('log');
SELECT relation, problem, hint FROM pv.check_map() WHERE relation ~ 'log';
ALTER TABLE log REPLICA IDENTITY USING INDEX log_id_key;
SELECT * FROM pv.check_map();
ALTER TABLE log DROP CONSTRAINT log_id_key;
CREATE UNIQUE INDEX log_id ON log (id);
ALTER TABLE log REPLICA IDENTITY USING INDEX log_id;
DROP INDEX log_id;
ALTER TABLE customer REPLICA IDENTITY NOTHING;
SELECT relation, problem, hint FROM pv.check_map();
-- strict DDL refuses it
ALTER TABLE customer REPLICA IDENTITY DEFAULT; ALTER TABLE log REPLICA IDENTITY FULL;
SET pvext.strict_ddl = on;
ALTER TABLE log REPLICA IDENTITY NOTHING;
DROP PUBLICATION p;
ALTER TABLE log REPLICA IDENTITY DEFAULT;
SET client_min_messages = error;
CREATE PUBLICATION p FOR ALL TABLES;
RESET client_min_messages;
RESET pvext.strict_ddl;
SELECT * FROM pv.check_map();
-- row filters and column lists
SET client_min_messages = error; SET pvext.strict_ddl = on;
CREATE PUBLICATION p FOR TABLE customer WHERE (email LIKE 'a%');
RESET pvext.strict_ddl;
CREATE PUBLICATION p FOR TABLE customer WHERE (email LIKE 'a%');
RESET client_min_messages;
DROP PUBLICATION p;
SET client_min_messages = error;
CREATE PUBLICATION p FOR TABLE customer (email);
RESET client_min_messages;
SELECT relation, problem, hint FROM pv.check_map();
DROP PUBLICATION p;
SET client_min_messages = error; CREATE PUBLICATION p FOR TABLE customer (id); RESET client_min_messages;
SELECT * FROM pv.check_map();
DROP PUBLICATION p;
-- declared afterwards
CREATE TABLE late (customer_id int REFERENCES customer, text text); CREATE INDEX ON late (customer_id);
SELECT pv.declare_link('late', '{customer_id}', 'customer');
SET client_min_messages = error; SET pvext.strict_ddl = on;
CREATE PUBLICATION p FOR ALL TABLES;
RESET pvext.strict_ddl;
CREATE PUBLICATION p FOR ALL TABLES;
RESET client_min_messages;
SELECT pv.declare_personal('late', '{text}', 'text');
SELECT pv.declare_retention('token', 'old', '1 year', 'now()', 'statement', action => 'delete');
DROP PUBLICATION p;
SET client_min_messages = warning; DROP SCHEMA replica, elsewhere CASCADE;
