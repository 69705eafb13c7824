-- A subject table that is declared with another key: what names subjects by the old one goes on to mean them.
\set VERBOSITY default
CREATE EXTENSION pvext CASCADE;
CREATE TABLE customer (id int PRIMARY KEY, nr text UNIQUE NOT NULL, name text);
INSERT INTO customer VALUES (1, 'c-1', 'Anna Example'), (2, 'c-2', 'Bo Example');
SELECT pv.declare_subject('customer'), pv.declare_personal('customer', '{name}', 'identifying');
SELECT pv.place_hold('customer', 1, 'court case') > 0 AS held;
SELECT state, blocked_by FROM pv.erase_subject('customer', 1);
SELECT pv.declare_subject('customer', '{nr}');
SELECT pv.release_hold(id, 'over') FROM pv.hold;
-- the request is still open
SELECT pv.declare_subject('customer', '{nr}');
SELECT state FROM pv.cancel_erasure((SELECT id FROM pv.erasure), 'asked for no more');
SELECT pv.declare_subject('customer', '{nr}');
SELECT state FROM pv.erase_subject('customer', 'c-2');
TABLE customer;
