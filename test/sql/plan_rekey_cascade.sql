-- What follows a key by a foreign key ON UPDATE CASCADE may have others that follow it by none.
\set VERBOSITY default
CREATE EXTENSION pvext CASCADE;
CREATE TABLE customer (email text PRIMARY KEY, name text);
CREATE TABLE orders (id int PRIMARY KEY, email text UNIQUE REFERENCES customer ON UPDATE CASCADE);
CREATE TABLE line (id int PRIMARY KEY, email text, note text);
CREATE TABLE part (id int PRIMARY KEY, email text REFERENCES orders (email) ON UPDATE CASCADE);
CREATE TABLE scrap (email text);
CREATE INDEX ON line (email);
CREATE INDEX ON part (email);
CREATE INDEX ON scrap (email);
ALTER TABLE part ADD UNIQUE (email);
SELECT pv.declare_subject('customer'), pv.declare_link('orders', '{email}', 'customer'),
       pv.declare_link('line', '{email}', 'orders', '{email}'), pv.declare_link('part', '{email}', 'orders', '{email}'),
       pv.declare_link('scrap', '{email}', 'part', '{email}');
SELECT pv.declare_personal('customer', '{email}', 'identifying', erase_with => 'token', parameter => 'erased-%s@invalid'),
       pv.declare_personal('customer', '{name}', 'identifying'), pv.declare_personal('line', '{note}', 'contact');
INSERT INTO customer VALUES ('a@b.c', 'Anna Example'), ('x@b.c', 'Xenia Example');
INSERT INTO orders VALUES (1, 'a@b.c'), (2, 'x@b.c');
INSERT INTO line VALUES (1, 'a@b.c', 'hello'), (2, 'x@b.c', 'hello');
INSERT INTO part VALUES (1, 'a@b.c'), (2, 'x@b.c');
INSERT INTO scrap VALUES ('a@b.c'), ('x@b.c');
SELECT state FROM pv.erase_subject('customer', 'a@b.c');
SELECT 'customer' AS "table", email ~ '^erased-' AS erased, email = 'x@b.c' AS other FROM customer
UNION ALL SELECT 'orders', email ~ '^erased-', email = 'x@b.c' FROM orders
UNION ALL SELECT 'line', email ~ '^erased-', email = 'x@b.c' FROM line
UNION ALL SELECT 'part', email ~ '^erased-', email = 'x@b.c' FROM part
UNION ALL SELECT 'scrap', email ~ '^erased-', email = 'x@b.c' FROM scrap ORDER BY 1, 2;
-- and they are still linked
SELECT count(*) FROM customer JOIN orders USING (email) JOIN line USING (email) JOIN part USING (email) JOIN scrap USING (email);
SELECT note FROM line ORDER BY id;
SELECT relation, column_name, problem FROM pv.check_map();
