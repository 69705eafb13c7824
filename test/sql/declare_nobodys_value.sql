-- Values that are nobody's by their column's links, in rows that are somebody's by another.
SET client_min_messages = warning;
CREATE EXTENSION pvext CASCADE;
CREATE SCHEMA value;
SET search_path = value;
CREATE ROLE regress_value_other;
CREATE TABLE person (id int PRIMARY KEY, name text, spouse int REFERENCES person, spouse_name text);
CREATE INDEX ON person (spouse);
CREATE TABLE orders (id int PRIMARY KEY, customer int NOT NULL REFERENCES person, ship_to int REFERENCES person,
    ship_name text, remark text, weight int);
CREATE INDEX ON orders (customer); CREATE INDEX ON orders (ship_to);
INSERT INTO person VALUES (1, 'Ada Berg', NULL, NULL), (2, 'Odd Lie', 1, 'Ada Berg'), (3, 'Siv Moe', NULL, 'Tor Moe');
INSERT INTO orders VALUES (1, 2, NULL, 'Odd Lie', NULL, 1), (2, 2, 1, 'Ada Berg', 'ring Ada', 2), (3, 3, NULL, NULL, '', 3), (4, 1, NULL, 'Ada Berg', 'x', 4);
SELECT pv.declare_subject('person'), pv.declare_link('person', '{spouse}', 'person'), pv.declare_personal('person', '{name}', 'identifying', link => '*'),
       pv.link_foreign_keys('person') \g /dev/null
SELECT pv.declare_personal('orders', '{ship_name}', 'identifying', link => 'ship_to'),
       pv.declare_personal('orders', '{remark}', 'free text', erase_with => 'redact', link => 'ship_to'),
       pv.declare_personal('person', '{spouse_name}', 'identifying', link => 'spouse'), pv.declare_not_personal('orders') \g /dev/null
\pset format unaligned
SELECT relation, column_name, severity, problem, hint FROM pv.check_map();
-- by a link with a condition they are somebody's
SELECT pv.declare_link('orders', '{customer}', 'person', name => 'receiver', condition => 'ship_to IS NULL'),
       pv.declare_personal('orders', '{ship_name,remark}', 'identifying', links => '{ship_to,receiver}') \g /dev/null
UPDATE person SET spouse_name = NULL WHERE id = 3;
SELECT relation, column_name, problem FROM pv.check_map();
-- but not if it leads to nobody, and the other does
SELECT pv.declare_link('orders', '{weight}', 'person', name => 'weighed', condition => 'ship_to IS NULL') \g /dev/null
SELECT pv.declare_personal('orders', '{ship_name}', 'identifying', links => '{ship_to,weighed}') \g /dev/null
SELECT relation, column_name, problem FROM pv.check_map();
SELECT pv.declare_personal('orders', '{ship_name}', 'identifying', link => '*'), pv.undeclare_link('orders', 'weighed') \g /dev/null

-- through a parent; what goes with the row is not left
CREATE TABLE parcel (id int PRIMARY KEY, order_id int NOT NULL REFERENCES orders, address text, packed_by int REFERENCES person);
CREATE INDEX ON parcel (order_id); CREATE INDEX ON parcel (packed_by);
INSERT INTO parcel VALUES (1, 1, 'Storgata 1', NULL), (2, 2, 'Storgata 2', NULL), (3, 4, NULL, NULL), (4, 4, 'Storgata 4', 3);
SELECT pv.declare_link('parcel', '{order_id}', 'orders'),
       pv.declare_personal('parcel', '{address}', 'address', link => 'order_id.ship_to') \g /dev/null
SELECT relation, column_name, problem FROM pv.check_map();
SELECT pv.declare_link('parcel', '{packed_by}', 'person', on_erase => 'delete') \g /dev/null
SELECT relation, column_name, problem FROM pv.check_map();
SELECT pv.undeclare_link('parcel', 'packed_by') \g /dev/null
SELECT state FROM pv.erase_subject('person', 2);
SELECT id, address FROM parcel ORDER BY id;
SELECT pv.declare_personal('parcel', '{address}', 'address', link => '*') \g /dev/null
SELECT relation, column_name, problem FROM pv.check_map();

-- a parent of another owner, without a foreign key
CREATE TABLE visit (id int PRIMARY KEY, host int, guest int REFERENCES person, host_name text);
CREATE INDEX ON visit (host); CREATE INDEX ON visit (guest);
INSERT INTO visit VALUES (1, 1, 3, 'Ada Berg'), (2, 99, 3, 'Una Ek'), (3, NULL, 3, 'Vic Aas'), (4, NULL, 3, NULL), (5, NULL, NULL, 'Per Ask');
GRANT USAGE ON SCHEMA value TO regress_value_other; GRANT SELECT, REFERENCES ON person TO regress_value_other;
ALTER TABLE visit OWNER TO regress_value_other;
SELECT pv.declare_link('visit', '{host}', 'person'), pv.declare_link('visit', '{guest}', 'person'),
       pv.declare_personal('visit', '{host_name}', 'identifying', link => 'host'), pv.declare_not_personal('visit') \g /dev/null
SELECT relation, column_name, problem FROM pv.check_map() WHERE relation ~ 'visit';

DROP TABLE visit;
DROP OWNED BY regress_value_other;
DROP ROLE regress_value_other;
