-- Rows that are deleted when a clock over another table's rows says so: what it reads stays as long.
\set VERBOSITY default
CREATE EXTENSION pvext CASCADE;
CREATE TABLE customer (id int PRIMARY KEY, name text);
CREATE TABLE orders (id int PRIMARY KEY, customer_id int REFERENCES customer);
CREATE TABLE shipment (id int PRIMARY KEY, order_id int, shipped_on date);
CREATE INDEX ON orders (customer_id);
CREATE INDEX ON shipment (order_id);
SELECT pv.declare_subject('customer'), pv.declare_link('orders', '{customer_id}', 'customer', on_erase => 'delete'),
       pv.declare_link('shipment', '{order_id}', 'orders', '{id}');
SELECT pv.declare_personal('customer', '{name}', 'identifying'), pv.declare_personal('shipment', '{shipped_on}', 'contact');
SELECT pv.declare_retention('orders', 'books', '5 years', 'max(shipped_on)', 'law', mandatory => true, action => 'delete', over => 'shipment');
INSERT INTO customer VALUES (1, 'Anna Example'), (2, 'Bo Example');
INSERT INTO orders VALUES (1, 1), (2, 2);
INSERT INTO shipment VALUES (1, 1, '2010-01-01'), (2, 2, '2110-01-01');
SELECT pv.erase_subject('customer', 1);
SELECT relation, problem FROM pv.check_map();
SELECT pv.declare_retention('shipment', 'books', '5 years', 'shipped_on', 'law', mandatory => true);
SELECT state FROM pv.erase_subject('customer', 1);
SELECT state, retained_until::date FROM pv.erase_subject('customer', 2);
TABLE customer ORDER BY id;
TABLE orders;
TABLE shipment ORDER BY id;
-- a clock that reads what has a clock itself: each goes before what it reads
CREATE TABLE sighting (id int PRIMARY KEY, shipment_id int, seen_on date);
CREATE INDEX ON sighting (shipment_id);
SELECT pv.declare_link('sighting', '{shipment_id}', 'shipment', '{id}'), pv.declare_personal('sighting', '{seen_on}', 'contact');
SELECT pv.declare_retention('shipment', 'seen', '5 years', 'max(seen_on)', 'law', mandatory => true, over => 'sighting'),
       pv.declare_retention('sighting', 'seen', '5 years', 'seen_on', 'law', mandatory => true);
INSERT INTO customer VALUES (3, 'Cy Example');
INSERT INTO orders VALUES (3, 3);
INSERT INTO shipment VALUES (3, 3, '2010-01-01');
INSERT INTO sighting VALUES (3, 3, '2011-01-01');
SELECT state, retained_until FROM pv.erase_subject('customer', 3);
TABLE orders;
SELECT * FROM shipment WHERE id = 3;
TABLE sighting;
