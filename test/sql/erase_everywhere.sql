-- What an erasure leaves where the map does not know it: verify_erasure(everywhere), pvext.verify_everywhere
SET client_min_messages = warning;
CREATE EXTENSION pvext CASCADE;
SET client_min_messages = notice;
CREATE ROLE regress_everywhere;
CREATE TABLE person (email text PRIMARY KEY, name text NOT NULL);
CREATE TABLE orders (id int PRIMARY KEY, email text REFERENCES person ON UPDATE CASCADE, address text, remark text);
CREATE INDEX ON orders (email);
INSERT INTO person SELECT format('p%s@example.no', i), 'Person Number' || chr(64 + i) FROM generate_series(1, 9) AS i;
INSERT INTO orders SELECT i, format('p%s@example.no', i), 'Street ' || i, NULL FROM generate_series(1, 9) AS i;
CREATE TABLE export (id int, line text);
CREATE TABLE clean (id int, line text);
INSERT INTO clean VALUES (1, 'Nobody');
SELECT pv.declare_subject('person'), pv.link_foreign_keys('person');
SELECT pv.declare_personal('person', '{email}', 'identifying', erase_with => 'token'),
       pv.declare_personal('person', '{name}', 'identifying', erase_with => 'constant', parameter => ''),
       pv.declare_personal('orders', '{address}', 'address'), pv.declare_not_personal('orders', '{remark}');
SET pvext.erasure_limit = 0;

-- In the transaction of the erasure; before it, what is there now
INSERT INTO export VALUES (1, '"P1@EXAMPLE.NO";"Person NumberA"'), (2, 'P1'), (3, 'p1@example.no');
UPDATE orders SET remark = 'p1@example.no' WHERE id = 1; -- looked at: no fault
SELECT * FROM pv.verify_erasure('person', 'p1@example.no'::text, everywhere => true) ORDER BY 1, 2;
BEGIN;
SELECT state FROM pv.erase_subject('person', 'p1@example.no'::text);
SELECT * FROM pv.verify_erasure('person', 'p1@example.no'::text);
SELECT * FROM pv.verify_erasure('person', 'p1@example.no'::text, everywhere => true);
-- by the key of now
SELECT v.* FROM person, pv.verify_erasure('person', email, everywhere => true) AS v WHERE email NOT LIKE '%@example.no';
-- another one of the same transaction
SELECT state FROM pv.erase_subject('person', 'p2@example.no'::text);
SELECT * FROM pv.verify_erasure('person', 'p2@example.no'::text, everywhere => true);
SELECT * FROM pv.verify_erasure('person', 'p1@example.no'::text, everywhere => true);
DELETE FROM export WHERE id <> 2;
SELECT * FROM pv.verify_erasure('person', 'p1@example.no'::text, everywhere => true);
COMMIT;
-- later nobody knows what to look for
SELECT * FROM pv.verify_erasure('person', 'p1@example.no'::text, everywhere => true);
SELECT * FROM pv.verify_erasure('person', 'p1@example.no'::text);
SELECT v.* FROM person, pv.verify_erasure('person', email, everywhere => true) AS v WHERE email NOT LIKE '%@example.no';
SELECT * FROM pv.verify_erasure('person', 'nobody'::text, everywhere => true);
-- undone by a savepoint, and done again
BEGIN;
SAVEPOINT a;
SELECT state FROM pv.erase_subject('person', 'p3@example.no'::text);
ROLLBACK TO a;
UPDATE person SET name = 'Kari Nordmann' WHERE email = 'p3@example.no';
INSERT INTO export VALUES (4, 'Kari Nordmann');
SELECT state FROM pv.erase_subject('person', 'p3@example.no'::text);
SELECT state FROM pv.erase_subject('person', 'p3@example.no'::text);
SELECT * FROM pv.verify_erasure('person', 'p3@example.no'::text, everywhere => true);
ROLLBACK;
DELETE FROM export WHERE id = 4;
-- in a procedure that commits
DO $$ BEGIN
    PERFORM pv.erase_subject('person', 'p9@example.no'::text);
    COMMIT;
    PERFORM pv.verify_erasure('person', 'p9@example.no'::text, everywhere => true);
END $$;

-- Each erasure by itself
SET pvext.verify_everywhere = warning;
INSERT INTO export VALUES (5, 'p4@example.no'), (6, 'p4@example.no, p5@example.no');
SELECT state FROM pv.erase_subject('person', 'p4@example.no'::text);
SET pvext.verify_everywhere = error;
SELECT state FROM pv.erase_subject('person', 'p5@example.no'::text);
SELECT email, name FROM person WHERE email = 'p5@example.no'; -- nothing is lost
SELECT count(*) FROM pv.erasure WHERE state = 'completed';
SELECT pv.declare_not_personal('export');
SELECT state FROM pv.erase_subject('person', 'p5@example.no'::text);
CREATE TABLE "Mail ""Log" (id int, "to" text[]) PARTITION BY LIST (id);
CREATE TABLE mail_log_1 PARTITION OF "Mail ""Log" FOR VALUES IN (1);
INSERT INTO "Mail ""Log" VALUES (1, '{x@example.no,p7@example.no}');
SELECT state FROM pv.erase_subjects('person', '{p6@example.no,p7@example.no}');
TRUNCATE "Mail ""Log";
SELECT state FROM pv.erase_subjects('person', '{p6@example.no,p7@example.no}');
SET ROLE regress_everywhere;
SET pvext.verify_everywhere = off; -- it is a guard
RESET ROLE;
-- Of somebody whom no column names there is nothing to look for.
CREATE TABLE device (id int PRIMARY KEY, note text);
INSERT INTO device VALUES (1, 'of somebody'), (2, 'of somebody');
SELECT pv.declare_subject('device'), pv.declare_personal('device', '{note}', 'text');
SELECT state FROM pv.erase_subject('device', 1);
SELECT * FROM pv.find_copies('device', 2);
SELECT * FROM pv.verify_erasure('device', 1, everywhere => true);
DROP TABLE device;
SET pvext.verify_everywhere = off;

-- Who may not read everything is told so
SELECT pv.grant_role('regress_everywhere', 'application');
GRANT SELECT ON person, orders TO regress_everywhere;
SET ROLE regress_everywhere;
SELECT * FROM pv.verify_erasure('person', 'p8@example.no'::text, everywhere => true);
RESET ROLE;
GRANT SELECT ON export, clean, "Mail ""Log" TO regress_everywhere;
SET ROLE regress_everywhere;
SELECT * FROM pv.verify_erasure('person', 'p8@example.no'::text, everywhere => true);
RESET ROLE;
BEGIN READ ONLY; SELECT * FROM pv.verify_erasure('person', 'p8@example.no'::text, everywhere => true); ROLLBACK;
SELECT call, count(*) FROM pv.event WHERE call LIKE 'verify%' GROUP BY 1;
DROP TABLE person, orders, export, clean, "Mail ""Log" CASCADE;
SELECT pv.revoke_role('regress_everywhere', 'application');
DROP ROLE regress_everywhere;
